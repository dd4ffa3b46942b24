// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// phaseOf is a phase in which nothing was lost.
func phaseOf(k kind, wanted int) *phase {
	p := &phase{Name: string(k), Balance: balance{}, Loads: []loadReport{{Kind: k, Wanted: wanted, Rate: float64(wanted), paced: paced{Done: 10}}}}
	for event, n := range k.events() {
		p.Balance[event] = account{Offered: int64(10 * n), Delivered: int64(10 * n), Lost: map[string]int64{}}
		p.Checks = append(p.Checks, check{Event: event, Done: 10 * n, Found: 10 * n})
	}
	return p
}

// flawless are results that keep all limits.
func flawless() *results {
	r := &results{Idle: phaseOf(kindExec, 0), IdleAfter: phaseOf(kindExec, 0), Together: phaseOf(kindExec, execsPerSecondWithoutLoss)}
	r.Unreduced = phaseOf(kindOpenNew, busyOpensPerSecond)
	r.Busy = []*phase{phaseOf(kindOpenNew, busyOpensPerSecond)}
	r.Busy[0].Usage.Cores = busyCoresMax
	r.Tracers = []tracerCost{{Tracer: "file", MapBytes: mapBytesMax - 1, AttachTime: attachTimeMax - 1}}
	r.Switching = switching{
		Tracers: []switchCost{{Tracer: "file", Off: []time.Duration{1}, On: []time.Duration{switchTimeMax - 1, switchTimeWorstMax - 1}}},
		Uploads: []time.Duration{uploadTimeMax - 1},
	}
	r.Stops = 1
	r.Together.Loads = append(r.Together.Loads, loadReport{}, loadReport{})
	r.Idle.Usage.Memory.ResidentBytes = idleResidentBytesMax - 1
	for _, k := range kinds() {
		r.Rates = append(r.Rates, phaseOf(k, 3000), phaseOf(k, topPerSecond))
	}
	r.Ordinary = []*phase{phaseOf(kindOpenNew, ordinaryOpensPerSecond)}
	r.Ordinary[0].Usage.Cores = ordinaryCoresMax
	r.Ordinary[0].tallies = []*tally{newTally()}
	return r
}

// failures are the limits that are not kept.
func failures(r *results) []string {
	var failed []string
	for _, v := range judge(r) {
		if !v.Kept {
			failed = append(failed, v.Limit)
		}
	}
	return failed
}

func TestJudge(t *testing.T) {
	assert.Empty(t, failures(flawless()))
	top := func(r *results, k kind) *phase {
		for _, p := range r.Rates {
			if p.Loads[0].Kind == k && p.Loads[0].Wanted == topPerSecond {
				return p
			}
		}
		return nil
	}
	lose := func(p *phase, event string) {
		a := p.Balance[event]
		a.Delivered--
		a.Lost = map[string]int64{"ring": 1}
		p.Balance[event] = a
	}
	for name, c := range map[string]struct {
		change func(*results)
		fails  string
	}{
		"an event vanished":        {func(r *results) { r.Rates[0].Checks[0].Found-- }, "uncounted"},
		"an event was doubled":     {func(r *results) { r.Rates[0].Checks[0].Doubled++ }, "uncounted"},
		"counters don't add up":    {func(r *results) { r.Rates[0].Balance["process.exec"] = account{Offered: 1} }, "uncounted"},
		"uneven at the end":        {func(r *results) { r.Unaccounted = []string{"process.exec"} }, "uncounted"},
		"a collector crashed":      {func(r *results) { r.BadStops = []string{"exit status 2"} }, "ends as it should"},
		"an open lost at the top":  {func(r *results) { lose(top(r, kindOpenNew), "file.open") }, "no loss of open new"},
		"an exec lost at 3,000":    {func(r *results) { lose(r.Rates[0], "process.exit") }, "no loss of exec"},
		"lost together":            {func(r *results) { lose(r.Together, "process.exit") }, "together"},
		"large when idle":          {func(r *results) { r.Idle.Usage.Memory.ResidentBytes = idleResidentBytesMax }, "idle"},
		"large at the top":         {func(r *results) { top(r, kindExec).Usage.Memory.PeakBytes = topResidentBytesMax }, "top rate"},
		"large when busy":          {func(r *results) { r.Busy[0].Usage.Memory.PeakBytes = busyResidentBytesMax }, "at the busy load"},
		"busy":                     {func(r *results) { r.Ordinary[0].Usage.Cores = 0.051 }, "ordinary load"},
		"busy with much":           {func(r *results) { r.Busy[0].Usage.Cores = 0.051 }, "of a core at the busy load"},
		"large maps":               {func(r *results) { r.Tracers[0].MapBytes++ }, "maps"},
		"slow to attach":           {func(r *results) { r.Tracers[0].AttachTime++ }, "attached"},
		"slow to switch":           {func(r *results) { r.Switching.Tracers[0].Off[0] = switchTimeMax }, "is switched"},
		"once very slow to switch": {func(r *results) { r.Switching.Tracers[0].On[1]++ }, "is switched"},
		"slow after an upload":     {func(r *results) { r.Switching.Uploads[0]++ }, "uploaded"},
	} {
		r := flawless()
		c.change(r)
		failed := failures(r)
		if assert.Len(t, failed, 1, name) {
			assert.Contains(t, failed[0], c.fails, name)
		}
	}
	// Connections and executions may be lost at rates beyond their limit, as long as that is counted.
	r := flawless()
	lose(top(r, kindConnect), "tcp.close")
	lose(top(r, kindExec), "process.exec")
	assert.Empty(t, failures(r))
}

