// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report prints the table of all variants.
func report(w io.Writer, corpus string, runs []*execution, verbose bool) error {
	events := 0
	for _, x := range runs {
		events += x.judged()
	}
	fmt.Fprintf(w, "Corpus %s: %d events in %d runs. Runs are replayed %s apart, on two replicas in turn.\n\n", corpus, events, len(runs), runs[0].apart)
	columns := []string{
		"variant", "attacks found", "false in benign runs", "false in attack runs",
		"drift runs: raised / told as a new version (workloads) / raised without version", "attacks found during drift", "process precision", "recall",
		"incidents → stories (joined)", "nodes",
	}
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	var details strings.Builder
	fmt.Fprintf(&details, "\n| %s |\n|%s\n", strings.Join(detailColumns, " | "), strings.Repeat(" --- |", len(detailColumns)))
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
		details.WriteString(r.details())
	}
	fmt.Fprint(w, details.String())
	return nil
}

// detailColumns are those of the second table.
var detailColumns = []string{
	"variant", "incidents per workload-day", "steps named of steps done", "decisive step to incident: median, longest",
	"attack sessions: events → surprising → incidents → stories", "benign sessions: events → surprising → incidents → stories",
	"surprising events told in attacks' incidents: of the attack + of nobody + above the attack; others: of nobody + of an attack", "state in bytes",
}

// details is a row about what incidents are like.
func (r *result) details() string {
	slices.Sort(r.delays)
	median, longest := "none", "none"
	if len(r.delays) > 0 {
		median, longest = r.delays[len(r.delays)/2].Round(time.Millisecond).String(), r.delays[len(r.delays)-1].Round(time.Millisecond).String()
	}
	return fmt.Sprintf("| %s | %.2f | %d of %d | %s, %s | %d → %d → %d → %d | %d → %d → %d → %d | %s | %d |\n<!-- %s: steps not named: %s; %d of the processes named wrongly are above an attack's -->\n",
		r.variant.name, float64(r.falseBenign)/max(r.days, 1), r.stepsNamed, r.stepsDone, median, longest, r.attackEvents, r.attackSurprising, r.incidents, r.stories,
		r.benignEvents, r.surprising, r.falseBenign, r.falseTold, &r.folds, r.state, r.variant.name, strings.Join(r.unnamed, "; "), r.victims)
}

func (r *result) print(w io.Writer) {
	fmt.Fprintf(w, "| %s | %d of %d | %d in %d | %d | %d / %d (%d) / %d of %d | %d of %d | %.2f | %.2f | %d → %d (%d) | %v |\n",
		r.variant.name, r.found, r.attacks, r.falseBenign, r.benign, r.falseAttack, r.driftRaised, r.driftExpected, r.driftStories, r.driftBlind,
		r.drift, r.duringFound, r.during, r.precision(), r.recall(), r.incidents, r.stories, r.joined, r.nodes)
	fmt.Fprintf(w, "<!-- %s: missed %s; during drift %s; %d benign events, %d surprising; false with every second event lost %d, without executables %d; "+
		"raised without version and sensitive %d; slowest incident %s after the attack began; %d left learning by themselves; bytes %v -->\n", r.variant.name, strings.Join(r.missed, " "),
		strings.Join(r.duringMissed, " "), r.benignEvents, r.surprising, r.falseHalf, r.falseBare, r.driftBlindSensitive, r.slowest, r.settled, r.bytes)
}
