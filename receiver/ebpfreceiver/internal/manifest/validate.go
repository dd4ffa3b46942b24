// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// problems collects what is wrong, each with the path of its key.
type problems struct {
	list    []error
	omitted int
}

// add tells of a key with its value; text says what is allowed, and how to mend it.
func (p *problems) add(key, value, text string) {
	if len(value) > valueBytesMax {
		value = strings.ToValidUTF8(value[:valueBytesMax], "") + "…"
	}
	p.addf("%s: %q %s", key, value, text)
}

func (p *problems) addf(format string, arguments ...any) {
	if len(p.list) >= problemsMax {
		p.omitted++
		return
	}
	p.list = append(p.list, fmt.Errorf(format, arguments...))
}

func (p *problems) err() error {
	if p.omitted > 0 {
		p.list = append(p.list, fmt.Errorf("%d more problems are not told", p.omitted))
	}
	return errors.Join(p.list...)
}

var (
	tracerName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	dottedName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`)
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// mapIdentifier also fits .bss and the like, which are maps that C does not name.
	mapIdentifier = regexp.MustCompile(`^\.?[A-Za-z_][A-Za-z0-9_.]*$`)
)

// Validate tells everything that is wrong with a manifest in itself. reserved are the names of tracers that exist
// already. Whether it fits an object is up to others.
func (m *Manifest) Validate(reserved []string) error {
	p := &problems{}
	m.checkHead(p, reserved)
	checkCount(p, "programs", len(m.Programs), programsMax)
	checkCount(p, "events", len(m.Events), eventsMax)
	checkCount(p, "metrics", len(m.Metrics), metricsMax)
	if len(m.Events) == 0 && len(m.Metrics) == 0 {
		p.addf("events, metrics: there is neither, so nothing would come of the tracer: name a ring buffer in events, or a map in metrics")
	}
	m.checkPrograms(p)
	m.checkEvents(p)
	m.checkMetrics(p)
	return p.err()
}

func checkCount(p *problems, key string, count, most int) {
	if count > most {
		p.addf("%s: there are %d, and may be %d: divide the tracer", key, count, most)
	}
}

func (m *Manifest) checkHead(p *problems, reserved []string) {
	switch {
	case !tracerName.MatchString(m.Name) || len(m.Name) > nameBytesMax:
		p.add("name", m.Name, fmt.Sprintf("is no name of a tracer: use lower-case letters, digits and hyphens, a letter first, at most %d", nameBytesMax))
	case slices.Contains(reserved, m.Name):
		p.add("name", m.Name, "is the name of another tracer: choose one of your own, such as \"my-"+m.Name+"\"")
	}
	checkText(p, "brief", m.Brief, briefBytesMax, true)
	checkText(p, "version", m.Version, versionBytesMax, false)
	if m.Object != "" && (m.Object != path.Base(m.Object) || m.Object == "." || m.Object == ".." ||
		len(m.Object) > objectBytesMax || !printable(m.Object)) {
		p.add("object", m.Object, "is no name of a file: name the object file that lies beside the manifest, without a folder")
	}
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func checkText(p *problems, key, text string, bytesMax int, required bool) {
	switch {
	case text == "" && required:
		p.add(key, text, "says nothing: write a sentence for people who read it in a list")
	case len(text) > bytesMax:
		p.add(key, text, fmt.Sprintf("has %d bytes, and may have %d: shorten it", len(text), bytesMax))
	case !printable(text):
		p.add(key, text, "has characters that can't be printed: write one line of plain text")
	}
}

// checkDotted is for names in telemetry.
func checkDotted(p *problems, key, name string) {
	switch {
	case !dottedName.MatchString(name) || len(name) > dottedBytesMax:
		p.add(key, name, fmt.Sprintf("is no name: use lower-case words joined by dots, such as \"disk.request\", at most %d bytes", dottedBytesMax))
	case strings.HasPrefix(name, "meerkat.") || strings.HasPrefix(name, "otel"):
		p.add(key, name, "begins like the names of others: \"meerkat.\" and \"otel\" are reserved, begin with a word of your own")
	}
}

// checkIdentifier is for what has a name in C.
func checkIdentifier(p *problems, key, name, what string) {
	if !identifier.MatchString(name) || len(name) > identifierBytesMax {
		p.add(key, name, "is no name of "+what+": write it as the C source does")
	}
}

func checkMap(p *problems, key, name string) {
	if !mapIdentifier.MatchString(name) || len(name) > identifierBytesMax {
		p.add(key, name, "is no name of a map: write it as the C source does")
	}
}

// checkPath is for fields, of which those in nested structs are reached by dots.
func checkPath(p *problems, key, field string) {
	if !isPath(field) {
		p.add(key, field, fmt.Sprintf("is no field: write its name as in C, and those of nested ones joined by dots, at most %d", fieldPartsMax))
	}
}

func isPath(field string) bool {
	parts := strings.Split(field, ".")
	return len(parts) <= fieldPartsMax && !slices.ContainsFunc(parts, func(part string) bool {
		return !identifier.MatchString(part) || len(part) > identifierBytesMax
	})
}

func checkOptionalPath(p *problems, key, field string) {
	if field != "" {
		checkPath(p, key, field)
	}
}

// checkChoice is for keys that take a few values.
func checkChoice[T ~string](p *problems, key string, value T, choices ...T) {
	if slices.Contains(choices, value) {
		return
	}
	var quoted []string
	for _, choice := range choices {
		if choice != "" {
			quoted = append(quoted, fmt.Sprintf("%q", string(choice)))
		}
	}
	last := len(quoted) - 1
	p.add(key, string(value), "is not known here: use "+strings.Join(quoted[:last], ", ")+" or "+quoted[last])
}

func (m *Manifest) checkPrograms(p *problems) {
	known := map[string]int{}
	for i, program := range m.Programs {
		key := fmt.Sprintf("programs[%d]", i)
		checkIdentifier(p, key+".name", program.Name, "a program")
		if first, twice := known[program.Name]; twice {
			p.add(key+".name", program.Name, fmt.Sprintf("is there already, as programs[%d]: put both together", first))
		}
		known[program.Name] = i
		program.check(p, key)
	}
}

func (program *Program) check(p *problems, key string) {
	if b := program.Binary; b != "" && (!path.IsAbs(b) || path.Clean(b) != b || len(b) > pathBytesMax || !printable(b)) {
		p.add(key+".binary", b, "is no absolute path: write where the executable or library lies, from / on and without \"..\"")
	}
	if n := program.Interface; n != "" && (len(n) > interfaceBytesMax || !printable(n) || strings.ContainsAny(n, "/: ") || n == "." || n == "..") {
		p.add(key+".interface", n, fmt.Sprintf("is no name of a network interface: it has at most %d bytes, as \"ip link\" tells them", interfaceBytesMax))
	}
	if c := program.Cgroup; c != "" && (!filepath.IsLocal(strings.TrimPrefix(c, "/")) || len(c) > pathBytesMax || !printable(c)) {
		p.add(key+".cgroup", c, "is no path of a cgroup: write it from the root of cgroup v2 on and without \"..\", such as \"/system.slice\"")
	}
	if t := program.Interval; t != 0 && (t < intervalMin || t > intervalMax) {
		p.add(key+".interval", t.String(), fmt.Sprintf("is too short or too long: use a duration from %s to %s", intervalMin, intervalMax))
	}
	if n := program.SamplesPerSecond; n > samplesPerSecondMax {
		p.addf("%s.samples_per_second: %d is too often: use at most %d", key, n, samplesPerSecondMax)
	}
}
