// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// result is what became of a machine.
type result struct {
	machine machine
	release string
	// log is the file that has everything that the machine printed.
	log string
	// boot is how long it took until the first test, and tests from there to the end.
	boot, tests time.Duration
	passed      int
	skipped     []string
	failedTests []string
	// exits are the exit codes of the packages that ended.
	exits    map[string]string
	tracers  []tracerReport
	programs []programReport
	ended    bool
	// failure is why there is no proper end.
	failure error
}

// tracerReport and programReport are what the tests of the package tracer print of each of them, in JSON
// behind "tracer report: " and "program report: ".
type tracerReport struct {
	Tracer  string
	Hooks   int
	HooksOf int `json:"hooks_all"`
	// MapBytes is the memory of its maps.
	MapBytes uint64 `json:"map_bytes"`
	// Nanoseconds is how long it took to load and attach it.
	Nanoseconds time.Duration
	Failure     string
}

type programReport struct {
	Tracer, Hook, Program string
	// Used tells whether the tracer takes this one of the programs of its hook.
	Used bool
	// Instructions is how many the verifier has followed.
	Instructions int
	// Nanoseconds is how long it took to load it.
	Nanoseconds time.Duration
	Failure     string
}

var (
	reportLine = regexp.MustCompile(`(tracer|program) report: (\{.*\})$`)
	testLine   = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): (\S+)`)
)

// read takes from the console what it has to say, until it is closed.
func (r *result) read(console io.Reader, now func() time.Time) {
	r.exits = map[string]string{}
	started := now()
	var up time.Time
	lines := bufio.NewScanner(console)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if said, ok := strings.CutPrefix(line, "vm: "); ok {
			words := strings.Fields(said)
			switch {
			case words[0] == "up":
				up = now()
				r.boot = up.Sub(started)
			case words[0] == "exit" && len(words) == 3:
				r.exits[words[1]] = words[2]
			case words[0] == "end":
				r.ended = true
				r.tests = now().Sub(up)
			}
			continue
		}
		if found := testLine.FindStringSubmatch(line); found != nil {
			r.count(found[1], found[2])
		}
		if found := reportLine.FindStringSubmatch(line); found != nil {
			r.failure = errors.Join(r.failure, r.note(found[1], found[2]))
		}
	}
	if !r.ended {
		r.failure = errors.Join(r.failure, errors.New("the machine ended before its tests did"))
	}
	if err := lines.Err(); err != nil {
		r.failure = fmt.Errorf("read the console: %w", err)
		// The machine must not wait for somebody to read.
		_, _ = io.Copy(io.Discard, console)
	}
}

// lineBytesMax bounds a line of the console: the verifier's log of a program may stand in one.
const lineBytesMax = 16 << 20

func (r *result) note(what, content string) (err error) {
	if what == "tracer" {
		var t tracerReport
		err = json.Unmarshal([]byte(content), &t)
		r.tracers = append(r.tracers, t)
	} else {
		var p programReport
		err = json.Unmarshal([]byte(content), &p)
		r.programs = append(r.programs, p)
	}
	if err != nil {
		return fmt.Errorf("read the report %q: %w", content, err)
	}
	return nil
}

func (r *result) count(outcome, test string) {
	switch outcome {
	case "PASS":
		r.passed++
	case "FAIL":
		r.failedTests = append(r.failedTests, test)
	case "SKIP":
		r.skipped = append(r.skipped, test)
	}
}

// failed is true unless every package has run to its end, and well.
func (r *result) failed() bool {
	if r.failure != nil || !r.ended || r.passed == 0 || len(r.exits) != len(testPackages()) {
		return true
	}
	for _, code := range r.exits {
		if code != "0" {
			return true
		}
	}
	return false
}

// word says in one word what became of it.
func (r *result) word() string {
	switch {
	case r.failure != nil || !r.ended:
		return "broken"
	case r.failed():
		return "FAIL"
	}
	return "ok"
}

// tell prints what is to be known besides the table.
func (r *result) tell(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n", r.machine.name(), r.word())
	if r.failure != nil {
		fmt.Fprintf(w, "  %v\n", r.failure)
	}
	for _, name := range testPackages() {
		if code := r.exits[name]; code == "" && r.release != "" {
			fmt.Fprintf(w, "  %s did not end\n", name)
		}
	}
	for _, test := range r.failedTests {
		fmt.Fprintf(w, "  FAIL %s\n", test)
	}
	for _, test := range r.skipped {
		fmt.Fprintf(w, "  SKIP %s\n", test)
	}
	reasons := r.machine.skipped()
	for _, test := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(w, "  left out %s*: %s\n", test, reasons[test])
	}
	if r.failed() && r.log != "" {
		fmt.Fprintf(w, "  see %s\n", r.log)
	}
}

func printTable(w io.Writer, results []result) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KERNEL\tARCHITECTURE\tCGROUPS\tRESULT\tPASSED\tFAILED\tSKIPPED\tBOOT\tTESTS")
	for _, r := range results {
		release := r.release
		if release == "" {
			release = r.machine.series
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", release, r.machine.architecture, r.machine.hierarchy,
			r.word(), r.passed, len(r.failedTests), len(r.skipped),
			r.boot.Round(100*time.Millisecond), r.tests.Round(100*time.Millisecond))
	}
	_ = table.Flush()
}
