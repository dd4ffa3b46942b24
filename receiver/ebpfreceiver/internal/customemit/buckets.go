// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"errors"
	"fmt"
	"math"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// compileBuckets finds out where the counts of the buckets are, and what their bounds are: in a list, or in one
// entry per bucket, which a field of the key numbers. Without such a field it is the key itself, and the map has as
// many entries as there are buckets.
func (i *instrument) compileBuckets(b *manifest.Buckets, entries uint32) error {
	if b == nil {
		return at(errors.New("a histogram has to have them"), "buckets")
	}
	count := i.value.Len()
	if i.value.Kind() == btfvalue.KindList {
		if b.Bucket != "" {
			return at(errors.New("the value is an array of buckets already"), "buckets.bucket")
		}
		if i.value.Element() != btfvalue.KindInteger {
			return at(errors.New("the elements of the array are no numbers"), "value")
		}
	} else {
		if err := i.checkNumber(); err != nil {
			return err
		}
		if i.isFloat() {
			return at(errors.New("it counts in fractions"), "value")
		}
		bucket, err := i.keyField(b.Bucket)
		if err != nil {
			return at(err, "buckets.bucket")
		}
		if !bucket.Kind().IsNumber() {
			return at(errors.New("the value is no array of buckets, so a field of the key has to number them"), "buckets.bucket")
		}
		i.bucket, count = bucket, b.Count
		if count == 0 && b.Bucket == "" {
			count = int(entries)
		}
	}
	if count < 1 || count > i.settings.Limits.BucketsMax {
		return at(fmt.Errorf("there are %d, not 1 to %d", count, i.settings.Limits.BucketsMax), "buckets.count")
	}
	if err := i.compileSum(b); err != nil {
		return at(err, "buckets.sum")
	}
	var err error
	i.bounds, err = bounds(b, count)
	return err
}

// compileSum finds the field with the sum of what was measured, if there is one.
func (i *instrument) compileSum(b *manifest.Buckets) error {
	if b.Sum == "" {
		return nil
	}
	field, err := i.entry.Lookup(b.Sum)
	if err != nil {
		return err
	}
	if field.Kind() != btfvalue.KindInteger {
		return fmt.Errorf("field %q is no whole number, which the sum of what was measured is", b.Sum)
	}
	i.measured, i.factor = field, b.Factor
	return nil
}

// bounds returns the upper bounds of all buckets but the last, which has none. Those of OTLP are inclusive; what
// the kernel counts are integers, so the largest value below the next bucket is the one that is one less.
func bounds(b *manifest.Buckets, count int) ([]float64, error) {
	var next func(i float64) float64
	switch b.Scale {
	case manifest.ScaleLog2:
		next = func(i float64) float64 { return math.Exp2(i + 1) }
	case manifest.ScaleLinear:
		next = func(i float64) float64 { return b.Offset + (i+1)*b.Width }
	default:
		return nil, at(fmt.Errorf("%q is none of log2, linear", b.Scale), "buckets.scale")
	}
	all := make([]float64, count-1)
	for i := range all {
		all[i] = scaled(math.Ceil(next(float64(i)))-1, b.Factor)
		if math.IsNaN(all[i]) || math.IsInf(all[i], 0) || i > 0 && all[i] <= all[i-1] {
			return nil, at(fmt.Errorf("the upper bound of bucket %d would be %v: bounds have to grow, and widths to be 1 or more", i, all[i]), "buckets")
		}
	}
	return all, nil
}

// scaled multiplies by a factor, 0 standing for 1. It divides by what the factor is a fraction of, such as 1e9,
// because that can be written exactly: bounds become labels that people read.
func scaled(x, factor float64) float64 {
	if factor == 0 {
		return x
	}
	if whole := math.Round(1 / factor); whole > 1 && 1/whole == factor {
		return x / whole
	}
	return x * factor
}

// addBuckets adds what an entry counts to the buckets of its series.
func (i *instrument) addBuckets(to []uint64, key []byte, values [][]byte) {
	if i.bucket == nil {
		for _, value := range values {
			list := i.value.Value(value)
			for n := range min(list.Len(), len(to)) {
				to[n] += wrapped(list.Index(n))
			}
		}
		return
	}
	// Of a value above all bounds, programs may say so with any number.
	n, _ := i.bucket.Value(key).Uint64()
	to[min(n, uint64(len(to)-1))] += sumOf(i.value, values)
}

// sumOf adds up the integers of all processors.
func sumOf(field *btfvalue.Field, values [][]byte) uint64 {
	total := uint64(0)
	for _, value := range values {
		total += wrapped(field.Value(value))
	}
	return total
}

// wrapped is a number's lowest 64 bits, of which sums are right whatever its sign.
func wrapped(v btfvalue.Value) uint64 {
	if n, fits := v.Int64(); fits {
		return uint64(n)
	}
	n, _ := v.Uint64()
	return n
}
