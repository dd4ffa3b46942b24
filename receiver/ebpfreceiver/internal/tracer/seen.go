// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// seenBatchEntries is how many entries are read in one system call. The kernel hands out whole hash
// buckets, so it must be more than the largest of these.
const seenBatchEntries = 1024

// takeSeen removes the entries of a deduplication map for which finished returns true and hands them to
// take. Nothing may count into them any more: their time window is over, or their process is.
func takeSeen[K, V any](m *ebpf.Map, finished func(*K) bool, take func(*K, *V)) error {
	keys, counts := make([]K, seenBatchEntries), make([]V, seenBatchEntries)
	var cursor ebpf.MapBatchCursor
	var ready []K
	for {
		read, err := m.BatchLookup(&cursor, keys, counts, nil)
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("read what was seen: %w", err)
		}
		for i := range read {
			if finished(&keys[i]) {
				ready = append(ready, keys[i])
				take(&keys[i], &counts[i])
			}
		}
		if err != nil {
			break
		}
	}
	if len(ready) == 0 {
		return nil
	}
	if _, err := m.BatchDelete(ready, nil); err != nil {
		return fmt.Errorf("forget what was seen: %w", err)
	}
	return nil
}
