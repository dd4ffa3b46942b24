// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"sync/atomic"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
)

// Limits bound what a manifest may ask for and what a record may become.
type Limits struct {
	// Types are those of the types, and of texts and lists.
	Types btfvalue.Limits
	// AttributesMax bounds the attributes of an event or metric. A manifest that asks for more is refused.
	AttributesMax int
	// ValuesMax bounds the numbers and texts of one record, those in lists included. Further ones are left out
	// (counter: ValuesCut).
	ValuesMax int
	// RecordTextBytesMax bounds the texts of one record together. What comes behind them is left out (counter:
	// ValuesCut).
	RecordTextBytesMax int
	// BodyBytesMax bounds the sentence; longer ones are cut (counter: TextsCut).
	BodyBytesMax int
	// PointsMax bounds the data points of a metric. What belongs to others is summed up in one point with the
	// attribute otel.metric.overflow (counter: Overflowed).
	PointsMax int
	// BucketsMax bounds the buckets of a histogram. A manifest that asks for more is refused.
	BucketsMax int
}

// DefaultLimits are those that the receiver has.
func DefaultLimits() Limits {
	return Limits{
		Types:              btfvalue.DefaultLimits(),
		AttributesMax:      128,
		ValuesMax:          1024,
		RecordTextBytesMax: 64 << 10,
		BodyBytesMax:       4096,
		PointsMax:          1000,
		BucketsMax:         256,
	}
}

// Counters say what became of records and entries. They may be read at any time.
type Counters struct {
	// Records that became events.
	Decoded atomic.Uint64
	// Records that did not: shorter than every struct, or of no event's size or `when`.
	Short, Unmatched atomic.Uint64
	// Longer are records with bytes behind their struct, which are nobody's.
	Longer atomic.Uint64
	// Undated are events whose time makes no sense; they have that of their reading.
	Undated atomic.Uint64
	// TextsCut and ListsCut are values that were longer than their bound, ValuesCut those that are missing.
	TextsCut, ListsCut, ValuesCut atomic.Uint64

	// Entries of maps that count for a data point, and that can't: shorter than their types, a bucket with a
	// negative number, or a sum below zero, also that of a histogram.
	Counted, Uncountable atomic.Uint64
	// Overflowed are entries that were beyond PointsMax.
	Overflowed atomic.Uint64
}
