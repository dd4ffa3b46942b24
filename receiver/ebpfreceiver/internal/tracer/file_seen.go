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

// Take removes the entries for which finished returns true and hands them to take. Nothing may count
// into them any more: their time window is over, or their process is.
func (m FileSeenMap) Take(finished func(*FileSeenKey) bool, take func(*FileSeenKey, *FileSeenCount)) error {
	var key FileSeenKey
	var count FileSeenCount
	var ready []FileSeenKey
	entries := m.seen.Iterate()
	for entries.Next(&key, &count) {
		if finished(&key) {
			ready = append(ready, key)
		}
	}
	if err := entries.Err(); err != nil && !errors.Is(err, ebpf.ErrIterationAborted) {
		return fmt.Errorf("read the map of repeated file events: %w", err)
	}
	for i := range ready {
		// Read again: the count may have grown since the entry was passed.
		if err := m.seen.Lookup(&ready[i], &count); err != nil {
			continue
		}
		if err := m.seen.Delete(&ready[i]); err != nil {
			continue
		}
		take(&ready[i], &count)
	}
	return nil
}
