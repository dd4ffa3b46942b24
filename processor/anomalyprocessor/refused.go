// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/plog"
)

// refused remembers batches that the pipeline did not take: whoever sent them sends them again, and what they show is not to count twice. It
// is safe for concurrent use.
type refused struct {
	mu      sync.Mutex
	batches []refusedBatch
}

type refusedBatch struct {
	fingerprint uint64
	judged      judged
}

// add remembers a batch. The oldest is forgotten for it, which would count twice then.
func (r *refused) add(fingerprint uint64, j judged) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.batches) == refusedBatchesMax {
		r.batches = slices.Delete(r.batches, 0, 1)
	}
	r.batches = append(r.batches, refusedBatch{fingerprint, j})
}

// again tells whether a batch was refused before, and what was found out about it then.
func (r *refused) again(fingerprint uint64) (judged, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.IndexFunc(r.batches, func(b refusedBatch) bool { return b.fingerprint == fingerprint })
	if at < 0 {
		return judged{}, false
	}
	found := r.batches[at].judged
	r.batches = slices.Delete(r.batches, at, at+1)
	return found, true
}

// fingerprintOf tells a batch from others, by when what happened and when it was read.
func fingerprintOf(data plog.Logs) uint64 {
	var digest xxhash.Digest
	digest.Reset()
	var buffer [24]byte
	for _, resource := range data.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				binary.LittleEndian.PutUint64(buffer[:], uint64(log.Timestamp()))
				binary.LittleEndian.PutUint64(buffer[8:], uint64(log.ObservedTimestamp()))
				binary.LittleEndian.PutUint64(buffer[16:], uint64(log.Attributes().Len()))
				_, _ = digest.Write(buffer[:])
				_, _ = digest.WriteString(log.EventName())
			}
		}
	}
	return digest.Sum64()
}
