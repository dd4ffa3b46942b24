// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/state"
)

// storageName is the name of the storage within those of the processor.
const storageName = "state"

// keeper keeps what is known in a storage, and takes it in at the start. All of it happens in one goroutine of its own, so that a storage
// that is slow or broken holds up neither events nor incidents. nil is a keeper without a storage.
type keeper struct {
	core      *core
	logger    *zap.Logger
	extension storage.Extension
	telemetry *stateTelemetry
	stats     state.Stats
	tally     stateTally
	// roundBytesMax is stateRoundBytesMax, unless a test has changed it.
	roundBytesMax uint64
	// savedAt is when everything was written last, in nanoseconds since 1970.
	savedAt atomic.Int64

	// work is held while the storage is read or written. It guards what follows.
	work  sync.Mutex
	store *state.Store // nil until the storage gives a client
	// loaded tells that everything was read that was kept, failing that the storage did not do what it was asked for the last time.
	loaded, failing bool

	mu sync.Mutex
	// waiting are workloads that are to be written soon.
	waiting map[string]struct{}

	stop context.CancelFunc
	// read is closed after the first attempt to read, done at the end.
	read, done chan struct{}
}

// stateTally counts what package state does not.
type stateTally struct {
	// open counts clients that the storage did not give, forgotten workloads that were kept and have no room, reduced incidents of workloads of
	// which not all is kept, postponed and hurried workloads that had to wait for the next interval, encoding what could not be written down,
	// superseded incidents that were not taken in, since there were new ones.
	open, forgotten, reduced, postponed, hurried, encoding, superseded atomic.Uint64
}

// named gives the core the name that the processor has in the configuration.
func (c *core) named(id component.ID) *core {
	c.id = id
	return c
}

// newKeeper finds the storage that is configured.
func newKeeper(c *core, host component.Host) (*keeper, error) {
	if c.config.Storage == nil {
		return nil, nil
	}
	extension, ok := host.GetExtensions()[*c.config.Storage].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: %q is not a storage extension of this collector; add it to extensions and service::extensions", c.config.Storage)
	}
	k := &keeper{core: c, logger: c.logger, extension: extension, waiting: map[string]struct{}{}, roundBytesMax: stateRoundBytesMax}
	k.savedAt.Store(c.now().UnixNano())
	var err error
	k.telemetry, err = newStateTelemetry(c.settings, k)
	return k, err
}

// start reads what was kept, and waits for that for a while.
func (k *keeper) start(ctx context.Context) {
	if k == nil {
		return
	}
	running, stop := context.WithCancel(context.Background())
	k.stop, k.read, k.done = stop, make(chan struct{}), make(chan struct{})
	go k.run(running)
	limit := time.NewTimer(stateStartMax)
	defer limit.Stop()
	select {
	case <-k.read:
		return
	case <-limit.C:
	case <-ctx.Done():
	}
	k.logger.Warn("The storage is slow: events are judged without what was learned before, until it has been read")
}

func (k *keeper) run(ctx context.Context) {
	defer close(k.done)
	k.load(ctx)
	close(k.read)
	regular, soon := time.NewTicker(k.core.config.State.Interval), time.NewTicker(k.core.soonEvery)
	defer regular.Stop()
	defer soon.Stop()
	for {
		select {
		case <-ctx.Done():
			k.finish()
			return
		case <-regular.C:
			k.round(ctx, false)
		case <-soon.C:
			k.saveWaiting(ctx)
		}
	}
}

// soon lets a workload be written within seconds: something was told of it. Its owner calls it.
func (k *keeper) soon(workload string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.waiting[workload]; !ok && len(k.waiting) >= stateSoonMax {
		k.tally.hurried.Add(1)
		return
	}
	k.waiting[workload] = struct{}{}
}

// shutdown writes everything, and waits for that for a while.
func (k *keeper) shutdown(ctx context.Context) {
	if k == nil {
		return
	}
	k.stop()
	limit := time.NewTimer(stateFinishMax + stateOperationMax)
	defer limit.Stop()
	select {
	case <-k.done:
		return
	case <-limit.C:
	case <-ctx.Done():
	}
	k.logger.Error("The storage does not come to an end: what was learned since the last writing may be lost",
		zap.Time("last", time.Unix(0, k.savedAt.Load())))
}

// finish writes everything once more, and lets the storage go.
func (k *keeper) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), stateFinishMax)
	defer cancel()
	k.round(ctx, true)
	k.work.Lock()
	defer k.work.Unlock()
	if k.store == nil {
		return
	}
	if err := k.store.Close(ctx); err != nil {
		k.logger.Warn("The storage can't be closed", zap.Error(err))
	}
	k.store = nil
}

// close ends what newKeeper began.
func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	return k.telemetry.close()
}

// report says how the storage is, when that changes or at each attempt if always.
func (k *keeper) report(ctx context.Context, err error, always bool) {
	switch {
	case err == nil && k.failing:
		k.logger.Info("The storage does what it is asked for again")
	case err != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled): // the last attempt comes yet
		return
	case err != nil && (always || !k.failing):
		k.logger.Error("What was learned can't be read from the storage or written to it. Events are judged all the same, and it is tried again; "+
			"see that the storage has room, that it can be written to, and that nobody else has it open",
			zap.Stringer("storage", k.core.config.Storage), zap.Duration("interval", k.core.config.State.Interval), zap.Error(err))
	}
	k.failing = err != nil
}
