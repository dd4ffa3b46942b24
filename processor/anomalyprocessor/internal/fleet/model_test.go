// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/delta"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

var (
	now    = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	limits = Limits{BehavioursMax: 1000, BytesMax: 1 << 20}
	rules  = Rules{HostsMin: 3, WorkloadsMin: 2}
)

func newModel(t testing.TB, l Limits) *Model {
	t.Helper()
	m, err := NewModel(l)
	require.NoError(t, err)
	return m
}

func host(n int) string { return fmt.Sprintf("host-%d", n) }

func normal(behaviours ...uint64) delta.Table { return delta.Table{Normal: behaviours} }

// incidentOf is one of host-0 with ordinary steps of these numbers.
func incidentOf(ids ...uint64) *Incident {
	i := &Incident{ID: "i", Host: host(0), Workload: "w", Version: 9}
	all := incident.Incident{}
	for _, id := range ids {
		i.Steps = append(i.Steps, Step{Behaviour: incident.Behaviour{ID: id, Weight: 8, Action: behaviour.Read}})
		all.Behaviours = append(all.Behaviours, i.Steps[len(i.Steps)-1].Behaviour)
	}
	i.Score = all.Score()
	return i
}

func TestModel_hostsMin(t *testing.T) {
	m := newModel(t, limits)
	for n := range 3 {
		m.Learn(Source{Host: host(n), Workload: "w", Sequence: 1}, normal(1, 2), now)
	}
	j := m.Judge(incidentOf(1, 2), rules, now)
	assert.Empty(t, j.Suppressed, "one of the three is the host itself")
	assert.Equal(t, []int{2, 2}, j.Hosts)
	m.Learn(Source{Host: host(3), Workload: "w", Sequence: 1}, normal(1), now)
	assert.Empty(t, m.Judge(incidentOf(1, 2), rules, now).Suppressed, "one step is not ordinary")
	m.Learn(Source{Host: host(3), Workload: "w", Sequence: 2}, normal(2), now)
	j = m.Judge(incidentOf(1, 2), rules, now)
	assert.Equal(t, "each of the 2 unusual behaviours is normal on at least 3 other hosts", j.Suppressed)
	assert.InDelta(t, incidentOf(1, 2).Score/2, j.Score, 0.01)
}

// What one host shows counts once, however often, for however many workloads.
func TestModel_poisoning(t *testing.T) {
	m := newModel(t, limits)
	for n := range 200 {
		m.Learn(Source{Host: host(1), Workload: fmt.Sprint("w", n), Version: 9, Sequence: int64(n)}, normal(1), now)
	}
	j := m.Judge(incidentOf(1), rules, now)
	assert.Empty(t, j.Suppressed)
	assert.Equal(t, []int{1}, j.Hosts)
	// A second one makes two other workloads with the same image, each on a host of its own.
	m.Learn(Source{Host: host(2), Workload: "x", Version: 9, Sequence: 1}, normal(1), now)
	assert.Contains(t, m.Judge(incidentOf(1), rules, now).Suppressed, "same image")
	other := incidentOf(1)
	other.Version = 8
	assert.Empty(t, m.Judge(other, rules, now).Suppressed, "of another image")
	// The workload itself does not count.
	m = newModel(t, limits)
	for n := range 2 {
		m.Learn(Source{Host: host(n + 1), Workload: "w", Version: 9, Sequence: 1}, normal(1), now)
	}
	assert.Empty(t, m.Judge(incidentOf(1), rules, now).Suppressed)
}

func TestModel_whatTheFleetNeverLowers(t *testing.T) {
	m := newModel(t, limits)
	for n := range 30 {
		m.Learn(Source{Host: host(n), Workload: "w", Sequence: 1}, normal(1, 2), now)
	}
	require.NotEmpty(t, m.Judge(incidentOf(1, 2), rules, now).Suppressed)
	for name, change := range map[string]func(*Incident){
		"sensitive":    func(i *Incident) { i.Steps[1].Sensitivity = behaviour.Shell },
		"malicious":    func(i *Incident) { i.Steps[1].Forbidden = true },
		"high rule":    func(i *Incident) { i.Protected = true },
		"left out":     func(i *Incident) { i.Omitted = 1 },
		"one not":      func(i *Incident) { i.Steps[1].ID = 3 },
		"nothing told": func(i *Incident) { i.Steps = nil },
		"of no weight": func(i *Incident) { i.Steps[0].Weight, i.Steps[1].Weight = 0, 0.5 },
	} {
		i := incidentOf(1, 2)
		change(i)
		j := m.Judge(i, rules, now)
		assert.Empty(t, j.Suppressed, name)
		assert.GreaterOrEqual(t, j.Score, i.Score/2, name)
	}
	m.Learn(Source{Host: host(40), Workload: "w", Sequence: 1}, delta.Table{Forbidden: []uint64{2}}, now)
	assert.Empty(t, m.Judge(incidentOf(1, 2), rules, now).Suppressed, "somebody on another host said that it is malicious")
}

