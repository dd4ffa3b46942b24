// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"
)

// roundsMax is how often a tracer comes and goes in a test; each round waits for the kernel's grace periods.
const roundsMax = 200

func TestLive_leavesNothingBehind(t *testing.T) {
	b, err := Inspect(object(t, "observe"), observing(), DefaultLimits())
	require.NoError(t, err)
	types := btf.NewCache()
	round := func(attach bool) {
		live, err := Load(b, zaptest.NewLogger(t, zaptest.Level(zapcore.WarnLevel)), types)
		require.NoError(t, err)
		if attach {
			require.NoError(t, live.Attach())
		}
		ids := identitiesOf(t, live)
		require.NoError(t, live.Close())
		if attach {
			ids.assertGone(t)
		}
	}
	round(true) // what is opened once stays
	before := openObjects(t)
	started := time.Now()
	for i := range roundsMax {
		round(i%10 == 0)
	}
	t.Logf("%d rounds, one in ten attached: %s each", roundsMax, time.Since(started)/roundsMax)
	assert.Equal(t, before, openObjects(t))
}

// identities are the kernel's numbers of a tracer's programs and maps, which it does not give to others soon.
type identities struct {
	programs []ebpf.ProgramID
	maps     []ebpf.MapID
}

func identitiesOf(t *testing.T, live *Live) (all identities) {
	t.Helper()
	for _, h := range live.hooks {
		info, err := h.loaded.Info()
		require.NoError(t, err)
		id, _ := info.ID()
		all.programs = append(all.programs, id)
	}
	for _, m := range live.maps {
		info, err := m.Info()
		require.NoError(t, err)
		id, _ := info.ID()
		all.maps = append(all.maps, id)
	}
	return all
}

// assertGone waits: the kernel frees programs and maps when nobody can be using them any more.
func (all identities) assertGone(t *testing.T) {
	t.Helper()
	require.NotEmpty(t, all.programs)
	require.NotEmpty(t, all.maps)
	for _, id := range all.programs {
		assert.Eventually(t, func() bool {
			p, err := ebpf.NewProgramFromID(id)
			return errors.Is(errors.Join(err, p.Close()), os.ErrNotExist)
		}, patience, often, "program %d is left", id)
	}
	for _, id := range all.maps {
		assert.Eventually(t, func() bool {
			m, err := ebpf.NewMapFromID(id)
			return errors.Is(errors.Join(err, m.Close()), os.ErrNotExist)
		}, patience, often, "map %d is left", id)
	}
}

// openObjects counts the kernel's objects that this process holds, by kind: bpf-prog, bpf-map, bpf_link, perf_event and more.
func openObjects(t *testing.T) map[string]int {
	t.Helper()
	all, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	found := map[string]int{}
	for _, descriptor := range all {
		if target, err := os.Readlink(descriptor); err == nil && strings.HasPrefix(target, "anon_inode:") {
			found[target]++
		}
	}
	return found
}
