// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
)

// storageName is the name of the storage within those of the processor.
const storageName = "state"

// keeper keeps what is known in a storage, and takes it in at the start. nil is a keeper without a storage.
type keeper struct {
	archive
	core  *core
	tally stateTally
	// roundBytesMax is stateRoundBytesMax, unless a test has changed it.
	roundBytesMax uint64

	mu sync.Mutex
	// waiting are workloads that are to be written soon.
	waiting map[string]struct{}
}

// stateTally counts what package state and archive do not.
type stateTally struct {
	// forgotten counts workloads that were kept and have no room, reduced incidents of workloads of which not all is kept, postponed and hurried
	// workloads that had to wait for the next interval.
	forgotten, reduced, postponed, hurried atomic.Uint64
}

// named gives the core the name that the processor has in the configuration.
func (c *core) named(id component.ID) *core {
	c.id = id
	return c
}

// newKeeper finds the storage that is configured.
func newKeeper(c *core, host component.Host) (*keeper, error) {
	extension, err := c.config.findStorage(host)
	if extension == nil {
		return nil, err
	}
	k := &keeper{core: c, waiting: map[string]struct{}{}, roundBytesMax: stateRoundBytesMax, archive: archive{
		logger: c.logger, config: c.config, id: c.id, name: storageName, extension: extension, words: archiveWords{
			slow:       "The storage is slow: events are judged without what was learned before, until it has been read",
			unfinished: "The storage does not come to an end: what was learned since the last writing may be lost",
			failing: "What was learned can't be read from the storage or written to it. Events are judged all the same, and it is tried again; " +
				"see that the storage has room, that it can be written to, and that nobody else has it open",
		},
	}}
	k.savedAt.Store(c.now().UnixNano())
	k.telemetry, err = newStateTelemetry(c.settings, &k.archive, func() time.Time { return c.now() }, func() map[string]uint64 {
		return map[string]uint64{
			"workloads": k.tally.forgotten.Load(), "incidents": k.tally.reduced.Load(), "interval": k.tally.postponed.Load(), "soon": k.tally.hurried.Load(),
		}
	})
	return k, err
}

// start reads what was kept, and waits for that for a while.
func (k *keeper) start(ctx context.Context) {
	if k != nil {
		k.begin(ctx, k.load, k.run)
	}
}

func (k *keeper) run(ctx context.Context) {
	regular, soon := time.NewTicker(k.config.State.Interval), time.NewTicker(k.core.soonEvery)
	defer regular.Stop()
	defer soon.Stop()
	for {
		select {
		case <-ctx.Done():
			k.finish(func(last context.Context) { k.round(last, true) })
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
	if k != nil {
		k.end(ctx)
	}
}

// close ends what newKeeper began.
func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	return k.telemetry.close()
}
