// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"github.com/cilium/ebpf/ringbuf"
)

// recordAlignment lets a decoder look at a record as the struct that the kernel wrote.
const recordAlignment = 8

// Batch is a sequence of records in the order of the ring.
type Batch struct {
	arena   []byte
	used    int
	records [][]byte
	current ringbuf.Record
}

func newBatch() *Batch {
	return &Batch{arena: make([]byte, BatchBytes), records: make([][]byte, 0, 1024)}
}

// Len is the number of records.
func (b *Batch) Len() int { return len(b.records) }

// Record returns the bytes of record i, aligned to 8 bytes.
func (b *Batch) Record(i int) []byte { return b.records[i] }

// next points the record that is read next at the free part of the arena, so that ringbuf copies
// into it instead of into memory of its own.
func (b *Batch) next() *ringbuf.Record {
	b.current.RawSample = b.arena[b.used:b.used:len(b.arena)]
	return &b.current
}

// take adds what was read into next to the batch. A record that didn't fit into the arena was put
// elsewhere by ringbuf and is good as it is.
func (b *Batch) take() {
	sample := b.current.RawSample
	b.records = append(b.records, sample)
	b.used = min(len(b.arena), (b.used+len(sample)+recordAlignment-1)&^(recordAlignment-1))
}

func (b *Batch) full() bool {
	return b.used+RecordBytesMax > len(b.arena)
}

func (b *Batch) reset() {
	b.used = 0
	b.records = b.records[:0]
}
