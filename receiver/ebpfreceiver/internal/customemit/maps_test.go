// SPDX-License-Identifier: Apache-2.0

//go:build linux

package customemit_test

import (
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
)

// host takes the points of nobody.
type host struct{ pmetric.MetricSlice }

func (h host) Metrics(customemit.Owner) pmetric.MetricSlice { return h.MetricSlice }

func (host) Describe(customemit.Owner, pcommon.Map) {}

// Maps as the kernel has them, of each kind.
func TestReadMap(t *testing.T) {
	require.NoError(t, rlimit.RemoveMemlock())
	spec := object(t)
	maps := map[string]*ebpf.Map{}
	for _, name := range []string{"traffic", "latencies", "sizes", "waiting", "slots"} {
		m, err := ebpf.NewMap(spec.Maps[name])
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, m.Close()) })
		maps[name] = m
	}
	processors, err := ebpf.PossibleCPU()
	require.NoError(t, err)

	bytes := func(numbers ...uint64) []byte {
		var b []byte
		for _, n := range numbers {
			b = binary.NativeEndian.AppendUint64(b, n)
		}
		return b
	}
	for n := range uint64(3) {
		require.NoError(t, maps["traffic"].Put(bytes(n, 0, n), bytes(10, 1)))
	}
	require.NoError(t, maps["latencies"].Put(uint32(1), append(bytes(0, 1, 2), 3, 0, 0, 0, 0, 0, 0, 0)))
	require.NoError(t, maps["sizes"].Put(uint32(2), uint64(5)))
	waiting, slots := make([]int32, processors), make([]uint64, processors)
	want := int64(0)
	for n := range processors {
		waiting[n], slots[n] = int32(3-n), uint64(n+1)
		want += int64(3 - n)
	}
	require.NoError(t, maps["waiting"].Put(uint32(0), waiting))
	require.NoError(t, maps["slots"].Put(append([]byte("bash\x00\x00\x00\x00"), 1, 0, 0, 0), slots))

	metrics, err := customemit.NewMetrics(parse(t, []byte(`metrics:
  - {map: traffic, name: traffic, type: sum, value: bytes}
  - {map: latencies, name: latencies, type: histogram, value: slots, buckets: {scale: log2}}
  - {map: sizes, name: sizes, type: histogram, buckets: {scale: log2}}
  - {map: waiting, name: waiting, type: gauge}
  - {map: slots, name: slots, type: sum, attributes: [{field: comm}]}`)), mapTypes(spec), started, settings())
	require.NoError(t, err)
	to := host{pmetric.NewMetricSlice()}
	read := func(name string, entry func(key []byte, values [][]byte)) error {
		return customemit.ReadMap(maps[name], entry)
	}
	require.NoError(t, metrics.Collect(read, started, to))
	require.Equal(t, 5, to.Len())
	assert.Equal(t, int64(30), to.At(0).Sum().DataPoints().At(0).IntValue())
	assert.Equal(t, []uint64{1, 0, 2, 0, 3}, to.At(1).Histogram().DataPoints().At(0).BucketCounts().AsRaw())
	assert.Equal(t, []uint64{0, 0, 5, 0}, to.At(2).Histogram().DataPoints().At(0).BucketCounts().AsRaw())
	assert.Equal(t, want, to.At(3).Gauge().DataPoints().At(0).IntValue())
	assert.Equal(t, int64(processors*(processors+1)/2), to.At(4).Sum().DataPoints().At(0).IntValue())
	assert.Equal(t, map[string]any{"slots.comm": "bash"}, to.At(4).Sum().DataPoints().At(0).Attributes().AsRaw())

	require.NoError(t, maps["sizes"].Close())
	assert.ErrorContains(t, metrics.Collect(read, started, to), `read map "sizes": `)
}
