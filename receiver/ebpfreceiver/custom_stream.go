// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/ring"
)

// customStream takes the records of one ring buffer of somebody else's tracer to the sender.
type customStream struct {
	unit   *customUnit
	ring   *customemit.Ring
	logs   *emit.Logs
	counts [kindsMax]uint64
	budget customBudget
}

func newCustomStream(u *customUnit, r *customemit.Ring) *customStream {
	return &customStream{
		unit: u, ring: r, logs: u.session.newLogs(), budget: customBudget{max: u.session.config.CustomTracers.EventsPerSecondMax},
	}
}

// handle is the ring reader's callback.
func (s *customStream) handle(b *ring.Batch) {
	session := s.unit.session
	session.tracers.catchUpOnProcesses()
	now := time.Now()
	for i := range b.Len() {
		s.handleRecord(b.Record(i), now)
		if s.logs.Len() >= batchRecordsMax {
			s.flush()
		}
	}
	s.flush()
}

func (s *customStream) handleRecord(record []byte, now time.Time) {
	event, err := s.ring.Decode(record, now)
	if err != nil {
		s.unit.ledger.unknownKind.Add(1)
		return
	}
	kind := slices.Index(s.unit.kinds, event.Name)
	counters := &s.unit.ledger.kinds[kind]
	counters.offered.Add(1)
	admitted, exceeded := s.budget.take(now)
	if exceeded && !s.budget.told {
		s.budget.told = true
		s.unit.session.customs.exceeded(s.unit, fmt.Errorf("it had more than %d events per second for %d seconds", s.budget.max, customOverBudgetSecondsMax))
	}
	if !admitted {
		counters.heldBack.Add(1)
		return
	}
	who := s.unit.session.ownerOf(event.Owner, event.Time)
	if s.unit.session.sender == nil || !s.unit.session.filter.wantsOwner(who) {
		counters.filtered.Add(1)
		return
	}
	s.logs.AppendMade(who, event.Fill)
	s.counts[kind]++
}

func (s *customStream) flush() {
	if s.logs.Len() == 0 {
		return
	}
	s.unit.session.sender.enqueue(batch{logs: s.logs.Take(), counts: s.counts, ledger: &s.unit.ledger})
	s.counts = [kindsMax]uint64{}
}

// ownerOf finds out whose something is by the ids that it has. Where version 2 of cgroups does not name workloads, the
// process tells more than its id of version 2, which is often that of the root.
func (s *session) ownerOf(owner customemit.Owner, at time.Time) emit.Who {
	who := emit.Who{Workload: &process.Workload{}}
	if owner.PID != 0 {
		who.Process = s.identity.processes.Holder(owner.PID, s.identity.clock.At(at))
	}
	unified := s.identity.unified
	switch {
	case who.Process != nil && who.Process.CgroupID != 0 && (owner.CgroupID == 0 || unified != nil):
		who.Workload = s.identity.workloads.Lookup(who.Process.CgroupID)
	case owner.CgroupID == 0:
	case unified != nil:
		who.Workload = unified.Lookup(owner.CgroupID)
	default:
		who.Workload = s.identity.workloads.Lookup(owner.CgroupID)
	}
	return who
}

// customTime converts what a clock of the kernel has told.
func (s *session) customTime(clock manifest.Clock, nanoseconds uint64) time.Time {
	switch clock {
	case manifest.ClockReal:
		return time.Unix(0, int64(nanoseconds))
	case manifest.ClockMonotonic:
		return s.identity.clock.MonotonicTime(nanoseconds)
	default:
		return s.identity.clock.Time(nanoseconds)
	}
}

// customDestination is where the data points of somebody else's metrics go.
type customDestination struct {
	session *session
	batch   *emit.Metrics
	now     time.Time
}

// Metrics implements customemit.Destination.
func (d customDestination) Metrics(owner customemit.Owner) pmetric.MetricSlice {
	workload := d.session.ownerOf(owner, d.now).Workload
	return d.batch.Of(d.session.identity.workloads.Settled(workload))
}

// Describe implements customemit.Destination.
func (d customDestination) Describe(owner customemit.Owner, attributes pcommon.Map) {
	if owner.PID == 0 {
		return
	}
	if who := d.session.ownerOf(owner, d.now); who.Process != nil {
		emit.PutProcess(attributes, who.Process)
		return
	}
	emit.PutPID(attributes, owner.PID)
}

// collect appends the data points of a tracer's metrics, if it runs.
func (u *customUnit) collect(to customDestination) error {
	live, metrics := u.current()
	if live == nil || metrics == nil {
		return nil
	}
	read := func(name string, entry func(key []byte, values [][]byte)) error {
		return customemit.ReadMap(live.Map(name), entry)
	}
	return metrics.Collect(read, to.now, to)
}
