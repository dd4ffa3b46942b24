// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/chain"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/state"
)

// Names of what a gateway keeps: pages of the model, each incident, and what they are joined with.
const (
	keptModel    = "model/"
	keptIncident = "incident/"
	keptChains   = "chains"
)

// keptRecord is an incident as it is kept: what its agent told last, and what was said about it.
type keptRecord struct {
	Record     []byte `json:"record"`
	Suppressed string `json:"suppressed,omitempty"`
	Chain      string `json:"chain,omitempty"`
	ToldAt     int64  `json:"told_at"`
	Shown      bool   `json:"shown,omitempty"`
	Unsent     bool   `json:"unsent,omitempty"`
}

// found is what was read of a storage.
type found struct {
	pages  []fleet.PageSnapshot
	kept   []chain.Kept
	chains chain.Snapshot
}

// errNoIncident is about a kept record that no gateway would have kept.
var errNoIncident = errors.New("no incident")

func (k *gatewayKeeper) load(ctx context.Context) {
	k.work.Lock()
	defer k.work.Unlock()
	k.report(ctx, k.loadAll(ctx), true)
}

// loadAll takes in what was kept, once all of it could be read. It is to be called again after an error.
func (k *gatewayKeeper) loadAll(ctx context.Context) error {
	if k.loaded {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stateStartMax)
	defer cancel()
	if err := k.open(ctx); err != nil {
		return err
	}
	var all found
	names := append(k.store.Unread(), k.store.Known()...) // what a failed attempt has read is read again
	for _, name := range names {
		if err := k.readOne(ctx, name, &all); err != nil {
			return err
		}
	}
	k.loaded, k.rounds = true, k.store.UsedMax()
	k.takeIn(&all, len(names))
	return nil
}

// readOne reads what is kept under a name. What is damaged is set aside, and everything else goes on.
func (k *gatewayKeeper) readOne(ctx context.Context, name string, all *found) error {
	parts, err := k.store.Read(ctx, name)
	if err != nil {
		return err
	}
	data := parts[state.ProfilePart]
	if len(data) == 0 {
		return nil
	}
	reason := all.decode(name, data)
	if reason == nil {
		return nil
	}
	aside, err := k.store.SetAside(ctx, name, state.ProfilePart, data, reason)
	if err != nil {
		return fmt.Errorf("%s can't be read (%w) and not be set aside: %w", name, reason, err)
	}
	advice := "restore the storage from a copy, or let the agents tell it again, which takes a day"
	if errors.Is(reason, state.ErrVersion) {
		advice = "run the release that wrote it on a copy of the storage, or let the agents tell it again, which takes a day"
	}
	k.logger.Error("A part of what a gateway knows can't be read and is set aside. To have it back, "+advice,
		zap.String("part", name), zap.String("aside", aside), zap.Error(reason))
	return nil
}

// decode reads one part.
func (f *found) decode(name string, data []byte) error {
	switch {
	case name == keptChains:
		return state.DecodePiece(data, &f.chains)
	case strings.HasPrefix(name, keptModel):
		var page fleet.PageSnapshot
		if err := state.DecodePiece(data, &page); err != nil {
			return err
		}
		if err := page.Check(); err != nil {
			return fmt.Errorf("%w: %w", state.ErrDamaged, err)
		}
		f.pages = append(f.pages, page)
		return nil
	}
	var record keptRecord
	if err := state.DecodePiece(data, &record); err != nil {
		return err
	}
	kept, err := record.incident()
	if err != nil {
		return fmt.Errorf("%w: %w", state.ErrDamaged, err)
	}
	f.kept = append(f.kept, kept)
	return nil
}

// incident reads the incident that a record is about.
func (r *keptRecord) incident() (chain.Kept, error) {
	if len(r.Record) > 2*incidentRecordBytesMax {
		return chain.Kept{}, fmt.Errorf("%w: %d bytes", errNoIncident, len(r.Record))
	}
	data, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(r.Record)
	if err != nil {
		return chain.Kept{}, err
	}
	if data.ResourceLogs().Len() != 1 || data.ResourceLogs().At(0).ScopeLogs().Len() != 1 || data.LogRecordCount() != 1 {
		return chain.Kept{}, errNoIncident
	}
	resource := data.ResourceLogs().At(0)
	i := readIncident(resource.Resource(), resource.ScopeLogs().At(0).LogRecords().At(0))
	if i == nil || i.Host == "" {
		return chain.Kept{}, errNoIncident
	}
	h := &held{data: data, told: saying{r.Suppressed, r.Chain}, toldAt: time.Unix(0, r.ToldAt), shown: r.Shown, unsent: r.Unsent}
	h.judgement.Suppressed = r.Suppressed
	return chain.Kept{Incident: i, Extra: h, Bytes: 2 * len(r.Record)}, nil
}

// takeIn makes what was read what is known. Incidents that came before it could be read stay, and those that were kept do not come back.
func (k *gatewayKeeper) takeIn(all *found, parts int) {
	g := k.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	behaviours := g.model.Restore(all.pages)
	if g.book.Stats().Incidents > 0 {
		k.superseded.Add(uint64(len(all.kept)))
	} else {
		g.book.Restore(&all.chains, all.kept)
		for _, m := range g.book.Members() {
			h := m.Extra.(*held)
			h.judgement = g.judgeMember(m, m.Incident, g.now())
		}
	}
	k.logger.Info("What was learned of the fleet before is read", zap.Int("parts", parts), zap.Int("behaviours", behaviours), zap.Int("incidents", len(all.kept)))
}
