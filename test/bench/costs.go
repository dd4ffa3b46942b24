// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"strings"
)

// costsIntroduction says where the figures are from.
const costsIntroduction = `# What the kernel half costs

<!-- Written by make bench: run it again instead of changing this page. -->

Measured by ` + "`make bench BENCH='-quick -costs docs/costs.md'`" + `, in one run on a machine that others use too: the figures tell which
program costs more than another, and what kind of number to expect. What the collector takes as a whole, and how much an
operation is slowed down, is at the end of what that command prints.

`

// costsPage has the tables that documentation needs.
func (r *results) costsPage() string {
	var page strings.Builder
	m := r.Machine
	page.WriteString(costsIntroduction)
	fmt.Fprintf(&page, "%d × %s, Linux %s, load average %.1f before and %.1f after.\n\n", m.Cores, m.Processor, m.Kernel, m.LoadBefore[0], m.LoadAfter[0])
	page.WriteString("## Tracers that are on by default\n\n`" + sharedMaps + "` is what serves all of them.\n\n")
	page.WriteString("| tracer | memory of its maps | time to load and attach |\n| --- | --- | --- |\n")
	for _, t := range r.Tracers {
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", t.Tracer, megabytes(t.MapBytes), short(t.AttachTime))
	}
	sum := sumOf(r.Tracers)
	fmt.Fprintf(&page, "| all | %s | %s |\n\n", megabytes(sum.MapBytes), short(sum.AttachTime))
	page.WriteString("## Programs\n\n" +
		"Nanoseconds per run, by the kernel's own statistics, or for the handlers of system calls by their own clock, while one kind of\n" +
		"load runs and counting itself costs some of them. `syscall_exit` runs at the end of every system call, and hands those that\n" +
		"somebody asked for to the handlers, whose time is in its own. Programs that ran less than once in ten operations are left out.\n\n" +
		"| load | tracer | program | runs per operation | ns per run | ns per operation |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, l := range r.Programs {
		done := float64(max(1, l.Done))
		for _, p := range l.Programs {
			if perOperation := float64(p.Runs) / done; perOperation >= 0.1 {
				fmt.Fprintf(&page, "| %s | `%s` | `%s` | %.1f | %d | %.0f |\n", l.Kind, p.Tracer, p.Program, perOperation,
					p.perRun().Nanoseconds(), float64(p.Time.Nanoseconds())/done)
			}
		}
	}
	return page.String()
}
