// SPDX-License-Identifier: Apache-2.0

package emit_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// benchmarkBatch is how many records are put into one batch.
const benchmarkBatch = 1000

// BenchmarkLogs takes recorded records from bytes to OTLP, by tracer.
func BenchmarkLogs(b *testing.B) {
	for tracer, scenario := range map[string]string{
		"process":   "process_pipeline",
		"file":      "file_operations",
		"tcp":       "tcp_connections",
		"socket":    "sockets",
		"ipc":       "ipc_objects",
		"udp":       "udp_flows",
		"privilege": "privilege_changes",
		"mount":     "mount_operations",
		"injection": "injection_techniques",
	} {
		b.Run(tracer, func(b *testing.B) {
			r := newReplay(b)
			var records [][]byte
			for _, step := range readScenario(b, scenarioFolder+"/"+scenario+".txtar").Files {
				of, kind, _ := strings.Cut(step.Name, " ")
				switch {
				case of == tracer && !slices.Contains([]string{"logs", "seen", "snapshot", "flow closed"}, kind):
					records = append(records, undump(b, step.Data))
				case kind != "logs" && kind != "seen":
					r.step(&step)
				}
			}
			s := r.streams[tracer]
			s.logs.NumberRecords(emit.NewUIDs())
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				event, err := s.decoder.Decode(records[n%len(records)])
				if err != nil {
					b.Fatal(err)
				}
				who, _ := r.identify(event)
				r.emit(s, event, who)
				if n++; n%benchmarkBatch == 0 {
					s.logs.Take()
				}
			}
		})
	}
}

// BenchmarkMetrics writes the counts of a thousand workloads, of all tracers.
func BenchmarkMetrics(b *testing.B) {
	const workloads = 1000
	host := emit.Host{Name: "node1", ID: "0123", Arch: "amd64"}
	all := make([]process.Workload, workloads)
	for i := range all {
		all[i] = process.Workload{CgroupID: uint64(i), Container: container.Container{ID: strings.Repeat("a", 64), Runtime: "docker"}}
	}
	values := []uint64{1, 2, 3, 4, 5, 6, 7}
	b.ReportAllocs()
	points := 0
	for b.Loop() {
		m := emit.NewMetrics(emit.Scope{Name: "scope"}, host, time.Unix(2, 0))
		for i := range all {
			for _, counts := range [][]emit.Count{emit.ProcessCounts(), emit.FileCounts(), emit.TCPCounts()} {
				m.Append(counts, emit.WorkloadCounts{Workload: &all[i], Values: values[:len(counts)]})
			}
		}
		points = m.Take().DataPointCount()
	}
	require.Equal(b, workloads*17, points)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*points), "ns/point")
}
