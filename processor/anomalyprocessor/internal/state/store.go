// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// Store is what is kept in a storage.
type Store struct {
	client storage.Client
	stats  *Stats
	logger *zap.Logger
	// opened is how many pages of the index were read. Until all are, nothing is written.
	opened  int
	records [pages]map[string]*record
	// usedMax is the highest number of use in the index when it was read.
	usedMax uint64
	aside   asides

	// staged are the records as they will be once the operations are done, nil for those that are deleted.
	staged     map[string]*record
	operations []*storage.Operation
	bytes      int
}

// Stats tells what a store holds, and what it did. It may be read at any time.
type Stats struct {
	// Bytes and Entries are what is in the storage.
	Bytes, Entries atomic.Int64
	// Batches, WrittenEntries and WrittenBytes count what was written.
	Batches, WrittenEntries, WrittenBytes atomic.Uint64
	// ReadFailures and WriteFailures count what the storage refused, Aside entries that were set aside, Refused workloads for which
	// there was no room.
	ReadFailures, WriteFailures, Aside, Refused atomic.Uint64
}

// New returns a store that has read nothing yet, and counts in stats.
func New(client storage.Client, stats *Stats, logger *zap.Logger) *Store {
	s := &Store{client: client, stats: stats, logger: logger, staged: map[string]*record{}}
	for at := range s.records {
		s.records[at] = map[string]*record{}
	}
	return s
}

// Open reads the index. After an error it goes on there the next time.
func (s *Store) Open(ctx context.Context) error {
	if s.opened == 0 {
		if err := s.openAsides(ctx); err != nil {
			s.stats.ReadFailures.Add(1)
			return fmt.Errorf("read %s: %w", asideKey, err)
		}
	}
	for ; s.opened < pages; s.opened++ {
		if err := s.openPage(ctx, s.opened); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) openPage(ctx context.Context, number int) error {
	data, err := s.client.Get(ctx, pageKey(number))
	if err != nil {
		s.stats.ReadFailures.Add(1)
		return fmt.Errorf("read %s: %w", pageKey(number), err)
	}
	if len(data) == 0 {
		return nil
	}
	var p page
	if err := open(kindPage, data, &p, pageBytesMax); err != nil {
		key, asideErr := s.setAside(ctx, Aside{Was: pageKey(number)}, data, err)
		if asideErr != nil {
			return errors.Join(err, asideErr)
		}
		s.logger.Error("A part of the index of what was learned can't be read and is set aside. The workloads that it names, about one in 64, "+
			"are learned anew. If another release wrote it, run that release, or let it be learned anew",
			zap.String("key", pageKey(number)), zap.String("aside", key), zap.Error(err))
		return nil
	}
	for _, l := range p.Workloads {
		if pageOf(l.Workload) != number {
			continue // can't be found there by anybody
		}
		s.records[number][l.Workload] = &record{used: l.Used, unread: true}
		s.usedMax = max(s.usedMax, l.Used)
	}
	return nil
}

// UsedMax is the highest number of use that the index had. Numbers of later uses have to be higher.
func (s *Store) UsedMax() uint64 { return s.usedMax }

func (s *Store) record(workload string) *record {
	if r, ok := s.staged[workload]; ok {
		return r
	}
	return s.records[pageOf(workload)][workload]
}

// Unread returns the workloads that are in the storage and were not read yet, those that were used last first.
func (s *Store) Unread() []string {
	used := map[string]uint64{}
	for _, page := range s.records {
		for workload, r := range page {
			if r.unread {
				used[workload] = r.used
			}
		}
	}
	return slices.SortedFunc(maps.Keys(used), func(a, b string) int { return cmp.Or(cmp.Compare(used[b], used[a]), cmp.Compare(a, b)) })
}

// Known returns the workloads that are in the storage and were read, in no order.
func (s *Store) Known() []string {
	var all []string
	for _, page := range s.records {
		for workload, r := range page {
			if !r.unread {
				all = append(all, workload)
			}
		}
	}
	return all
}

// Used returns the number of use with which a workload was put last, 0 if it is not kept.
func (s *Store) Used(workload string) uint64 {
	if r := s.record(workload); r != nil {
		return r.used
	}
	return 0
}

// Opened tells whether the index was read, so that something can be written.
func (s *Store) Opened() bool { return s.opened == pages }

// Has tells whether there is an entry of a workload, as far as it was read or written.
func (s *Store) Has(workload string, part Part) bool {
	r := s.record(workload)
	return r != nil && r.parts[part].bytes > 0
}

// Read returns the entries of a workload, nil for one that is not there.
func (s *Store) Read(ctx context.Context, workload string) ([Parts][]byte, error) {
	var parts [Parts][]byte
	var gets [Parts]*storage.Operation
	for part := range Parts {
		gets[part] = storage.GetOperation(keyOf(workload, part))
	}
	if err := s.client.Batch(ctx, gets[:]...); err != nil {
		s.stats.ReadFailures.Add(1)
		return parts, fmt.Errorf("read what is kept of %s: %w", workload, err)
	}
	r := s.records[pageOf(workload)][workload]
	for part := range Parts {
		parts[part] = gets[part].Value
		if r != nil {
			r.parts[part] = entryOf(parts[part])
			s.count(r.parts[part], 1)
		}
	}
	if r != nil {
		r.unread = false
	}
	return parts, nil
}

func (s *Store) count(e entry, sign int64) {
	if e.bytes > 0 {
		s.stats.Bytes.Add(sign * int64(e.bytes))
		s.stats.Entries.Add(sign)
	}
}
