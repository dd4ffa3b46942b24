// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/state"
)

// round writes what has changed, or whatever differs if everything is to be looked at. What was not read yet is read before.
func (k *keeper) round(ctx context.Context, everything bool) {
	k.work.Lock()
	defer k.work.Unlock()
	began := k.core.now()
	// What can't be read does not keep the rest from being written.
	unread := k.loadRest(ctx)
	if k.store == nil || !k.store.Opened() {
		k.report(ctx, unread, true)
		return
	}
	complete, err := k.saveChanged(ctx, everything)
	err = errors.Join(unread, err)
	k.report(ctx, err, true)
	if err == nil && complete {
		k.savedAt.Store(began.UnixNano())
	}
}

// saveChanged writes what has changed, what was not written for the longest time first, and tells whether that is all.
func (k *keeper) saveChanged(ctx context.Context, everything bool) (complete bool, err error) {
	uses := k.core.profiles.Uses()
	if err := k.forgetGone(ctx, uses); err != nil {
		return false, err
	}
	wanted := slices.SortedFunc(maps.Keys(uses), func(a, b string) int {
		return cmp.Or(cmp.Compare(k.store.Used(a), k.store.Used(b)), cmp.Compare(a, b))
	})
	before := k.stats.WrittenBytes.Load()
	for at, workload := range wanted {
		if !everything && k.stats.WrittenBytes.Load()-before+k.store.Pending() > k.roundBytesMax {
			k.tally.postponed.Add(uint64(len(wanted) - at)) // at most, since some have not changed
			return false, k.flush(ctx)
		}
		used := k.store.UsedMax() + uses[workload]
		changed := everything || used != k.store.Used(workload)
		if !changed && !k.store.Has(workload, state.IncidentsPart) {
			continue
		}
		if err := k.save(ctx, workload, used, changed); err != nil {
			return false, err
		}
	}
	return true, k.flush(ctx)
}

// forgetGone deletes what is kept of workloads that are not known any more.
func (k *keeper) forgetGone(ctx context.Context, uses map[string]uint64) error {
	for _, workload := range k.store.Known() {
		if _, ok := uses[workload]; ok {
			continue
		}
		k.store.Forget(workload)
		if err := k.flushFull(ctx); err != nil {
			return err
		}
	}
	return nil
}

// saveWaiting writes the workloads of which something was told.
func (k *keeper) saveWaiting(ctx context.Context) {
	k.mu.Lock()
	waiting := k.waiting
	k.waiting = map[string]struct{}{}
	k.mu.Unlock()
	if len(waiting) == 0 {
		return
	}
	k.work.Lock()
	defer k.work.Unlock()
	if k.store == nil || !k.store.Opened() {
		return // at the next interval
	}
	uses := k.core.profiles.Uses()
	var err error
	for workload := range waiting {
		if used, ok := uses[workload]; ok && err == nil {
			err = k.save(ctx, workload, k.store.UsedMax()+used, true)
		}
	}
	k.report(ctx, errors.Join(err, k.flush(ctx)), false)
}

// save lets a workload be written. Its owner has to wait only for as long as it takes to encode the profile, and to copy what there is of
// incidents.
func (k *keeper) save(ctx context.Context, workload string, used uint64, withProfile bool) error {
	var parts [state.Parts][]byte
	var incidents *state.Incidents
	if !k.core.profiles.Find(workload, func(p *profile.Profile) {
		if withProfile {
			parts[state.ProfilePart] = p.Encode()
		}
		incidents = k.core.incidentsOf(p)
	}) {
		return nil
	}
	if incidents.Empty() {
		parts[state.IncidentsPart] = []byte{}
	} else {
		data, less, err := incidents.Encode()
		if less {
			k.tally.reduced.Add(1)
		}
		if err != nil {
			k.encoding.Add(1)
			k.logger.Warn("The incidents of a workload can't be kept; what was kept of them stays as it is", zap.String("workload", workload), zap.Error(err))
		}
		parts[state.IncidentsPart] = data
	}
	k.store.Put(workload, used, parts)
	return k.flushFull(ctx)
}

// incidentsOf is what has to be kept of the incidents of a workload. The caller owns the profile.
func (c *core) incidentsOf(p *profile.Profile) *state.Incidents {
	w := beside(p)
	w.book.Tidy(w.Clock.Now(c.now()))
	latest, arrived := w.Clock.Latest()
	kept := &state.Incidents{Latest: incident.Nanoseconds(latest), Arrived: incident.Nanoseconds(arrived), Tracker: w.Tracker.Snapshot(false)}
	kept.Book = w.book.Snapshot(kept.Tracker, encodeOrigin)
	return kept
}
