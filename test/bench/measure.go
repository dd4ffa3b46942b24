// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// results are all figures of a run.
type results struct {
	Machine machine       `json:"machine"`
	Took    time.Duration `json:"took_ns"`
	// Idle is the collector left alone after its start, IdleAfter after all loads.
	Idle      *phase   `json:"idle"`
	IdleAfter *phase   `json:"idle_after"`
	Rates     []*phase `json:"rates"`
	Together  *phase   `json:"together"`
	// Ordinary are the ordinary load with all files first seen, with repeats, and without the file
	// exporter.
	Ordinary []*phase `json:"ordinary"`
	// Busy are the loads of a busy host with the defaults, and Unreduced without rate and deduplication.
	Busy      []*phase     `json:"busy"`
	Unreduced *phase       `json:"unreduced"`
	Tracers   []tracerCost `json:"tracers"`
	Programs  []loadCost   `json:"programs"`
	Switching switching    `json:"switching"`
	Slowdowns []slowdown   `json:"slowdowns"`
	// Unaccounted are what the collectors logged about their balance when they stopped.
	Unaccounted []string `json:"unaccounted"`
	// Stops is how often a collector was told to end, BadStops why it did not do so as it should.
	Stops    int       `json:"stops"`
	BadStops []string  `json:"bad_stops"`
	Verdicts []verdict `json:"verdicts"`
}

// ordinaryName starts the names of phases with the ordinary load.
const ordinaryName = "ordinary"

func (b *bench) measure(ctx context.Context) (*results, error) {
	r := &results{}
	var err error
	if r.Machine, err = thisMachine(); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, *results) error{
		b.measureQuickstart, b.measureRates, b.measureUnreduced, b.measureWithoutFile, b.measurePrograms, b.measureSwitching, b.slowdowns,
	} {
		if err := step(ctx, r); err != nil {
			return nil, err
		}
	}
	if r.Machine.LoadAfter, err = loadAverage(); err != nil {
		return nil, err
	}
	r.Verdicts = judge(r)
	return r, nil
}

// with runs a collector while do does something with it. What has been counted in the kernel is reported when
// the collector ends: so phases are compared with what e has read by then, which may be nil.
func (b *bench) with(ctx context.Context, r *results, do func(*collector) (*evidence, []*phase, error), overlays ...string) error {
	c, err := startCollector(ctx, b.setting, overlays...)
	if err != nil {
		return err
	}
	e, phases, doErr := do(c)
	unaccounted, err := c.stop()
	r.Unaccounted = append(r.Unaccounted, unaccounted...)
	r.Stops++
	if doErr == nil && err != nil {
		// What was measured before stands.
		r.BadStops = append(r.BadStops, err.Error())
		err = nil
	}
	if doErr == nil && err == nil && e != nil {
		err = e.read()
		for _, p := range phases {
			p.finish()
		}
	}
	return errors.Join(doErr, err)
}

// idle measures the collector while nothing is done to it; what others do on the machine it sees.
func (b *bench) idle(ctx context.Context, c *collector, name string) (*phase, error) {
	b.progress("%s", name)
	time.Sleep(idleAfter)
	before, err := scrape(ctx, c.metrics)
	if err != nil {
		return nil, err
	}
	m, err := newMeter(c.pid())
	if err != nil {
		return nil, err
	}
	started := time.Now()
	time.Sleep(b.plan.RateDuration)
	p := &phase{Name: name}
	if p.Usage, err = m.stop(0); err != nil {
		return nil, err
	}
	after, err := scrape(ctx, c.metrics)
	if err != nil {
		return nil, err
	}
	p.keep(balanceOf(after).since(balanceOf(before)), nil, time.Since(started))
	return p, nil
}

// measureQuickstart measures the configuration that users see first.
func (b *bench) measureQuickstart(ctx context.Context, r *results) error {
	return b.with(ctx, r, func(c *collector) (*evidence, []*phase, error) {
		r.Tracers = c.tracers
		e := newEvidence(c.data, b.pool)
		var err error
		if r.Idle, err = b.idle(ctx, c, "idle"); err != nil {
			return nil, nil, err
		}
		for _, opens := range []kind{kindOpenSame, kindOpenNew} {
			p, err := b.ordinary(ctx, c, e, opens, "")
			if err != nil {
				return nil, nil, err
			}
			r.Ordinary = append(r.Ordinary, p)
		}
		for _, opens := range []kind{kindOpenSame, kindOpenNew} {
			p, err := b.busy(ctx, c, e, opens, "")
			if err != nil {
				return nil, nil, err
			}
			r.Busy = append(r.Busy, p)
		}
		return e, append(slices.Clip(r.Ordinary), r.Busy...), nil
	})
}

