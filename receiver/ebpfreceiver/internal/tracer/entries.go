// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// batchEntries is how many entries of a map are read in one system call. The kernel hands out whole hash
// buckets, so it must be more than the largest of these.
const batchEntries = 1024

// takeEntries shows every entry of a map to visit, and removes those for which it returns true. Nothing may count
// into these any more.
func takeEntries[K, V any](m *ebpf.Map, visit func(*K, *V) (take bool)) error {
	keys, values := make([]K, batchEntries), make([]V, batchEntries)
	var cursor ebpf.MapBatchCursor
	var taken []K
	for {
		read, err := m.BatchLookup(&cursor, keys, values, nil)
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("read %s: %w", m, err)
		}
		for i := range read {
			if visit(&keys[i], &values[i]) {
				taken = append(taken, keys[i])
			}
		}
		if err != nil {
			break
		}
	}
	if len(taken) == 0 {
		return nil
	}
	if _, err := m.BatchDelete(taken, nil); err != nil {
		return fmt.Errorf("remove entries of %s: %w", m, err)
	}
	return nil
}

// mapSeen is the deduplication map of every tracer that has one.
const mapSeen = "seen"

// TakeSeen shows every entry of the deduplication map of a tracer to visit, and removes those for which it returns
// true: their time window is over, or their process is. K and V are the tracer's own types of keys and counts.
func TakeSeen[K, V any](t *Tracer, visit func(*K, *V) (take bool)) error {
	if err := takeEntries(t.Map(mapSeen), visit); err != nil {
		return fmt.Errorf("take repeated events of tracer %q: %w", t.spec.Name, err)
	}
	return nil
}
