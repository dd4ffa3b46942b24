// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
)

// report prints the table of all variants.
func report(w io.Writer, corpus string, runs []*execution, verbose bool) error {
	events := 0
	for _, x := range runs {
		events += len(x.events)
	}
	fmt.Fprintf(w, "Corpus %s: %d events in %d runs. Runs are replayed %s apart, on two replicas in turn.\n\n", corpus, events, len(runs), runsApart)
	columns := []string{
		"variant", "attacks found", "false in benign runs", "false in attack runs",
		"drift runs: raised / told as a new version (workloads) / raised without version", "attacks found during drift", "process precision", "recall",
		"incidents → stories (joined)", "nodes", "bars",
	}
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for _, v := range variants() {
		log := io.Writer(nil)
		if verbose {
			log = w
		}
		r, err := evaluate(v, runs, log)
		if err != nil {
			return fmt.Errorf("variant %s: %w", v.name, err)
		}
		r.print(w)
	}
	return nil
}

func (r *result) print(w io.Writer) {
	fmt.Fprintf(w, "| %s | %d of %d | %d in %d | %d | %d / %d (%d) / %d of %d | %d of %d | %.2f | %.2f | %d → %d (%d) | %v | %.0f |\n",
		r.variant.name, r.found, r.attacks, r.falseBenign, r.benign, r.falseAttack, r.driftRaised, r.driftExpected, r.driftStories, r.driftBlind,
		r.drift, r.duringFound, r.during, r.precision(), r.recall(), r.incidents, r.stories, r.joined, r.nodes, r.bars)
	fmt.Fprintf(w, "<!-- %s: missed %s; during drift %s; %d benign events, %d surprising; false with every second event lost %d, without executables %d; "+
		"raised without version and sensitive %d; slowest incident %s after the attack began; %d left learning by themselves; bytes %v -->\n", r.variant.name, strings.Join(r.missed, " "),
		strings.Join(r.duringMissed, " "), r.benignEvents, r.surprising, r.falseHalf, r.falseBare, r.driftBlindSensitive, r.slowest, r.settled, r.bytes)
}
