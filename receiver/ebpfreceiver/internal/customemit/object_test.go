// SPDX-License-Identifier: Apache-2.0

package customemit_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// object is what the compiler made of testdata/tracer.bpf.c.
func object(t testing.TB) *ebpf.CollectionSpec {
	t.Helper()
	spec, err := ebpf.LoadCollectionSpec("testdata/tracer_bpfel.o")
	require.NoError(t, err)
	return spec
}

// record is a constant of the object.
func record(t testing.TB, spec *ebpf.CollectionSpec, name string) []byte {
	t.Helper()
	require.Contains(t, spec.Variables, name)
	variable := spec.Variables[name]
	bytes := make([]byte, variable.Size())
	require.NoError(t, variable.Get(&bytes))
	return bytes
}

// mapTypes are those of the object's maps.
func mapTypes(spec *ebpf.CollectionSpec) map[string]customemit.MapTypes {
	all := map[string]customemit.MapTypes{}
	for name, m := range spec.Maps {
		all[name] = customemit.MapTypes{Key: m.Key, Value: m.Value, Entries: m.MaxEntries}
	}
	return all
}

// clockOffsets are what the clocks are behind the wall clock, in a scenario.
var clockOffsets = map[manifest.Clock]int64{
	manifest.ClockBoot:      time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC).UnixNano(),
	manifest.ClockMonotonic: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC).UnixNano(),
	manifest.ClockReal:      0,
}

func settings() customemit.Settings {
	return customemit.Settings{
		Order: binary.LittleEndian,
		Time: func(clock manifest.Clock, nanoseconds uint64) time.Time {
			return time.Unix(0, clockOffsets[clock]+int64(nanoseconds))
		},
		Limits:   customemit.DefaultLimits(),
		Counters: &customemit.Counters{},
	}
}

func parse(t testing.TB, text []byte) *manifest.Manifest {
	t.Helper()
	var m manifest.Manifest
	require.NoError(t, yaml.Unmarshal(text, &m))
	return &m
}