func TestJudgeLoss_saysWhatCouldNotBeOffered(t *testing.T) {
	p := phaseOf(kindExec, 3000)
	p.Loads[0].Rate = 900
	v := judgeLoss([]*phase{p}, kindExec, 3000)
	assert.True(t, v.Kept)
	assert.Equal(t, "0 lost, up to 900/s, which is all that the machine offered", v.Measured)
}

func TestPublish(t *testing.T) {
	r := flawless()
	r.Machine = machine{Kernel: "6.18.1", Cores: 2, Processor: "a processor", Go: "go1.26"}
	r.Programs = []loadCost{{Kind: kindExec, Done: 10, Programs: []programCost{{"process", "process_exec", 20, 40 * time.Microsecond}}}}
	r.Slowdowns = []slowdown{{Kind: kindExec, Rounds: 5, Elapsed: pair{time.Millisecond, 2 * time.Millisecond, 2}}}
	r.Verdicts = judge(r)
	file := filepath.Join(t.TempDir(), "figures.json")
	var out bytes.Buffer
	require.NoError(t, r.publish(&out, file))
	for _, want := range []string{"Kernel 6.18.1", "a processor", "process.exec", "process_exec", "PASS  no uncounted loss"} {
		assert.Contains(t, out.String(), want)
	}
	_, row, found := strings.Cut(out.String(), "process_exec ")
	require.True(t, found)
	assert.Equal(t, []string{"20", "2.0", "2000", "4000"}, strings.Fields(row)[:4])
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(content), `"kernel": "6.18.1"`)

	page := r.costsPage()
	assert.Contains(t, page, "| exec | `process` | `process_exec` | 2.0 | 2000 | 4000 |\n")
	assert.Contains(t, page, "| `file` | 48.0 MB | 1.5s |\n| all | 48.0 MB | 1.5s |\n")

	r.Verdicts[0].Kept = false
	out.Reset()
	require.ErrorIs(t, r.publish(&out, ""), errLimits)
	assert.Contains(t, out.String(), "FAIL  no uncounted loss")
}

func TestMedian(t *testing.T) {
	assert.Equal(t, 2, median([]int{3, 1, 2}))
	assert.InDelta(t, 2.5, median([]float64{4, 1, 3, 2}), 0)
	assert.Zero(t, median([]int{}))
	p := pairOf([]operationTime{{elapsed: 2}, {elapsed: 4}, {elapsed: 10}}, []operationTime{{elapsed: 4}, {elapsed: 4}, {elapsed: 5}},
		func(t operationTime) time.Duration { return t.elapsed })
	assert.Equal(t, pair{Without: 4, With: 4, Ratio: 1}, p)
}
