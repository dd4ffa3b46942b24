// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// benchWorkloads is how many workloads the benchmarks have.
const benchWorkloads = 400

// full is a started pair with a real storage and workloads whose profiles are as large as they become together.
func full(b *testing.B) *pair {
	b.Helper()
	p, _ := keeping(b, newStorage(b, b.TempDir()), nil)
	p.start(b)
	for n := range 20_000 {
		data := reverseShell("web", 7, p.now)
		data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(log plog.LogRecord) bool {
			log.Attributes().PutStr(names.ProcessExecutablePath, fmt.Sprintf("/opt/%c%c/%c%c", 'a'+n%23, 'a'+n/23%19, 'a'+n/437%17, 'a'+n%13))
			log.Attributes().Remove(names.ProcessCommandArgs)
			return false
		})
		require.NoError(b, p.pipelines[0].ConsumeLogs(context.Background(), data))
	}
	exported, ok := p.core.exportProfile(workloadWeb)
	require.True(b, ok)
	for n := range benchWorkloads {
		require.NoError(b, p.core.importProfileFor(fmt.Sprint("prod/shop/deployment/w", n), exported))
	}
	return p
}

// BenchmarkState_save is what writing all of it costs at the end, if all of it has changed.
func BenchmarkState_save(b *testing.B) {
	p := full(b)
	defer p.shutdown(b)
	k := p.core.state
	for b.Loop() {
		b.StopTimer()
		for _, workload := range p.core.profiles.Workloads() {
			of := p.core.profiles.Acquire(workload)
			of.WouldBeIncident()
			of.Release()
		}
		b.StartTimer()
		k.round(context.Background(), true)
	}
	b.ReportMetric(float64(k.stats.Bytes.Load())/(benchWorkloads+1), "bytes/workload")
}

// BenchmarkState_unchanged is what an interval costs in which nothing has happened.
func BenchmarkState_unchanged(b *testing.B) {
	p := full(b)
	defer p.shutdown(b)
	p.core.state.round(context.Background(), true)
	for b.Loop() {
		p.core.state.round(context.Background(), false)
	}
}

// BenchmarkState_restart is what the start costs with all of it.
func BenchmarkState_restart(b *testing.B) {
	p := full(b)
	p.shutdown(b)
	for b.Loop() {
		p.create(b)
		p.start(b)
		b.StopTimer()
		require.Len(b, p.core.profiles.Workloads(), benchWorkloads+1)
		p.shutdown(b)
		b.StartTimer()
	}
}

// BenchmarkState_hold is for how long the owner of a full profile has to wait.
func BenchmarkState_hold(b *testing.B) {
	p := full(b)
	defer p.shutdown(b)
	for b.Loop() {
		p.core.profiles.Find(workloadWeb, func(of *profile.Profile) {
			of.Encode()
			p.core.incidentsOf(of)
		})
	}
}
