// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	signalbpf "github.com/meerkat-otel/meerkat/bpf/signal"
)

// Signal observes signals that go across users or cgroups, or to an init process.
func Signal() Spec {
	return Spec{
		Name:           "signal",
		Brief:          "Signals that kill or stop, sent across users or cgroups, or to an init process.",
		DefaultEnabled: true,
		Cost:           CostLow,
		Privileges:     basePrivileges(),
		Kinds:          []string{"send"},
		Load:           signalbpf.LoadSignal,
		Hooks: []Hook{
			hook("signal_generate", signalbpf.SignalProgSignalGenerate, signalbpf.SignalProgSignalGenerateRaw),
		},
	}
}
