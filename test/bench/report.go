// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// publish prints the report, and writes the figures to a file if there is a name for it.
func (r *results) publish(out io.Writer, jsonFile string) error {
	if jsonFile != "" {
		content, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return fmt.Errorf("write the figures: %w", err)
		}
		if err := os.WriteFile(jsonFile, append(content, '\n'), 0o644); err != nil {
			return err
		}
	}
	if err := r.print(out); err != nil {
		return err
	}
	for _, v := range r.Verdicts {
		if !v.Kept {
			return errLimits
		}
	}
	return nil
}

func (r *results) print(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(format string, arguments ...any) { _, _ = fmt.Fprintf(t, format+"\n", arguments...) } // Flush returns the error
	m := r.Machine
	line("Kernel %s, %s, %d × %s, %.0f GB; %s", m.Kernel, m.Arch, m.Cores, m.Processor, float64(m.MemoryBytes)/1e9, m.Go)
	line("Load average before %.2f, after %.2f; took %.0f s", m.LoadBefore[0], m.LoadAfter[0], r.Took.Seconds())
	r.printLoads(line)
	r.printBalances(line)
	r.printUsage(line)
	r.printTracers(line)
	r.printSwitching(line)
	r.printPrograms(line)
	r.printSlowdowns(line)
	if err := t.Flush(); err != nil {
		return err
	}
	return r.printVerdicts(out)
}

func (r *results) printLoads(line func(string, ...any)) {
	line("\nLoads, by their own count")
	line("phase\tload\twanted/s\toffered/s\tdone\tfailed\tlate p50\tp99\tmax\tprocessor/operation\t")
	for _, p := range r.allLoaded() {
		for _, l := range p.Loads {
			remark := ""
			if !l.able() {
				remark = "  the machine can't offer more"
			}
			line("%s\t%s\t%d\t%.0f\t%d\t%d\t%s\t%s\t%s\t%s\t%s", p.Name, l.Kind, l.Wanted, l.Rate, l.Done, l.Failed,
				short(l.LateMedian), short(l.LateP99), short(l.LateMax), short(l.perOperation(l.Processor)), remark)
			if l.Failed > 0 {
				line("  the first failure: %s", l.Error)
			}
		}
	}
}

func (r *results) printBalances(line func(string, ...any)) {
	line("\nWhere the events have gone, by the collector's count (of the whole machine) and in its files (of the load)")
	line("phase\tevent\toffered\tdelivered\taggregated\tfiltered\theld back\tlost: %s\tin flight\tload did\twritten\tunexplained\t", strings.Join(stages(), "\t"))
	for _, p := range r.loaded() {
		for _, event := range slices.Sorted(maps.Keys(p.Balance)) {
			a := p.Balance[event]
			if a.Offered == 0 && strings.HasSuffix(event, ".repeat") {
				continue
			}
			row := fmt.Sprintf("%s\t%s\t%d\t%d\t%d\t%d\t%d", p.Name, event, a.Offered, a.Delivered, a.Aggregated, a.Filtered, a.HeldBack)
			for _, stage := range stages() {
				row = fmt.Sprintf("%s\t%d", row, a.Lost[stage])
			}
			row += fmt.Sprintf("\t%d", a.unaccounted())
			var checked bool
			for _, c := range p.Checks {
				if c.Event == event {
					row += fmt.Sprintf("\t%d\t%d\t%d\t", c.Done, c.Found, c.unexplained())
					checked = true
				}
			}
			if !checked {
				row += "\t\t\t\t"
			}
			line("%s%s", row, a.remarks())
		}
	}
}

// remarks are what does not concern the balance.
func (a account) remarks() string {
	var remarks []string
	if a.NotDeduplicated > 0 {
		remarks = append(remarks, fmt.Sprintf("%d may be repeats", a.NotDeduplicated))
	}
	if a.Unidentified > 0 {
		remarks = append(remarks, fmt.Sprintf("%d without a certain executable", a.Unidentified))
	}
	return "  " + strings.Join(remarks, ", ")
}

func (r *results) printUsage(line func(string, ...any)) {
	line("\nWhat the collector takes")
	line("phase\tdelivered/s\tcores\tof it in user space\tthe rest of the machine\tµs/event\tresident\tanonymous\tfile\tpeak\t")
	all := append([]*phase{r.Idle}, r.allLoaded()...)
	all = append(all, r.IdleAfter)
	for _, p := range all {
		u := p.Usage
		line("%s\t%.0f\t%.3f\t%.3f\t%.2f\t%.1f\t%s\t%s\t%s\t%s\t", p.Name, p.Delivered, u.Cores, u.UserCores, u.OthersCores, u.Cores*1e6/max(p.Delivered, 1),
			megabytes(u.Memory.ResidentBytes), megabytes(u.Memory.AnonymousBytes), megabytes(u.Memory.FileBytes), megabytes(u.Memory.PeakBytes))
	}
}

// allLoaded are the phases with loads, in the order of the report.
func (r *results) allLoaded() []*phase {
	all := append(append(slices.Clip(r.Ordinary), r.Busy...), r.Unreduced)
	return append(append(all, r.Rates...), r.Together)
}

func (r *results) printTracers(line func(string, ...any)) {
	line("\nTracers")
	line("tracer\tstate\tmaps\tload and attach\t")
	for _, t := range r.Tracers {
		line("%s\t%s\t%s\t%s\t", t.Tracer, t.State, megabytes(t.MapBytes), short(t.AttachTime))
	}
}

func (r *results) printPrograms(line func(string, ...any)) {
	line("\nPrograms in the kernel, by load (what others do is in it)")
	line("load\ttracer\tprogram\truns\truns/operation\tns/run\tns/operation\t")
	for _, l := range r.Programs {
		done := float64(max(1, l.Done))
		for _, p := range l.Programs {
			line("%s\t%s\t%s\t%d\t%.1f\t%d\t%.0f\t", l.Kind, p.Tracer, p.Program, p.Runs, float64(p.Runs)/done,
				p.perRun().Nanoseconds(), float64(p.Time.Nanoseconds())/done)
		}
	}
}

func (r *results) printSlowdowns(line func(string, ...any)) {
	line("\nHow much longer an operation takes with the collector, as fast as possible")
	line("load\trounds\telapsed without\twith\tratio\tprocessor without\twith\tratio\t")
	for _, s := range r.Slowdowns {
		line("%s\t%d\t%s\t%s\t%.2f\t%s\t%s\t%.2f\t", s.Kind, s.Rounds, short(s.Elapsed.Without), short(s.Elapsed.With), s.Elapsed.Ratio,
			short(s.Processor.Without), short(s.Processor.With), s.Processor.Ratio)
	}
}

func (r *results) printVerdicts(out io.Writer) error {
	errs := []error{nil}
	_, err := fmt.Fprintln(out, "\nLimits")
	errs = append(errs, err)
	for _, v := range r.Verdicts {
		word := "PASS"
		if !v.Kept {
			word = "FAIL"
		}
		_, err := fmt.Fprintf(out, "%s  %s: %s\n", word, v.Limit, v.Measured)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// short rounds a duration to three digits or so.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d >= 10*time.Microsecond:
		return d.Round(100 * time.Nanosecond).String()
	}
	return d.Round(time.Nanosecond).String()
}
