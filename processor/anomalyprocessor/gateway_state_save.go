// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/chain"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/state"
)

// knowledge is what a gateway knows at one time, and shares no memory with it.
type knowledge struct {
	model   [fleet.SnapshotPages]fleet.PageSnapshot
	records map[string]keptRecord
	chains  chain.Snapshot
}

// knows copies what has to be kept. Nobody is judged meanwhile, so nothing is encoded that can be encoded later.
func (g *gateway) knows() (*knowledge, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := &knowledge{model: g.model.Snapshot(), records: map[string]keptRecord{}, chains: g.book.Snapshot()}
	var errs []error
	for _, m := range g.book.Members() {
		h := m.Extra.(*held)
		record, err := (&plog.ProtoMarshaler{}).MarshalLogs(h.data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		k.records[keptIncident+m.Name()] = keptRecord{
			Record: record, Suppressed: h.told.suppressed, Chain: h.told.chain, ToldAt: h.toldAt.UnixNano(), Shown: h.shown, Unsent: h.unsent,
		}
	}
	return k, errors.Join(errs...)
}

// save writes what has changed. Nothing is written before everything was read that was kept.
func (k *gatewayKeeper) save(ctx context.Context) {
	k.work.Lock()
	defer k.work.Unlock()
	began := k.gateway.now()
	err := k.loadAll(ctx)
	if err == nil {
		err = k.saveAll(ctx)
	}
	k.report(ctx, err, true)
	if err == nil {
		k.savedAt.Store(began.UnixNano())
	}
}

func (k *gatewayKeeper) saveAll(ctx context.Context) error {
	known, err := k.gateway.knows()
	if err != nil {
		k.encoding.Add(1)
		k.logger.Warn("Some incidents can't be kept", zap.Error(err))
	}
	k.rounds++
	for _, name := range k.store.Known() {
		if _, ok := known.records[name]; !ok && strings.HasPrefix(name, keptIncident) {
			k.store.Forget(name)
			if err := k.flushFull(ctx); err != nil {
				return err
			}
		}
	}
	for at := range known.model {
		if err := k.put(ctx, fmt.Sprintf("%s%02x", keptModel, at), &known.model[at]); err != nil {
			return err
		}
	}
	for name, record := range known.records {
		if err := k.put(ctx, name, &record); err != nil {
			return err
		}
	}
	if err := k.put(ctx, keptChains, &known.chains); err != nil {
		return err
	}
	return k.flush(ctx)
}

// put lets one part be written, if it differs from what is there.
func (k *gatewayKeeper) put(ctx context.Context, name string, value any) error {
	data, err := state.EncodePiece(value)
	if err != nil {
		k.encoding.Add(1)
		k.logger.Warn("A part of what a gateway knows can't be kept; what was kept of it stays as it is", zap.String("part", name), zap.Error(err))
		return nil
	}
	var parts [state.Parts][]byte
	parts[state.ProfilePart] = data
	k.store.Put(name, k.rounds, parts)
	return k.flushFull(ctx)
}
