// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// pageFile is what the matrix is written to.
const pageFile = "docs/kernels.md"

// pageHead has ´ for the quote that its own quotes don't allow.
const pageHead = `# Kernels

<!-- Written by make vm: run it again instead of changing this page. -->

What ´make vm´ found on each kernel. It boots Debian's kernels, unchanged, in machines that [test/vm](../test/vm) makes, and
runs the receiver's tests of the kernel half there. One of the kernels has no type information (BTF), which Meerkat needs: what
has to be seen there is that it says so.

**Times are no measure of speed.** The processors are emulated, and several machines share those of the host: everything takes
ten times as long as on a real machine, or a hundred times. They tell programs on one kernel from each other, not kernels. What
it costs on a real machine is measured by ´make bench´.

`

// document is text in Markdown that is being written.
type document struct {
	strings.Builder
	results []result
	reasons []string
}

// page is what a run of all machines has to say. tests is the selection of tests, "" for all.
func page(results []result, tests string) string {
	d := &document{results: results}
	d.WriteString(strings.ReplaceAll(pageHead, "´", "`"))
	d.tests(tests)
	d.tracers()
	d.programs()
	return strings.TrimSuffix(d.String(), "\n")
}

func (d *document) row(cells ...string) { fmt.Fprintf(d, "| %s |\n", strings.Join(cells, " | ")) }

// head begins a table that has a column for each machine behind the given ones.
func (d *document) head(columns ...string) {
	for _, r := range d.results {
		columns = append(columns, r.machine.title())
	}
	d.row(columns...)
	fmt.Fprintf(d, "|%s\n", strings.Repeat(" --- |", len(columns)))
}

func (m machine) title() string {
	return strings.ReplaceAll(m.series, "-", " ") + " " + m.architecture
}

// because returns a mark for a reason, which explain spells out.
func (d *document) because(reason string) string {
	reason = strings.ReplaceAll(reason, "\n", "; ")
	at := slices.Index(d.reasons, reason)
	if at < 0 {
		at = len(d.reasons)
		d.reasons = append(d.reasons, reason)
	}
	return fmt.Sprintf("(%d)", at+1)
}

// explain lists the reasons since the last call.
func (d *document) explain() {
	d.WriteString("\n")
	for i, reason := range d.reasons {
		fmt.Fprintf(d, "%d. %s\n", i+1, reason)
	}
	if len(d.reasons) > 0 {
		d.WriteString("\n")
	}
	d.reasons = nil
}

// tests has the names of tests without their first word: they are those of a moment, not references.
func (d *document) tests(selection string) {
	d.WriteString("## Tests\n\n")
	if selection != "" {
		fmt.Fprintf(d, "Not all tests were run, but only those that match `%s`.\n\n", strings.ReplaceAll(selection, "Test", ""))
	}
	d.WriteString("| kernel | machine | cgroups | chosen | result | passed | failed | skipped | boot | tests |\n")
	fmt.Fprintf(d, "|%s\n", strings.Repeat(" --- |", 10))
	leftOut := map[string]string{}
	for _, r := range d.results {
		word := r.word()
		if r.failure != nil {
			word += " " + d.because(r.failure.Error())
		}
		d.row(r.release, r.machine.title(), r.machine.hierarchy, r.machine.chosen(), word, fmt.Sprint(r.passed), d.names(r.failedTests),
			d.names(r.skipped), seconds(r.boot), seconds(r.tests))
		maps.Copy(leftOut, r.machine.skipped())
	}
	d.explain()
	fmt.Fprintf(d, "Chosen are all tests, or the main ones, which see each hook at work (`make vm VM=-all` runs all everywhere):\n`%s`\n\n",
		strings.ReplaceAll(mainTests, "|", " "))
	d.WriteString("Left out, on all machines or some:\n\n")
	for _, name := range slices.Sorted(maps.Keys(leftOut)) {
		fmt.Fprintf(d, "- `%s`: %s\n", strings.TrimPrefix(name, "Test"), leftOut[name])
	}
	d.WriteString("\n")
}

func (d *document) names(tests []string) string {
	if len(tests) == 0 {
		return "0"
	}
	var short []string
	for _, test := range tests {
		short = append(short, strings.TrimPrefix(test, "Test"))
	}
	return fmt.Sprintf("%d %s", len(tests), d.because("`"+strings.Join(short, "`, `")+"`"))
}

// tracers has a row for each.
func (d *document) tracers() {
	d.WriteString("## Tracers\n\nHooks that are attached, memory of the maps with the sizes of the specification, time to load and attach.\n" +
		"`syscall` is no tracer: it calls the handlers that tracers have at the end of system calls.\n\n")
	// A machine for a few tests of its own has nothing to say to this.
	d.results = slices.DeleteFunc(slices.Clone(d.results), func(r result) bool { return r.machine.tests == legacyTests })
	d.head("tracer")
	for _, tracer := range d.tracerNames() {
		cells := []string{"`" + tracer + "`"}
		for _, r := range d.results {
			at := slices.IndexFunc(r.tracers, func(t tracerReport) bool { return t.Tracer == tracer })
			cell := "–"
			if at >= 0 {
				cell = d.tracerCell(r.tracers[at])
			}
			cells = append(cells, cell)
		}
		d.row(cells...)
	}
	d.explain()
}

func (d *document) tracerCell(t tracerReport) string {
	if t.Hooks == 0 {
		return "no " + d.because(t.Failure)
	}
	cell := fmt.Sprintf("%d of %d", t.Hooks, t.HooksOf)
	if t.Failure != "" {
		cell += " " + d.because(t.Failure)
	}
	return fmt.Sprintf("%s, %.1f MB, %s", cell, float64(t.MapBytes)/1e6, milliseconds(t.Nanoseconds))
}

// programs has a table for each tracer, with a row for each way to serve a hook.
func (d *document) programs() {
	d.WriteString("## Programs\n\nEach program of each hook, best first, each loaded and attached alone: instructions that the verifier has followed, time to load.\n" +
		"**Bold** is what the tracer takes on that kernel.\n\n")
	// Where there is no type information no program is tried.
	d.results = slices.DeleteFunc(slices.Clone(d.results), func(r result) bool { return r.machine.userMode() })
	for _, tracer := range d.tracerNames() {
		fmt.Fprintf(d, "### `%s`\n\n", tracer)
		d.head("hook", "program")
		var seen []string
		for _, r := range d.results {
			for _, p := range r.programs {
				if p.Tracer != tracer || slices.Contains(seen, p.Program) {
					continue
				}
				seen = append(seen, p.Program)
				d.program(p)
			}
		}
		d.explain()
	}
}

func (d *document) program(p programReport) {
	cells := []string{p.Hook, "`" + p.Program + "`"}
	for _, r := range d.results {
		at := slices.IndexFunc(r.programs, func(other programReport) bool { return other.Program == p.Program })
		cell := "–"
		if at >= 0 {
			cell = d.programCell(r.programs[at])
		}
		cells = append(cells, cell)
	}
	d.row(cells...)
}

func (d *document) programCell(p programReport) string {
	switch {
	case p.Failure != "":
		return "no " + d.because(p.Failure)
	case p.Used:
		return fmt.Sprintf("**%d**, %s", p.Instructions, milliseconds(p.Nanoseconds))
	}
	return fmt.Sprintf("%d, %s", p.Instructions, milliseconds(p.Nanoseconds))
}

func (d *document) tracerNames() []string {
	var all []string
	for _, r := range d.results {
		for _, t := range r.tracers {
			if !slices.Contains(all, t.Tracer) {
				all = append(all, t.Tracer)
			}
		}
	}
	return all
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
