// SPDX-License-Identifier: Apache-2.0

package tracer

import (
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
	if err := takeSeen(m.seen, finished, take); err != nil {
		return fmt.Errorf("take repeated file events: %w", err)
	}
	return nil
}
