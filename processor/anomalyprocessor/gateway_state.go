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

// gatewayStorageName is the name of a gateway's storage within those of the processor.
const gatewayStorageName = "gateway"

// gatewayKeeper keeps what a gateway knows in a storage, and takes it in at the start. It reads and writes in a goroutine of its own, so that a storage
// that is slow or broken holds up nobody. nil is a keeper without a storage.
type gatewayKeeper struct {
	gateway   *gateway
	logger    *zap.Logger
	id        component.ID
	extension storage.Extension
	telemetry *gatewayStateTelemetry
	stats     state.Stats
	// open counts clients that the storage did not give, encoding what could not be written down, superseded incidents that were not taken in since
	// there were new ones.
	open, encoding, superseded atomic.Uint64
	// savedAt is when everything was written last, in nanoseconds since 1970.
	savedAt atomic.Int64

	// work is held while the storage is read or written. It guards what follows.
	work    sync.Mutex
	store   *state.Store // nil until the storage gives a client
	loaded  bool
	failing bool
	// rounds counts what was written, for the order of use.
	rounds uint64

	stop       context.CancelFunc
	read, done chan struct{}
}

// newGatewayKeeper finds the storage that is configured.
func newGatewayKeeper(g *gateway, host component.Host) (*gatewayKeeper, error) {
	if g.config.Storage == nil {
		return nil, nil
	}
	extension, ok := host.GetExtensions()[*g.config.Storage].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: %q is not a storage extension of this collector; add it to extensions and service::extensions", g.config.Storage)
	}
	k := &gatewayKeeper{gateway: g, logger: g.logger, id: g.id, extension: extension}
	k.savedAt.Store(g.now().UnixNano())
	var err error
	k.telemetry, err = newGatewayStateTelemetry(g.settings, k)
	return k, err
}

// start reads what was kept, and waits for that for a while.
func (k *gatewayKeeper) start(ctx context.Context) {
	if k == nil {
		return
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	k.stop, k.read, k.done = stop, make(chan struct{}), make(chan struct{})
	go k.run(running) //nolint:gosec // it ends with shutdown, and not with the start
	limit := time.NewTimer(stateStartMax)
	defer limit.Stop()
	select {
	case <-k.read:
		return
	case <-limit.C:
	case <-ctx.Done():
	}
	k.logger.Warn("The storage is slow: incidents are judged without what the fleet has shown before, until it has been read")
}

func (k *gatewayKeeper) run(ctx context.Context) {
	defer close(k.done)
	k.load(ctx)
	close(k.read)
	ticker := time.NewTicker(k.gateway.config.State.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), stateFinishMax)
			defer cancel()
			k.save(last)
			k.closeStore(last)
			return
		case <-ticker.C:
			k.save(ctx)
		}
	}
}

// shutdown writes everything, and waits for that for a while.
func (k *gatewayKeeper) shutdown(ctx context.Context) error {
	if k == nil {
		return nil
	}
	if k.stop != nil {
		k.stop()
		limit := time.NewTimer(stateFinishMax + stateOperationMax)
		defer limit.Stop()
		select {
		case <-k.done:
		case <-limit.C:
			k.logger.Error("The storage does not come to an end: what was learned of the fleet since the last writing may be lost",
				zap.Time("last", time.Unix(0, k.savedAt.Load())))
		case <-ctx.Done():
		}
	}
	return k.telemetry.close()
}

func (k *gatewayKeeper) closeStore(ctx context.Context) {
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

// report says how the storage is.
func (k *gatewayKeeper) report(ctx context.Context, err error) {
	switch {
	case err == nil && k.failing:
		k.logger.Info("The storage does what it is asked for again")
	case err != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled): // the last attempt comes yet
		return
	case err != nil:
		k.logger.Error("What was learned of the fleet can't be read from the storage or written to it. Incidents are judged all the same, and it is tried "+
			"again; see that the storage has room, that it can be written to, and that nobody else has it open",
			zap.Stringer("storage", k.gateway.config.Storage), zap.Duration("interval", k.gateway.config.State.Interval), zap.Error(err))
	}
	k.failing = err != nil
}
