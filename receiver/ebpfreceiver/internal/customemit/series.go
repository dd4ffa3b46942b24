// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// series is one data point over time.
type series struct {
	owner      Owner
	attributes pcommon.Map
	// start is since when it has been counted: a count that is less than it was has begun anew.
	start time.Time
	// isSeen tells whether this collection has met it.
	isSeen bool
	now    reading
	last   reading
}

// reading is what a series has come to. Of a histogram, integer is the sum of what was measured.
type reading struct {
	integer uint64
	float   float64
	buckets []uint64
}

func (r *reading) clear() {
	r.integer, r.float = 0, 0
	clear(r.buckets)
}

// begin prepares all series for a collection.
func (i *instrument) begin() {
	for _, s := range i.all() {
		s.last, s.now = s.now, s.last
		s.now.clear()
		s.isSeen = false
	}
}

// all are the series, and the overflow behind them.
func (i *instrument) all() []*series {
	if i.overflow == nil {
		return i.order
	}
	return append(slices.Clip(i.order), i.overflow)
}

// add counts an entry.
func (i *instrument) add(key []byte, values [][]byte) {
	if !i.isCountable(key, values) {
		i.settings.Counters.Uncountable.Add(1)
		return
	}
	// The entries of arrays are there before anything is counted.
	if i.kind != manifest.TypeGauge && i.isZero(values) {
		if s := i.series[string(i.nameOf(key))]; s != nil {
			s.isSeen = true
		}
		return
	}
	s := i.seriesOf(key)
	s.isSeen = true
	switch {
	case i.kind == manifest.TypeHistogram:
		i.addBuckets(s.now.buckets, key, values)
		if i.measured != nil {
			s.now.integer += sumOf(i.measured, values)
		}
	case i.isFloat():
		for _, value := range values {
			s.now.float += i.value.Value(value).Float64()
		}
	default:
		s.now.integer += sumOf(i.value, values)
	}
	i.settings.Counters.Counted.Add(1)
}

// isCountable tells whether an entry has the size of its types, and a bucket that there is.
func (i *instrument) isCountable(key []byte, values [][]byte) bool {
	if i.key.Check(key) != nil {
		return false
	}
	if i.bucket != nil {
		if _, fits := i.bucket.Value(key).Uint64(); !fits {
			return false
		}
	}
	for _, value := range values {
		if i.entry.Check(value) != nil {
			return false
		}
	}
	return true
}

// isZero tells whether nothing is counted on any processor.
func (i *instrument) isZero(values [][]byte) bool {
	for _, value := range values {
		v := i.value.Value(value)
		for n := range v.Len() {
			if v.Index(n).Bool() {
				return false
			}
		}
		if v.Kind() != btfvalue.KindList && v.Bool() {
			return false
		}
	}
	return true
}

// nameOf puts the attributes and owner of a key together, so that keys with the same ones are of one series.
func (i *instrument) nameOf(key []byte) []byte {
	text := i.text[:0]
	w := i.settings.newWriter()
	for n := range i.attributes {
		begin := len(text)
		if v := i.attributes[n].field.Value(key); v.Kind() == btfvalue.KindText {
			text = append(text, w.text(v)...)
		} else {
			text = v.AppendText(text)
		}
		text = binary.NativeEndian.AppendUint32(text, uint32(len(text)-begin))
	}
	owner := i.of(key)
	text = binary.NativeEndian.AppendUint32(text, owner.PID)
	text = binary.NativeEndian.AppendUint64(text, owner.CgroupID)
	i.text = text
	return text
}

// seriesOf finds the series of a key, or makes it.
func (i *instrument) seriesOf(key []byte) *series {
	name := i.nameOf(key)
	if s := i.series[string(name)]; s != nil {
		return s
	}
	if len(i.series) >= i.settings.Limits.PointsMax {
		i.settings.Counters.Overflowed.Add(1)
		if i.overflow == nil {
			i.overflow, i.overflowSince = i.newSeries(), i.collected
			i.overflow.attributes.PutBool(names.MetricOverflow, true)
		}
		return i.overflow
	}
	s := i.newSeries()
	s.owner = i.of(key)
	w := i.settings.newWriter()
	for n := range i.attributes {
		w.put(s.attributes, i.attributes[n].name, i.attributes[n].field.Value(key))
	}
	i.series[string(name)] = s
	i.order = append(i.order, s)
	return s
}

// newSeries starts at the last collection, when the series was not there, or was part of the overflow.
func (i *instrument) newSeries() *series {
	s := &series{attributes: pcommon.NewMap(), start: i.collected}
	if i.overflow != nil {
		s.start = i.overflowSince
	}
	if i.kind == manifest.TypeHistogram {
		s.now.buckets = make([]uint64, len(i.bounds)+1)
		s.last.buckets = make([]uint64, len(i.bounds)+1)
	}
	return s
}

// end forgets the series that are gone, and finds those that have begun anew since the last collection.
func (i *instrument) end() {
	for name, s := range i.series {
		if !s.isSeen {
			delete(i.series, name)
		}
	}
	i.order = slices.DeleteFunc(i.order, func(s *series) bool { return !s.isSeen })
	if i.overflow != nil && !i.overflow.isSeen {
		i.overflow = nil
	}
	for _, s := range i.all() {
		if s.now.isLessThan(&s.last) {
			s.start = i.collected
		}
	}
}

func (r *reading) isLessThan(last *reading) bool {
	for n, count := range r.buckets {
		if count < last.buckets[n] {
			return true
		}
	}
	return r.integer < last.integer || r.float < last.float
}

// number is the integer, or the largest that OTLP has.
func (s *series) number(isSigned bool) int64 {
	if !isSigned && s.now.integer > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(s.now.integer)
}

// fillHistogram writes the buckets, and the sum where the program adds up what it measures. A sum below zero is left
// out: OTLP has none of values that may be negative.
func (i *instrument) fillHistogram(point pmetric.HistogramDataPoint, s *series) {
	total := uint64(0)
	for _, count := range s.now.buckets {
		total += count
	}
	point.SetCount(total)
	point.BucketCounts().FromRaw(s.now.buckets)
	point.ExplicitBounds().FromRaw(i.bounds)
	switch {
	case i.measured == nil:
	case i.measured.IsSigned() && int64(s.now.integer) < 0:
		i.settings.Counters.Uncountable.Add(1)
	default:
		point.SetSum(scaled(float64(s.now.integer), i.factor))
	}
}
