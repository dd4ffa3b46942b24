// SPDX-License-Identifier: Apache-2.0

package customemit_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
)

func BenchmarkEvent(b *testing.B) {
	spec := object(b)
	for _, c := range []struct{ name, constant, text string }{
		{"simple", "step_end", "events: [{map: records, struct: step_end, name: acme.end, fields: [{field: kind}, {field: id}, {field: total}]}]"},
		{"typical", "opened_write", "events: [{map: records, struct: opened, name: acme.open, time: {field: time_ns}, process_id: tgid, cgroup_id: cgroup, " +
			"body: '{comm} opened {path}', fields: [{field: comm}, {field: path}, {field: how}, {field: latency, as: duration}, " +
			"{field: result, as: errno}, {field: peer.address}, {field: peer.port}]}]"},
		{"everything", "opened_write", "events: [{map: records, struct: opened, name: acme.open}]"},
	} {
		b.Run(c.name, func(b *testing.B) {
			events, err := customemit.NewEvents(parse(b, []byte(c.text)), spec.Types, settings())
			require.NoError(b, err)
			ring, bytes := events.Ring("records"), record(b, spec, c.constant)
			b.ReportAllocs()
			for b.Loop() {
				event, err := ring.Decode(bytes, started)
				if err != nil {
					b.Fatal(err)
				}
				event.Fill(plog.NewLogRecord())
			}
		})
	}
}

// A map with as many entries as a metric may have points.
func BenchmarkCollect(b *testing.B) {
	metrics, err := customemit.NewMetrics(parse(b, []byte(`metrics:
  - {map: traffic, name: traffic, type: sum, value: bytes, cgroup_id: cgroup, attributes: [{field: direction}, {field: name}]}`)),
		mapTypes(object(b)), started, settings())
	require.NoError(b, err)
	var entries []entry
	for n := range 1000 {
		key := make([]byte, 24)
		copy(key[18:], fmt.Sprint(n))
		entries = append(entries, entry{key: key, values: [][]byte{{1, 15: 0}}})
	}
	b.ReportAllocs()
	for b.Loop() {
		err := metrics.Collect(func(_ string, each func(key []byte, values [][]byte)) error {
			for _, e := range entries {
				each(e.key, e.values)
			}
			return nil
		}, started, host{pmetric.NewMetricSlice()})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/entry")
}