// Beyond the hosts that are kept one by one there is an estimate.
func TestModel_manyHosts(t *testing.T) {
	m := newModel(t, limits)
	for _, count := range []int{exactMax, exactMax + 1, 100, 1000} {
		for n := range count {
			m.Learn(Source{Host: host(n), Workload: "w", Sequence: int64(count)}, normal(1), now)
		}
		hosts := m.Judge(incidentOf(1), rules, now).Hosts[0]
		assert.InEpsilon(t, count-1, hosts, 0.15, count)
		assert.GreaterOrEqual(t, hosts, min(count-1, exactMax))
	}
}

func TestModel_sequence(t *testing.T) {
	m := newModel(t, limits)
	for _, sequence := range []int64{5, 5, 6, 9, 7, -1 << 63, 9} {
		m.Learn(Source{Host: "h", Workload: "w", Sequence: sequence}, normal(1), now)
	}
	s := m.Stats()
	assert.Equal(t, uint64(2), s.Repeated)
	assert.Equal(t, uint64(1), s.Missed)
	assert.Equal(t, 1, s.Sources)
}

// What nobody tells any more is forgotten after two days.
func TestModel_age(t *testing.T) {
	m := newModel(t, limits)
	for n := range 5 {
		m.Learn(Source{Host: host(n), Workload: "w", Sequence: 1}, normal(1), now)
	}
	assert.NotEmpty(t, m.Judge(incidentOf(1), rules, now.Add(24*time.Hour)).Suppressed)
	for n := range 2 {
		m.Learn(Source{Host: host(n), Workload: "w", Sequence: 2}, normal(1), now.Add(24*time.Hour))
	}
	assert.NotEmpty(t, m.Judge(incidentOf(1), rules, now.Add(24*time.Hour)).Suppressed)
	assert.Equal(t, []int{1}, m.Judge(incidentOf(1), rules, now.Add(48*time.Hour)).Hosts)
	assert.Equal(t, []int{0}, m.Judge(incidentOf(1), rules, now.Add(96*time.Hour)).Hosts)
}

// A host that makes up behaviours drives out only what single hosts show.
func TestModel_flood(t *testing.T) {
	m := newModel(t, limits)
	for n := range 5 {
		m.Learn(Source{Host: host(n), Workload: "w", Sequence: 1}, normal(1), now)
	}
	for n := range 100 {
		var made []uint64
		for k := range 100 {
			made = append(made, uint64(1000+n*100+k))
		}
		m.Learn(Source{Host: "evil", Workload: "w", Version: uint64(n), Sequence: int64(n)}, normal(made...), now)
	}
	assert.NotEmpty(t, m.Judge(incidentOf(1), rules, now).Suppressed)
	s := m.Stats()
	assert.LessOrEqual(t, s.Behaviours, limits.BehavioursMax)
	assert.LessOrEqual(t, s.Bytes, limits.BytesMax)
	assert.Positive(t, s.Forgotten)
}

// The bytes that are counted are those that are taken, within a third.
func TestModel_bytes(t *testing.T) {
	for _, hosts := range []int{1, 5, 40} {
		m := newModel(t, Limits{BehavioursMax: 20_000, BytesMax: 1 << 30})
		before := heap()
		table := make([]uint64, 5000)
		for n := range table {
			table[n] = uint64(n) * 0x9e3779b97f4a7c15
		}
		for n := range hosts {
			m.Learn(Source{Host: host(n), Workload: "w", Sequence: 1}, normal(table...), now)
		}
		took := float64(heap() - before)
		t.Logf("%d hosts: %.0f bytes for each behaviour, counted as %d", hosts, took/5000, m.Stats().Bytes/5000)
		assert.LessOrEqual(t, took, float64(m.Stats().Bytes)*1.35)
		runtime.KeepAlive(m)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
