// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
)

// gatewayStorageName is the name of a gateway's storage within those of the processor.
const gatewayStorageName = "gateway"

// gatewayKeeper keeps what a gateway knows in a storage, and takes it in at the start. nil is a keeper without a storage.
type gatewayKeeper struct {
	archive
	gateway *gateway
	// rounds counts what was written, for the order of use. work guards it.
	rounds uint64
}

// newGatewayKeeper finds the storage that is configured.
func newGatewayKeeper(g *gateway, host component.Host) (*gatewayKeeper, error) {
	extension, err := g.config.findStorage(host)
	if extension == nil {
		return nil, err
	}
	k := &gatewayKeeper{gateway: g, archive: archive{
		logger: g.logger, config: g.config, id: g.id, name: gatewayStorageName, extension: extension, words: archiveWords{
			slow:       "The storage is slow: incidents are judged without what the fleet has shown before, until it has been read",
			unfinished: "The storage does not come to an end: what was learned of the fleet since the last writing may be lost",
			failing: "What was learned of the fleet can't be read from the storage or written to it. Incidents are judged all the same, and it is tried " +
				"again; see that the storage has room, that it can be written to, and that nobody else has it open",
		},
	}}
	k.savedAt.Store(g.now().UnixNano())
	k.telemetry, err = newStateTelemetry(g.settings, &k.archive, func() time.Time { return g.now() }, func() map[string]uint64 { return nil })
	return k, err
}

// start reads what was kept, and waits for that for a while.
func (k *gatewayKeeper) start(ctx context.Context) {
	if k != nil {
		k.begin(ctx, k.load, k.run)
	}
}

func (k *gatewayKeeper) run(ctx context.Context) {
	ticker := time.NewTicker(k.config.State.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			k.finish(k.save)
			return
		case <-ticker.C:
			k.save(ctx)
		}
	}
}

// shutdown writes everything, waits for that for a while, and ends what newGatewayKeeper began.
func (k *gatewayKeeper) shutdown(ctx context.Context) error {
	if k == nil {
		return nil
	}
	if k.stop != nil {
		k.end(ctx)
	}
	return k.telemetry.close()
}
