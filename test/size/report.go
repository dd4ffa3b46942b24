// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// report is the table: a row for each entry of the manifest.
type report struct {
	bare variant
	rows []row
}

// row is an entry with two binaries: one that has it and everything above it, and one that has everything
// but it. Entries share packages, so what an entry adds depends on those above it, and what would be
// saved without it on all others.
type row struct {
	entry   entry
	upTo    variant
	without *variant
}

// newReport plans the builds. A quick one has no binaries without single entries.
func newReport(m manifest, quick bool) *report {
	r := &report{bare: variant{entries: needed(m.entries)}}
	have := r.bare.entries
	for i, e := range m.entries {
		if !slices.Contains(have, e) {
			have = append(slices.Clip(have), e)
		}
		next := row{entry: e, upTo: variant{entries: have}}
		if !quick {
			next.without = &variant{entries: slices.Concat(m.entries[:i], m.entries[i+1:])}
		}
		r.rows = append(r.rows, next)
	}
	return r
}

// needed is the one entry without which nothing runs.
func needed(entries []entry) []entry {
	for _, e := range entries {
		if e.section == providers {
			return []entry{e}
		}
	}
	return nil
}

func (r *report) variants() []*variant {
	all := []*variant{&r.bare}
	for i := range r.rows {
		all = append(all, &r.rows[i].upTo)
		if r.rows[i].without != nil {
			all = append(all, r.rows[i].without)
		}
	}
	return all
}

// total is the size of the whole binary.
func (r *report) total() int64 { return r.rows[len(r.rows)-1].upTo.bytes }

// print writes the table. Sizes are in millions of bytes.
func (r *report) print(to io.Writer) error {
	var table strings.Builder
	line := func(name string, figures ...any) {
		fmt.Fprintln(&table, strings.TrimRight(fmt.Sprintf("%-34s"+strings.Repeat("%10s", len(figures)), slices.Insert(figures, 0, any(name))...), " "))
	}
	line("", "MB", "adds", "saves")
	line("the Collector alone", megabytes(r.bare.bytes))
	section, before := "", r.bare.bytes
	for _, row := range r.rows {
		if row.entry.section != section {
			section = row.entry.section
			line(section)
		}
		saved := ""
		if row.without != nil {
			saved = megabytes(r.total() - row.without.bytes)
		}
		line("  "+row.entry.name, megabytes(row.upTo.bytes), megabytes(row.upTo.bytes-before), saved)
		before = row.upTo.bytes
	}
	fmt.Fprintf(&table, `
The whole binary has %d bytes. Entries share packages: "adds" is what one costs on top of those
above it, and "saves" is what the whole binary would lose without it.
`, r.total())
	_, err := io.WriteString(to, table.String())
	return err
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.2f", float64(bytes)/1e6) }
