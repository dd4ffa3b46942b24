// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// overflowCgroup is the key under which the kernel half counts workloads beyond its bound.
const overflowCgroup = 0

// workloadMetrics reads the counts per workload from the kernel and hands them on as metrics.
type workloadMetrics struct {
	session *session
	next    consumer.Metrics
	obs     *receiverhelper.ObsReport
	// collecting is held while counts are read and sent, so that they arrive in order.
	collecting sync.Mutex
}

func newWorkloadMetrics(s *session, next consumer.Metrics, obs *receiverhelper.ObsReport) *workloadMetrics {
	return &workloadMetrics{session: s, next: next, obs: obs}
}

// run reads at each interval, and once more at the end.
func (m *workloadMetrics) run(ctx context.Context, interval time.Duration) {
	collect := func(ctx context.Context) {
		m.collect(ctx, m.session.tracers.running(), m.session.customs.list())
		// After their counts were read, with which their names are emitted for the last time.
		m.session.forgetRemoved()
	}
	every(ctx, interval, func() { collect(ctx) })
	last, cancel := context.WithTimeout(context.Background(), pipelineRetryWait)
	defer cancel()
	collect(last)
}

// collectLast reads the counts of a tracer that is about to be closed.
func (s *session) collectLast(st *stream) {
	s.collectOnce([]*stream{st}, nil)
}

// collectLastOf is collectLast for a tracer of somebody else.
func (s *session) collectLastOf(u *customUnit) { s.collectOnce(nil, []*customUnit{u}) }

func (s *session) collectOnce(streams []*stream, customs []*customUnit) {
	if s.metrics == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pipelineRetryWait)
	defer cancel()
	s.metrics.collect(ctx, streams, customs)
}

func (m *workloadMetrics) collect(ctx context.Context, streams []*stream, customs []*customUnit) {
	m.collecting.Lock()
	defer m.collecting.Unlock()
	s := m.session
	batch := emit.NewMetrics(s.scope, s.host, time.Now())
	for _, st := range streams {
		batch.Since(st.opened)
		if err := m.readHeldBack(st, batch); err != nil {
			s.logger.Warn("What was held back can't be read", zap.Error(err))
		}
		if st.tracer.Workloads() == nil || !st.wanted.Load() {
			continue
		}
		if err := m.read(st, batch); err != nil {
			s.logger.Warn("The counts of workloads can't be read", zap.String("tracer", st.tracer.Name()), zap.Error(err))
		}
	}
	for _, u := range customs {
		if err := u.collect(customDestination{session: s, batch: batch, now: time.Now()}); err != nil {
			s.logger.Warn("The maps of a tracer can't be read", zap.String("tracer", u.name), zap.Error(err))
		}
	}
	metrics := batch.Take()
	points := metrics.DataPointCount()
	if points == 0 {
		return
	}
	obsCtx := m.obs.StartMetricsOp(ctx)
	err := m.next.ConsumeMetrics(ctx, metrics)
	m.obs.EndMetricsOp(obsCtx, componentType, points, err)
	if err != nil {
		// The sums are cumulative: the next batch says what this one would have.
		s.logger.Debug("The pipeline refused metrics", zap.Int("points", points), zap.Error(err))
	}
}

// read appends the counts of every workload of one tracer.
func (m *workloadMetrics) read(st *stream, batch *emit.Metrics) error {
	var cgroup uint64
	value := make([]byte, st.tracer.Workloads().ValueSize())
	entries := st.tracer.Workloads().Iterate()
	for entries.Next(&cgroup, &value) {
		counts := emit.WorkloadCounts{Workload: m.workload(cgroup), Overflow: cgroup == overflowCgroup}
		for at := 0; at+8 <= len(value); at += 8 {
			counts.Values = append(counts.Values, binary.NativeEndian.Uint64(value[at:]))
		}
		batch.Append(st.workloadCounts, counts)
	}
	// The map changes while it is read: what was passed over comes with the next batch.
	if err := entries.Err(); err != nil && !errors.Is(err, ebpf.ErrIterationAborted) {
		return err
	}
	return nil
}

// readHeldBack appends how many events of one tracer the rate limit has held back.
func (m *workloadMetrics) readHeldBack(st *stream, batch *emit.Metrics) error {
	heldBack, err := st.tracer.HeldBack()
	for _, h := range heldBack {
		count := emit.Count{
			Metric: names.EventsHeldBack(), Attribute: names.EventName,
			Value: "meerkat." + st.tracer.Name() + "." + st.tracer.Kinds()[h.Kind],
		}
		batch.Append([]emit.Count{count}, emit.WorkloadCounts{
			Workload: m.workload(h.Cgroup), Overflow: h.Cgroup == overflowCgroup, Values: []uint64{h.Events},
		})
	}
	return err
}

func (m *workloadMetrics) workload(cgroup uint64) *process.Workload {
	if cgroup == overflowCgroup {
		return &process.Workload{}
	}
	workloads := m.session.identity.workloads
	return workloads.Settled(workloads.Lookup(cgroup))
}