// measureRates asks for as many events as the limits name, and more, and for all of them.
func (b *bench) measureRates(ctx context.Context, r *results) error {
	return b.with(ctx, r, func(c *collector) (*evidence, []*phase, error) {
		e := newEvidence(c.data, b.pool)
		var err error
		if r.Rates, err = b.rates(ctx, c, e); err != nil {
			return nil, nil, err
		}
		b.progress("all loads together")
		specs, err := b.mixed(kindOpenNew, execsPerSecondWithoutLoss, opensPerSecondWithoutLoss, connectsPerSecondWithoutLoss, b.plan.RateDuration)
		if err != nil {
			return nil, nil, err
		}
		if r.Together, err = b.run(ctx, c, e, "all together", specs...); err != nil {
			return nil, nil, err
		}
		if r.IdleAfter, err = b.idle(ctx, c, "idle afterwards"); err != nil {
			return nil, nil, err
		}
		return e, append(slices.Clip(r.Rates), r.Together), nil
	}, withoutRate)
}

// measureUnreduced tells what the busy load would cost if each event became a record.
func (b *bench) measureUnreduced(ctx context.Context, r *results) error {
	return b.with(ctx, r, func(c *collector) (*evidence, []*phase, error) {
		e := newEvidence(c.data, b.pool)
		var err error
		if r.Unreduced, err = b.busy(ctx, c, e, kindOpenNew, ", nothing reduced"); err != nil {
			return nil, nil, err
		}
		return e, []*phase{r.Unreduced}, nil
	}, withoutReduction)
}

// loaded are the phases whose loads' events were looked for.
func (r *results) loaded() []*phase {
	var all []*phase
	for _, p := range r.Ordinary {
		if len(p.tallies) > 0 {
			all = append(all, p)
		}
	}
	all = append(append(all, r.Busy...), r.Rates...)
	return append(all, r.Together, r.Unreduced)
}

func (b *bench) ordinary(ctx context.Context, c *collector, e *evidence, opens kind, suffix string) (*phase, error) {
	name := fmt.Sprintf("%s, %s%s", ordinaryName, opens, suffix)
	b.progress("%s", name)
	specs, err := b.mixed(opens, ordinaryExecsPerSecond, ordinaryOpensPerSecond, ordinaryConnectsPerSecond, b.plan.OrdinaryDuration)
	if err != nil {
		return nil, err
	}
	return b.run(ctx, c, e, name, specs...)
}

// busyName starts the names of phases with the load of a busy host.
const busyName = "busy"

func (b *bench) busy(ctx context.Context, c *collector, e *evidence, opens kind, suffix string) (*phase, error) {
	name := fmt.Sprintf("%s, %s%s", busyName, opens, suffix)
	b.progress("%s", name)
	specs, err := b.mixed(opens, busyExecsPerSecond, busyOpensPerSecond, busyConnectsPerSecond, b.plan.BusyDuration)
	if err != nil {
		return nil, err
	}
	return b.run(ctx, c, e, name, specs...)
}

// measureWithoutFile tells what of the cost is the file exporter's.
func (b *bench) measureWithoutFile(ctx context.Context, r *results) error {
	return b.with(ctx, r, func(c *collector) (*evidence, []*phase, error) {
		p, err := b.ordinary(ctx, c, nil, kindOpenNew, ", nothing written")
		if err == nil {
			r.Ordinary = append(r.Ordinary, p)
		}
		return nil, nil, err
	}, withoutFile)
}

// measurePrograms has the kernel measure the programs. That costs time in itself, so nothing else is
// measured meanwhile.
func (b *bench) measurePrograms(ctx context.Context, r *results) error {
	return b.with(ctx, r, func(c *collector) (*evidence, []*phase, error) {
		for _, k := range programKinds() {
			b.progress("programs in the kernel, %s", k)
			s, err := b.load(k, programRate, b.plan.ProgramDuration, 0)
			if err != nil {
				return nil, nil, err
			}
			before, err := scrape(ctx, c.metrics)
			if err != nil {
				return nil, nil, err
			}
			p, err := b.run(ctx, c, nil, "programs", s)
			if err != nil {
				return nil, nil, err
			}
			after, err := scrape(ctx, c.metrics)
			if err != nil {
				return nil, nil, err
			}
			r.Programs = append(r.Programs, loadCost{
				Kind: k, Done: p.Loads[0].Done, Programs: programsSince(programsOf(before), programsOf(after)),
			})
		}
		return nil, nil, nil
	}, withStatistics)
}
