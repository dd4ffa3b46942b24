// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
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
		t.Events[a.Kind] = control.Events{
			Offered: a.Offered, Delivered: a.Delivered, Filtered: a.Filtered, Aggregated: a.Aggregated, HeldBack: a.HeldBack, Lost: a.Lost,
		}
	}
	for _, p := range u.programs() {
		t.Programs = append(t.Programs, describeProgram(p))
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

func describeProgram(p tracer.ProgramStats) control.Program {
	d := control.Program{Name: p.Program, Runs: p.RunCount, Missed: p.Missed}
	if p.RunCount > 0 {
		d.NanosecondsPerRun = float64(p.RunTime.Nanoseconds()) / float64(p.RunCount)
	}
	return d
}
