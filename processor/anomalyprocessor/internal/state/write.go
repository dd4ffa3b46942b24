// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// errNotOpen is about writing before the index was read, which would forget what it names.
var errNotOpen = errors.New("what is in the storage was not read yet")

// Put lets the entries of a workload be written with the next Flush, if they differ from those that are there. An empty entry is deleted,
// and nil leaves it as it is. What is larger than it can be is counted and left out. It returns whether anything is to be written.
func (s *Store) Put(workload string, used uint64, parts [Parts][]byte) bool {
	before := s.record(workload)
	if before != nil && before.unread {
		return false
	}
	if len(parts[ProfilePart]) > profileBytesMax || len(workload) > profile.WorkloadBytesMax {
		s.stats.Refused.Add(1)
		return false
	}
	after := &record{used: used}
	if before != nil {
		after.parts = before.parts
	}
	changed := false
	for part := range Parts {
		if parts[part] == nil || entryOf(parts[part]) == after.parts[part] {
			continue
		}
		changed = true
		after.parts[part] = entryOf(parts[part])
		if len(parts[part]) == 0 {
			s.operations = append(s.operations, storage.DeleteOperation(keyOf(workload, part)))
			continue
		}
		s.operations = append(s.operations, storage.SetOperation(keyOf(workload, part), parts[part]))
		s.bytes += len(parts[part])
	}
	if changed {
		s.staged[workload] = after
	} else if before != nil {
		before.used = used // for the next time that its page is written
	}
	return changed
}

// Forget lets the entries of a workload be deleted with the next Flush.
func (s *Store) Forget(workload string) {
	if s.record(workload) == nil {
		return
	}
	for part := range Parts {
		s.operations = append(s.operations, storage.DeleteOperation(keyOf(workload, part)))
	}
	s.staged[workload] = nil
}

// Pending is how many bytes are written with the next Flush, without the index.
func (s *Store) Pending() uint64 { return uint64(s.bytes) }

// Full tells that it is time for a Flush.
func (s *Store) Full() bool { return s.bytes >= WriteBytesMax || len(s.operations) >= WriteEntriesMax }

// Flush writes what was put, in one batch with the pages of the index that belong to it. After an error nothing of it counts as written:
// it has to be put again.
func (s *Store) Flush(ctx context.Context) error {
	defer s.reset()
	if len(s.staged) == 0 {
		return nil
	}
	if !s.Opened() {
		return errNotOpen
	}
	operations, err := s.withIndex()
	if err != nil {
		return err
	}
	if err := s.client.Batch(ctx, operations...); err != nil {
		s.stats.WriteFailures.Add(1)
		return fmt.Errorf("write %d entries with %d bytes: %w", len(s.operations), s.bytes, err)
	}
	s.stats.Batches.Add(1)
	for _, operation := range operations {
		s.stats.WrittenEntries.Add(1)
		s.stats.WrittenBytes.Add(uint64(len(operation.Value)))
	}
	s.settle()
	return nil
}

// withIndex adds the pages to the operations. New workloads that have no room in their page are left out.
func (s *Store) withIndex() ([]*storage.Operation, error) {
	touched := map[int]bool{}
	for workload := range s.staged {
		touched[pageOf(workload)] = true
	}
	operations := slices.Clone(s.operations)
	for _, number := range slices.Sorted(maps.Keys(touched)) {
		data, err := s.pageWith(number)
		if errors.Is(err, ErrTooLarge) {
			operations = s.withoutNew(number, operations)
			data, err = s.pageWith(number)
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", pageKey(number), err)
		}
		operations = append(operations, storage.SetOperation(pageKey(number), data))
	}
	return operations, nil
}

// withoutNew takes workloads back that a page does not have yet.
func (s *Store) withoutNew(number int, operations []*storage.Operation) []*storage.Operation {
	refused := map[string]bool{}
	for workload, r := range s.staged {
		if r != nil && pageOf(workload) == number && s.records[number][workload] == nil {
			delete(s.staged, workload)
			s.stats.Refused.Add(1)
			for part := range Parts {
				refused[keyOf(workload, part)] = true
			}
		}
	}
	return slices.DeleteFunc(operations, func(o *storage.Operation) bool { return refused[o.Key] })
}

// settle takes what was staged for what is.
func (s *Store) settle() {
	for workload, r := range s.staged {
		in := s.records[pageOf(workload)]
		if before := in[workload]; before != nil {
			for _, part := range before.parts {
				s.count(part, -1)
			}
		}
		if r == nil {
			delete(in, workload)
			continue
		}
		in[workload] = r
		for _, part := range r.parts {
			s.count(part, 1)
		}
	}
}

func (s *Store) reset() {
	s.staged, s.operations, s.bytes = map[string]*record{}, nil, 0
}

// Close lets the storage go.
func (s *Store) Close(ctx context.Context) error { return s.client.Close(ctx) }
