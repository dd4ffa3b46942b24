// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

func BenchmarkReader(b *testing.B) {
	const perRun = 4000
	f := newFeeder(b, ringBytes)
	r := read(b, f, func(*Batch) {})
	program := f.newProgram(128, noWakeup)
	options := &ebpf.RunOptions{Data: make([]byte, 64), Repeat: perRun}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		_, err := program.Run(options)
		require.NoError(b, err)
		b.StartTimer()
		r.Flush()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*perRun), "ns/record")
}

func BenchmarkFlush_nothingWaits(b *testing.B) {
	f := newFeeder(b, ringBytes)
	r := read(b, f, func(*Batch) {})
	for b.Loop() {
		r.Flush()
	}
}
