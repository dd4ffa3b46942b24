// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"

	injectionbpf "github.com/meerkat-otel/meerkat/bpf/injection"
)

// SeenKey names what a process did in one time window.
type SeenKey = injectionbpf.InjectionSeenKey

// SeenCount says how often it happened again.
type SeenCount = injectionbpf.InjectionSeenCount

// SeenMap is the deduplication map of bpf/include/seen.h.
type SeenMap struct{ seen *ebpf.Map }

// Take removes the entries for which finished returns true and hands them to take. Nothing may count
// into them any more: their time window is over, or their process is.
func (m SeenMap) Take(finished func(*SeenKey) bool, take func(*SeenKey, *SeenCount)) error {
	return takeFinished(m.seen, finished, take)
}

// seenBatchEntries is how many entries are read in one system call. The kernel hands out whole hash
// buckets, so it must be more than the largest of these.
const seenBatchEntries = 1024

// takeFinished removes entries from a map and hands them to take.
func takeFinished[K, V any](seen *ebpf.Map, finished func(*K) bool, take func(*K, *V)) error {
	keys, counts := make([]K, seenBatchEntries), make([]V, seenBatchEntries)
	var cursor ebpf.MapBatchCursor
	var ready []K
	for {
		read, err := seen.BatchLookup(&cursor, keys, counts, nil)
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("read the map of repeated events: %w", err)
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
	if _, err := seen.BatchDelete(ready, nil); err != nil {
		return fmt.Errorf("clear the map of repeated events: %w", err)
	}
	return nil
}
