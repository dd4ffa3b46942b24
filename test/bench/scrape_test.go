// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const page = `# HELP otelcol_ebpf_events Events
# TYPE otelcol_ebpf_events counter
otelcol_ebpf_events{event="open",outcome="offered",tracer="file"} 1.2e+06
otelcol_ebpf_events{event="open",outcome="delivered",tracer="file"} 200000
otelcol_ebpf_events{event="open",outcome="filtered",tracer="file"} 300000
otelcol_ebpf_events{event="open",outcome="aggregated",tracer="file"} 699990
otelcol_ebpf_events_lost{event="open",stage="ring",tracer="file"} 7
otelcol_ebpf_events_lost{event="open",stage="queue",tracer="file"} 1
otelcol_ebpf_events_in_flight{event="open",tracer="file"} 2
otelcol_ebpf_events_unidentified{event="open",reason="stale",tracer="file"} 3
otelcol_ebpf_events_unidentified{event="open",reason="missing",tracer="file"} 4
otelcol_ebpf_events_not_deduplicated{event="open",tracer="file"} 5
otelcol_ebpf_program_runs{program="file_sys_exit",tracer="file"} 1000
otelcol_ebpf_program_run_time{program="file_sys_exit",tracer="file"} 0.0005
process_cpu_seconds_total 12.5
`

func parsed(t *testing.T, text string) []sample {
	t.Helper()
	samples, err := parseSamples(strings.NewReader(text))
	require.NoError(t, err)
	return samples
}

func TestBalanceOf(t *testing.T) {
	b := balanceOf(parsed(t, page))
	require.Len(t, b, 1)
	a := b["file.open"]
	assert.Equal(t, account{
		Offered: 1_200_000, Delivered: 200_000, Filtered: 300_000, Aggregated: 699_990,
		Lost: map[string]int64{"ring": 7, "queue": 1}, InFlight: 2, Unidentified: 7, NotDeduplicated: 5,
	}, a)
	assert.EqualValues(t, 8, a.lost())
	assert.EqualValues(t, 2, a.unaccounted())

	before := account{Offered: 1_000_000, Delivered: 100_000, Lost: map[string]int64{"ring": 7}}
	d := balance{"file.open": a}.since(balance{"file.open": before})["file.open"]
	assert.EqualValues(t, 200_000, d.Offered)
	assert.EqualValues(t, 100_000, d.Delivered)
	assert.Equal(t, map[string]int64{"ring": 0, "queue": 1}, d.Lost)
}

func TestProgramsOf(t *testing.T) {
	after := programsOf(parsed(t, page))
	require.Len(t, after, 1)
	assert.Equal(t, programCost{Tracer: "file", Program: "file_sys_exit", Runs: 1000, Time: 500 * time.Microsecond}, after[0])
	assert.Equal(t, 500*time.Nanosecond, after[0].perRun())
	since := programsSince([]programCost{{Tracer: "file", Program: "file_sys_exit", Runs: 400, Time: 100 * time.Microsecond}}, after)
	assert.Equal(t, []programCost{{Tracer: "file", Program: "file_sys_exit", Runs: 600, Time: 400 * time.Microsecond}}, since)
	assert.Empty(t, programsSince(after, after), "what did not run is left out")
}

func TestParseSamples_escapes(t *testing.T) {
	samples := parsed(t, `name{a="x\"y,}{",b="\\n"} +Inf`+"\n\n"+`bare -3`)
	require.Len(t, samples, 2)
	assert.Equal(t, map[string]string{"a": `x"y,}{`, "b": `\n`}, samples[0].labels)
	assert.Equal(t, "bare", samples[1].name)
	assert.InDelta(t, -3, samples[1].value, 0)
}

func TestParseSamples_refuses(t *testing.T) {
	for _, line := range []string{"name", "{a=\"b\"} 1", "name{a=b} 1", "name{a=\"b\" 1", "name{a=\"b\"}", "name one", `name{a} 1`} {
		_, err := parseSamples(strings.NewReader(line))
		assert.ErrorIs(t, err, errSyntax, line)
	}
}
