// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
)

// FileSeenKey names what a process did to an object in one time window.
type FileSeenKey = filebpf.FileFileSeenKey

// FileSeenCount says how often it happened again.
type FileSeenCount = filebpf.FileFileSeen

// FileSeenMap is the deduplication map of the tracer "file".
type FileSeenMap struct{ seen *ebpf.Map }

// seenBatchEntries is how many entries are read in one system call. The kernel hands out whole hash
// buckets, so it must be more than the largest of these.
const seenBatchEntries = 1024

// Take removes the entries for which finished returns true and hands them to take. Nothing may count
// into them any more: their time window is over, or their process is.
func (m FileSeenMap) Take(finished func(*FileSeenKey) bool, take func(*FileSeenKey, *FileSeenCount)) error {
	keys, counts := make([]FileSeenKey, seenBatchEntries), make([]FileSeenCount, seenBatchEntries)
	var cursor ebpf.MapBatchCursor
	var ready []FileSeenKey
	for {
		read, err := m.seen.BatchLookup(&cursor, keys, counts, nil)
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("read the map of repeated file events: %w", err)
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
	if _, err := m.seen.BatchDelete(ready, nil); err != nil {
		return fmt.Errorf("clear the map of repeated file events: %w", err)
	}
	return nil
}
