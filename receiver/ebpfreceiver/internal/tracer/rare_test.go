// SPDX-License-Identifier: Apache-2.0

//go:build linux

package tracer

import (
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every kernel that is supported has these hooks in their best form.
func TestTracer_bestChoice(t *testing.T) {
	for _, spec := range []Spec{Signal(), OOM(), Crash()} {
		tr := load(t, spec, Settings{RingBytes: 128 << 10})
		require.NoError(t, tr.Attach(btf.NewCache()))
		for i, h := range tr.State().Hooks {
			if h.Name != "sched_process_exit" {
				assert.Equal(t, spec.Hooks[i].Programs[0], h.Program, h.Reason)
			}
		}
	}
}
