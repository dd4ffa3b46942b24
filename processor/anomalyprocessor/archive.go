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

// archive is the storage that an agent or a gateway keeps what it knows in. It is read and written in a goroutine of its own, so that a storage that is
// slow or broken holds up neither events nor incidents.
type archive struct {
	logger    *zap.Logger
	config    *Config
	id        component.ID // of the processor
	name      string       // of the storage within those of the processor
	extension storage.Extension
	words     archiveWords
	telemetry *stateTelemetry
	stats     state.Stats
	// unopened counts clients that the storage did not give, encoding what could not be written down, superseded incidents that were not taken in,
	// since there were new ones.
	unopened, encoding, superseded atomic.Uint64
	// savedAt is when everything was written last, in nanoseconds since 1970.
	savedAt atomic.Int64

	// work is held while the storage is read or written. It guards what follows.
	work  sync.Mutex
	store *state.Store // nil until the storage gives a client
	// loaded tells that everything was read that was kept, failing that the storage did not do what it was asked for the last time.
	loaded, failing bool

	stop context.CancelFunc
	// read is closed after the first attempt to read, done at the end.
	read, done chan struct{}
}

// archiveWords are what is said of a storage, for who is to know what is kept in it.
type archiveWords struct {
	// slow is said when the start goes on without what was kept, unfinished when the end does, failing when it can't be read or written.
	slow, unfinished, failing string
}

// findStorage returns the storage that is configured, nil if none is.
func (c *Config) findStorage(host component.Host) (storage.Extension, error) {
	if c.Storage == nil {
		return nil, nil
	}
	extension, ok := host.GetExtensions()[*c.Storage].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: %q is not a storage extension of this collector; add it to extensions and service::extensions", c.Storage)
	}
	return extension, nil
}

// begin reads what was kept and goes on with loop, until the end. It waits for the reading for a while.
func (a *archive) begin(ctx context.Context, load, loop func(context.Context)) {
	running, stop := context.WithCancel(context.Background())
	a.stop, a.read, a.done = stop, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(a.done)
		load(running)
		close(a.read)
		loop(running)
	}()
	limit := time.NewTimer(stateStartMax)
	defer limit.Stop()
	select {
	case <-a.read:
		return
	case <-limit.C:
	case <-ctx.Done():
	}
	a.logger.Warn(a.words.slow)
}

// end lets the loop end, and waits for that for a while.
func (a *archive) end(ctx context.Context) {
	a.stop()
	limit := time.NewTimer(stateFinishMax + stateOperationMax)
	defer limit.Stop()
	select {
	case <-a.done:
		return
	case <-limit.C:
	case <-ctx.Done():
	}
	a.logger.Error(a.words.unfinished, zap.Time("last", time.Unix(0, a.savedAt.Load())))
}

// finish writes everything once more with save, and lets the storage go.
func (a *archive) finish(save func(context.Context)) {
	ctx, cancel := context.WithTimeout(context.Background(), stateFinishMax)
	defer cancel()
	save(ctx)
	a.work.Lock()
	defer a.work.Unlock()
	if a.store == nil {
		return
	}
	if err := a.store.Close(ctx); err != nil {
		a.logger.Warn("The storage can't be closed", zap.Error(err))
	}
	a.store = nil
}

// open opens the storage and reads its index.
func (a *archive) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stateStartMax)
	defer cancel()
	if a.store == nil {
		client, err := a.extension.GetClient(ctx, component.KindProcessor, a.id, a.name)
		if err != nil {
			a.unopened.Add(1)
			return fmt.Errorf("open: %w", err)
		}
		a.store = state.New(client, &a.stats, a.logger)
	}
	return a.store.Open(ctx)
}

func (a *archive) flushFull(ctx context.Context) error {
	if a.store.Full() {
		return a.flush(ctx)
	}
	return nil
}

func (a *archive) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stateOperationMax)
	defer cancel()
	return a.store.Flush(ctx)
}

// report says how the storage is, when that changes or at each attempt if always.
func (a *archive) report(ctx context.Context, err error, always bool) {
	switch {
	case err == nil && a.failing:
		a.logger.Info("The storage does what it is asked for again")
	case err != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled): // the last attempt comes yet
		return
	case err != nil && (always || !a.failing):
		a.logger.Error(a.words.failing, zap.Stringer("storage", a.config.Storage), zap.Duration("interval", a.config.State.Interval), zap.Error(err))
	}
	a.failing = err != nil
}
