// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// bench is what all measurements share.
type bench struct {
	plan      plan
	setting   setting
	directory string
	pool      string // files that are opened once each
	profiles  string // where to write profiles; empty for none
	progress  func(format string, arguments ...any)
}

// newBench prepares the files that loads work on, while no collector runs yet.
func newBench(p plan, s setting) (*bench, error) {
	b := &bench{plan: p, setting: s, directory: s.directory, pool: filepath.Join(s.directory, "pool")}
	if err := os.Mkdir(b.pool, 0o755); err != nil {
		return nil, err
	}
	for i := range p.poolFiles() {
		if err := os.WriteFile(filepath.Join(b.pool, strconv.Itoa(i)), nil, 0o644); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// load makes a load in a directory of its own, or the pool.
func (b *bench) load(k kind, rate int, duration time.Duration, count int) (loadSpec, error) {
	s := loadSpec{kind: k, rate: rate, duration: duration, count: count, directory: b.pool}
	if k != kindExec && k != kindOpenSame {
		return s, nil
	}
	directory, err := os.MkdirTemp(b.directory, "load")
	if err != nil {
		return s, err
	}
	s.directory = directory
	if k == kindExec {
		return s, writeProgram(filepath.Join(directory, programName))
	}
	for i := range sameFiles {
		if err := os.WriteFile(filepath.Join(directory, "same"+strconv.Itoa(i)), nil, 0o644); err != nil {
			return s, err
		}
	}
	return s, nil
}

// phase is a time in which loads run, and what became of it.
type phase struct {
	Name    string       `json:"name"`
	Loads   []loadReport `json:"loads"`
	Balance balance      `json:"balance"` // of the kinds that the loads make
	Usage   usage        `json:"usage"`
	// Checks compare the loads' own counts with what was written.
	Checks  []check `json:"checks"`
	tallies []*tally
	// delivered is how many events of all kinds the pipeline took, those of others included.
	Delivered float64 `json:"delivered_per_second"`
}

// run has loads run and measures. e may be nil if what was written is not to be looked at.
func (b *bench) run(ctx context.Context, c *collector, e *evidence, name string, specs ...loadSpec) (*phase, error) {
	p := &phase{Name: name}
	wanted := map[string]bool{}
	for _, s := range specs {
		for event := range s.kind.events() {
			wanted[event] = true
		}
	}
	group, err := startLoads(ctx, specs...)
	if err != nil {
		return nil, err
	}
	before, err := c.settle(ctx, wanted)
	if err != nil {
		return nil, errors.Join(err, group.abandon())
	}
	m, err := newMeter(c.pid())
	if err != nil {
		return nil, errors.Join(err, group.abandon())
	}
	stopProfile := b.startProfile(ctx, c, name)
	started := time.Now()
	if p.Loads, err = group.run(); err != nil {
		return nil, err
	}
	var loads time.Duration
	for _, l := range p.Loads {
		loads += l.Processor
	}
	if p.Usage, err = m.stop(loads); err != nil {
		return nil, err
	}
	elapsed := time.Since(started)
	if err := stopProfile(); err != nil {
		return nil, err
	}
	after, err := c.settle(ctx, wanted)
	if err != nil {
		return nil, err
	}
	all := balanceOf(after).since(balanceOf(before))
	p.keep(all, wanted, elapsed)
	if e == nil {
		return p, nil
	}
	for _, l := range p.Loads {
		directory := specs[len(p.tallies)].directory
		p.tallies = append(p.tallies, e.expect(l.Kind, directory, l.PIDs, l.Ports))
	}
	time.Sleep(writtenAfter)
	return p, e.read()
}

func (p *phase) keep(all balance, wanted map[string]bool, elapsed time.Duration) {
	p.Balance = balance{}
	var delivered int64
	for event, a := range all {
		delivered += a.Delivered
		if wanted[event] || event == "file.repeat" && wanted["file.open"] || event == "tcp.repeat" && wanted["tcp.connect"] {
			p.Balance[event] = a
		}
	}
	p.Delivered = float64(delivered) / elapsed.Seconds()
}

// finish compares, when everything that belongs to the phase was read.
func (p *phase) finish() {
	for i, t := range p.tallies {
		p.Checks = append(p.Checks, t.check(p.Loads[i].Kind, p.Loads[i].Done, p.Balance)...)
	}
}

// lost is what the collector says that it lost of the kinds that the loads make.
func (p *phase) lost() int64 {
	var sum int64
	for _, a := range p.Balance {
		sum += a.lost()
	}
	return sum
}

// unaccounted is what the collector's counters don't account for.
func (p *phase) unaccounted() int64 {
	var sum int64
	for event, a := range p.Balance {
		// What is counted when repeats are reported belongs to no moment of the load.
		if !strings.HasSuffix(event, ".repeat") {
			sum += max(a.unaccounted(), -a.unaccounted())
		}
	}
	return sum
}

// unexplained is what the loads did and the collector neither wrote nor counted as lost.
func (p *phase) unexplained() int64 {
	var sum int64
	for _, c := range p.Checks {
		sum += c.unexplained()
	}
	return sum
}

// rates runs each kind of load at each rate.
func (b *bench) rates(ctx context.Context, c *collector, e *evidence) ([]*phase, error) {
	var phases []*phase
	for _, rate := range b.plan.Rates {
		for _, k := range kinds() {
			s, err := b.load(k, rate, b.plan.RateDuration, 0)
			if err != nil {
				return nil, err
			}
			name := fmt.Sprintf("%s %d", k, rate)
			b.progress("%s per second", name)
			p, err := b.run(ctx, c, e, name, s)
			if err != nil {
				return nil, fmt.Errorf("measure %q: %w", name, err)
			}
			phases = append(phases, p)
		}
	}
	return phases, nil
}

// mixed makes the three loads of a mixture.
func (b *bench) mixed(opens kind, execRate, openRate, connectRate int, duration time.Duration) ([]loadSpec, error) {
	var specs []loadSpec
	for _, part := range []struct {
		kind kind
		rate int
	}{{kindExec, execRate}, {opens, openRate}, {kindConnect, connectRate}} {
		s, err := b.load(part.kind, part.rate, duration, 0)
		if err != nil {
			return nil, err
		}
		specs = append(specs, s)
	}
	return specs, nil
}
