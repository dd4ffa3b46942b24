// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	oombpf "github.com/meerkat-otel/meerkat/bpf/oom"
)

// OOM observes processes that the kernel kills because memory has run out.
func OOM() Spec {
	return Spec{
		Name:           "oom",
		Brief:          "Processes that the kernel kills because memory has run out.",
		DefaultEnabled: true,
		Cost:           CostLow,
		Privileges:     basePrivileges(),
		Kinds:          []string{"kill"},
		Load:           oombpf.LoadOOM,
		Hooks: []Hook{
			hook("mark_victim", oombpf.OOMProgOomMarkVictim, oombpf.OOMProgOomMarkVictimRaw),
		},
	}
}
