// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/judging"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/state"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// load reads what was kept and was not read yet.
func (k *keeper) load(ctx context.Context) {
	k.work.Lock()
	defer k.work.Unlock()
	k.report(ctx, k.loadRest(ctx), true)
}

// loadRest is load, for who holds work. It is to be called again after an error.
func (k *keeper) loadRest(ctx context.Context) error {
	if k.loaded {
		return nil
	}
	if err := k.open(ctx); err != nil {
		return err
	}
	alone := k.core.profiles.Stats().Profiles == 0
	read, err := k.restoreAll(ctx)
	if alone {
		// What was used last is used last again, so that it is not what is forgotten first.
		for _, key := range slices.Backward(read) {
			k.core.profiles.Acquire(key).Release()
		}
	}
	k.loaded = len(k.store.Unread()) == 0
	k.logger.Info("What was learned before is read", zap.Int("workloads", len(read)))
	return err
}

// restoreAll takes in what has room, of the workloads that were used last first, and forgets the rest. It returns which were taken in.
func (k *keeper) restoreAll(ctx context.Context) ([]string, error) {
	var read []string
	var errs []error
	for _, key := range k.store.Unread() {
		var err error
		if k.hasRoom(key) {
			if err = k.restore(ctx, key); err == nil {
				read = append(read, key)
			}
		} else {
			k.store.Forget(key)
			k.tally.forgotten.Add(1)
			err = k.flushFull(ctx)
		}
		if err == nil {
			continue
		}
		if errs = append(errs, err); len(errs) == stateFailuresMax {
			break
		}
	}
	return read, errors.Join(append(errs, k.flush(ctx))...)
}

// hasRoom tells whether a workload can be taken in without another having to go. The last eighth is for new ones.
func (k *keeper) hasRoom(key string) bool {
	profiles, limits := k.core.profiles, k.core.config.Limits
	stats := profiles.Stats()
	if stats.Profiles < limits.WorkloadsMax && stats.Bytes < int64(limits.BytesMax)/8*7 {
		return true
	}
	return profiles.Find(key, func(*profile.Profile) {})
}

// restore takes in what is kept of a workload. After an error nothing of it is.
func (k *keeper) restore(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, stateOperationMax)
	defer cancel()
	parts, err := k.store.Read(ctx, key)
	if err != nil {
		return err
	}
	var restored *workload
	if data := parts[state.IncidentsPart]; len(data) > 0 {
		if restored, err = k.decode(key, data); err != nil {
			if err := k.setAside(ctx, key, state.IncidentsPart, data, err); err != nil {
				return err
			}
		}
	}
	if data := parts[state.ProfilePart]; len(data) > 0 {
		if err := k.core.profiles.ImportFor(key, data); err != nil {
			if err := k.setAside(ctx, key, state.ProfilePart, data, err); err != nil {
				return err
			}
		}
	}
	if restored != nil {
		k.place(key, restored)
	}
	return nil
}

// decode makes incidents of what is kept of them.
func (k *keeper) decode(key string, data []byte) (*workload, error) {
	kept, err := state.DecodeIncidents(data)
	if err != nil {
		return nil, err
	}
	tracker, err := incident.Restore(kept.Tracker)
	if err != nil {
		return nil, err
	}
	book, err := story.Restore(key, kept.Book, story.Source{Open: tracker.Open(), Rule: k.core.rules.current.Load().byKey, Origin: decodeOrigin})
	if err != nil {
		return nil, err
	}
	restored := &workload{Workload: judging.Workload{Tracker: tracker}, book: book}
	if kept.Arrived != 0 {
		restored.Clock = judging.Restored(time.Unix(0, kept.Latest), time.Unix(0, kept.Arrived))
	}
	return restored, nil
}

// place lets incidents go on, unless there are new ones already: then the storage could not be read in time.
func (k *keeper) place(key string, restored *workload) {
	p := k.core.profiles.Acquire(key)
	defer p.Release()
	now := beside(p)
	if len(now.Tracker.Open()) > 0 || len(now.book.Stories()) > 0 {
		k.superseded.Add(1)
		return
	}
	now.Tracker.Leave()
	now.book.Leave()
	p.Beside = restored
}

// setAside puts an entry aside that can't be read.
func (k *keeper) setAside(ctx context.Context, workload string, part state.Part, data []byte, reason error) error {
	aside, err := k.store.SetAside(ctx, workload, part, data, reason)
	if err != nil {
		return fmt.Errorf("%s of %s can't be read (%w) and not be set aside: %w", part, workload, reason, err)
	}
	advice := "restore the storage from a copy, or let it be learned anew"
	if errors.Is(reason, state.ErrVersion) || errors.Is(reason, profile.ErrVersion) {
		advice = "run the release that wrote it on a copy of the storage, or let it be learned anew"
	}
	what := "What was learned of a workload can't be read and is set aside: it is learned anew. "
	if part == state.IncidentsPart {
		what = "What is kept of the incidents of a workload can't be read and is set aside: what goes on opens an incident anew. "
	}
	k.logger.Error(what+"To have it back, "+advice, zap.String("workload", workload), zap.String("aside", aside), zap.Error(reason))
	return nil
}

// byKey returns the rule of a key, nil if there is none.
func (r *ruleset) byKey(key string) *sigma.Rule {
	for number := range r.set.Len() {
		if rule := r.set.Rule(number); rule.Key() == key {
			return rule
		}
	}
	return nil
}
