// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/eventname"
)

// batch is what a stream hands to the sender: records, and how many there are of each kind.
type batch struct {
	logs   plog.Logs
	counts [kindsMax]uint64
	ledger *ledger
}

// sender passes batches on to the pipeline, so that a slow one holds up nobody who reads from the
// kernel.
type sender struct {
	next   consumer.Logs
	obs    *receiverhelper.ObsReport
	logger *zap.Logger
	queue  chan batch
	done   chan struct{}
	// eventNames tells that each event gets its name as an attribute too.
	eventNames bool
}

func newSender(next consumer.Logs, obs *receiverhelper.ObsReport, logger *zap.Logger) *sender {
	return &sender{next: next, obs: obs, logger: logger, queue: make(chan batch, queueBatchesMax), done: make(chan struct{})}
}

// enqueue waits for room for at most queueWait and drops the batch then.
func (s *sender) enqueue(b batch) {
	select {
	case s.queue <- b:
		return
	default:
	}
	timeout := time.NewTimer(queueWait)
	defer timeout.Stop()
	select {
	case s.queue <- b:
	case <-timeout.C:
		for kind, n := range b.counts {
			b.ledger.kinds[kind].lostQueue.Add(n)
		}
	}
}

// run sends until close is called and the queue is empty. When ctx ends, what still waits is dropped
// and counted.
func (s *sender) run(ctx context.Context) {
	defer close(s.done)
	for b := range s.queue {
		s.send(ctx, b)
	}
}

// close lets run end when it has sent what waits. Nobody may call enqueue any more.
func (s *sender) close() {
	close(s.queue)
	<-s.done
}

func (s *sender) send(ctx context.Context, b batch) {
	records := b.logs.LogRecordCount()
	if s.eventNames {
		eventname.AsAttribute(b.logs)
	}
	obsCtx := s.obs.StartLogsOp(ctx)
	err := s.offer(ctx, b.logs)
	s.obs.EndLogsOp(obsCtx, componentType, records, err)
	for kind, n := range b.counts {
		if err == nil {
			b.ledger.kinds[kind].delivered.Add(n)
		} else {
			b.ledger.kinds[kind].lostPipeline.Add(n)
		}
	}
	if err != nil {
		s.logger.Debug("The pipeline refused a batch of events", zap.Int("records", records), zap.Error(err))
	}
}

// offer tries again while the pipeline says that it may take the batch later. What changes data may have changed them before it
// refused them, down to nothing, so it gets a copy as long as there is another attempt.
func (s *sender) offer(ctx context.Context, logs plog.Logs) error {
	for attempt := 1; ; attempt++ {
		err := ctx.Err()
		if err == nil {
			offered := logs
			if s.next.Capabilities().MutatesData && attempt < pipelineAttemptsMax {
				offered = plog.NewLogs()
				logs.CopyTo(offered)
			}
			err = s.next.ConsumeLogs(ctx, offered)
		}
		if err == nil || consumererror.IsPermanent(err) || attempt == pipelineAttemptsMax || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(pipelineRetryWait):
		case <-ctx.Done():
		}
	}
}
