// SPDX-License-Identifier: Apache-2.0

//go:build linux

package tracer

import (
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// busy opens a file again and again on a goroutine of its own until stop is called, which returns how often.
func busy(t *testing.T) (opens *atomic.Uint64, stop func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	opens = &atomic.Uint64{}
	quit, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-quit:
				ended <- nil
				return
			default:
			}
			file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				ended <- err
				return
			}
			_ = file.Close()
			opens.Add(1)
		}
	}()
	return opens, func() {
		close(quit)
		require.NoError(t, <-ended)
	}
}

// waitFor returns after some more opens.
func waitFor(opens *atomic.Uint64, more uint64) {
	for until := opens.Load() + more; opens.Load() < until; {
		time.Sleep(time.Millisecond)
	}
}

func sums(t *testing.T, tr *Tracer) Counters {
	t.Helper()
	all, err := tr.Counters()
	require.NoError(t, err)
	var sum Counters
	for _, c := range all {
		AddCounters(&sum, c)
	}
	return sum
}

// Whatever happens while a tracer is switched on or off, nothing is half counted, and nothing is seen by one that
// is off.
func TestTracer_switchedWhileEventsHappen(t *testing.T) {
	const switches, opensBetween = 20, 200
	settings := Settings{Constants: map[string]any{"window_ns": uint64(0)}}
	maps.Copy(settings.Constants, FileConstants())
	tr := load(t, File(), settings)
	types := btf.NewCache()
	opens, stop := busy(t)
	defer stop()
	for range switches {
		before := sums(t, tr)
		require.NoError(t, tr.Attach(types))
		waitFor(opens, opensBetween)
		require.NoError(t, tr.Detach())
		after := sums(t, tr)
		seen := after.Offered - before.Offered
		assert.GreaterOrEqual(t, seen, uint64(opensBetween-1))
		assert.Equal(t, after.Offered, after.Submitted+after.Filtered+after.Aggregated+after.HeldBack+after.LostRing+after.LostMap)
		waitFor(opens, opensBetween)
		assert.Equal(t, after, sums(t, tr), "nothing is counted while it is off")
	}
}
