// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/custom"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// describe says how a tracer is, and what is wanted of it.
func (c *controller) describe(u *unit) (control.Tracer, error) {
	settings, err := settingsOf(c.current, u.name())
	if err != nil {
		return control.Tracer{}, err
	}
	accounts, err := u.accounts()
	if err != nil {
		return control.Tracer{}, err
	}
	spec := &u.definition.spec
	t := control.Tracer{
		Name:           spec.Name,
		Brief:          spec.Brief,
		Cost:           string(spec.Cost),
		DefaultEnabled: spec.DefaultEnabled,
		Privileges:     []control.Privilege{},
		Enabled:        c.current.Tracers.sections()[spec.Name].Enabled,
		EnabledFrom:    control.OriginConfiguration,
		Settings:       settings,
		Override:       c.override.Tracers[spec.Name],
		State:          describeState(u),
		Events:         map[string]control.Events{},
		Programs:       []control.Program{},
	}
	if _, chosen := t.Override[keyEnabled]; chosen {
		t.EnabledFrom = control.OriginOverride
	}
	for _, p := range spec.Privileges {
		t.Privileges = append(t.Privileges, control.Privilege{Capability: p.Capability, Reason: p.Reason})
	}
	for _, a := range accounts {
		t.Events[a.Kind] = describeEvents(a)
	}
	for _, p := range u.programs() {
		t.Programs = append(t.Programs, describeProgram(p.Program, p.RunTime, p.RunCount, p.Missed))
	}
	if st := u.running(); st != nil {
		t.MapBytes = st.tracer.MapBytes()
	}
	return t, nil
}

func describeState(u *unit) control.State {
	s := u.state()
	state := control.State{Status: string(s.Status), Reason: s.Reason, Hooks: []control.Hook{}}
	for _, h := range s.Hooks {
		state.Hooks = append(state.Hooks, control.Hook{Name: h.Name, Program: h.Program, Reason: h.Reason})
	}
	if u.needed && state.Status == string(tracer.StatusRunning) && !u.wanted.Load() {
		state.Reason = "it goes on without making events, since the other tracers learn from it what processes there are"
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.switched.IsZero() {
		switched := u.switched
		state.Switched, state.SwitchSeconds = &switched, u.took.Seconds()
	}
	return state
}

func describeEvents(a account) control.Events {
	return control.Events{
		Offered: a.Offered, Delivered: a.Delivered, Filtered: a.Filtered, Aggregated: a.Aggregated, HeldBack: a.HeldBack, Lost: a.Lost,
	}
}

func describeProgram(name string, runTime time.Duration, runs, missed uint64) control.Program {
	d := control.Program{Name: name, Runs: runs, Missed: missed}
	if runs > 0 {
		d.NanosecondsPerRun = float64(runTime.Nanoseconds()) / float64(runs)
	}
	return d
}

// describeState says how a tracer of somebody else runs.
func (u *customUnit) describeState() control.State {
	u.mu.Lock()
	defer u.mu.Unlock()
	state := control.State{Status: string(custom.StatusStopped), Hooks: []control.Hook{}}
	switch {
	case u.live != nil:
		s := u.live.State()
		state.Status, state.Reason = string(s.Status), s.Reason
		for _, h := range s.Hooks {
			state.Hooks = append(state.Hooks, control.Hook{Name: h.Name, Program: h.Program, Reason: h.Reason})
		}
	case u.failure != nil:
		state.Status, state.Reason = string(custom.StatusFailed), u.failure.Error()
	}
	if !u.switched.IsZero() {
		switched := u.switched
		state.Switched, state.SwitchSeconds = &switched, u.took.Seconds()
	}
	return state
}
