// SPDX-License-Identifier: Apache-2.0

package btfvalue

import (
	"encoding/binary"
	"iter"
	"math"
)

// nanosecondsPerSecond converts durations.
const nanosecondsPerSecond = 1e9

// Value is a view of bytes as a value of a type. It holds as long as the bytes do. Methods that make no sense for
// its kind return zero.
type Value struct {
	shape *shape
	data  []byte
	bits  bitRange
}

// Kind is what the value is.
func (v Value) Kind() Kind { return v.shape.kind }

// Bool is whether any bit of the number is set.
func (v Value) Bool() bool {
	high, low := v.wide()
	return high|low != 0
}

// Int64 is the number, if 64 bits with a sign hold it.
func (v Value) Int64() (number int64, fits bool) {
	high, low := v.wide()
	if v.isNegative(high) {
		return int64(low), high == math.MaxUint64 && int64(low) < 0
	}
	return int64(low), high == 0 && int64(low) >= 0
}

// Uint64 is the number, if 64 bits without a sign hold it.
func (v Value) Uint64() (number uint64, fits bool) {
	high, low := v.wide()
	return low, high == 0
}

// Float64 is a number with a fraction: of floats, of durations in seconds, and of integers.
func (v Value) Float64() float64 {
	high, low := v.wide()
	switch {
	case v.shape.kind == KindFloat && len(v.data) == 4:
		return float64(math.Float32frombits(uint32(low)))
	case v.shape.kind == KindFloat:
		return math.Float64frombits(low)
	}
	number := float64(high)*(1<<64) + float64(low)
	if v.isNegative(high) {
		// Two's complement.
		high, low = ^high, ^low
		number = -(float64(high)*(1<<64) + float64(low)) - 1
	}
	if v.shape.kind == KindDuration {
		return number / nanosecondsPerSecond
	}
	return number
}

// isNegative looks at a number that wide returned.
func (v Value) isNegative(high uint64) bool { return v.shape.signed && int64(high) < 0 }

// wide returns the number in 128 bits, extended by its sign.
func (v Value) wide() (high, low uint64) {
	if v.bits.count == 0 && !v.shape.bigEndian {
		switch len(v.data) {
		case 8:
			low = binary.LittleEndian.Uint64(v.data)
			return v.signOf(low), low
		case 4:
			low = uint64(binary.LittleEndian.Uint32(v.data))
			if v.shape.signed {
				low = uint64(int64(int32(low)))
			}
			return v.signOf(low), low
		}
	}
	return v.collect()
}

// signOf is the upper half of a number whose lower half is extended already.
func (v Value) signOf(low uint64) uint64 {
	if v.shape.signed {
		return uint64(int64(low) >> 63)
	}
	return 0
}

// collect puts a number of any size together. Bits are numbered from the lowest bit of the first byte in little
// endian, and from the highest in big endian.
func (v Value) collect() (high, low uint64) {
	bytes := len(v.data)
	if bytes == 0 || bytes > integerBytesMax+1 {
		return 0, 0
	}
	width, below := uint(bytes)*8, uint(0)
	if v.bits.count > 0 {
		width, below = uint(v.bits.count), uint(v.bits.offset)
		if v.shape.bigEndian {
			below = uint(bytes)*8 - below - width
		}
	}
	// From the most significant byte to the least, of which the bits below are left out.
	for i := range bytes {
		b := v.data[i]
		if !v.shape.bigEndian {
			b = v.data[bytes-1-i]
		}
		shift := uint(8)
		if i == bytes-1 {
			shift -= below
		}
		high = high<<shift | low>>(64-shift)
		low = low<<shift | uint64(b)>>(8-shift)
	}
	return extend(high, low, width, v.shape.signed)
}

// extend keeps the lowest bits of a number and repeats their sign above them.
func extend(high, low uint64, width uint, signed bool) (uint64, uint64) {
	unused := 128 - width
	if unused == 0 {
		return high, low
	}
	if unused >= 64 {
		high = low << (unused - 64)
		if signed {
			return uint64(int64(high) >> 63), uint64(int64(high) >> (unused - 64))
		}
		return 0, high >> (unused - 64)
	}
	high = high<<unused | low>>(64-unused)
	low <<= unused
	low = low>>unused | high<<(64-unused)
	if signed {
		return uint64(int64(high) >> unused), low
	}
	return high >> unused, low
}

// Len is the number of elements that a list gives.
func (v Value) Len() int {
	if v.shape.kind != KindList {
		return 0
	}
	return min(v.elements(), v.shape.most)
}

func (v Value) elements() int { return len(v.data) / v.shape.element.bytes }

// IsCut tells whether a list has more elements than it gives, or a text more bytes.
func (v Value) IsCut() bool {
	switch v.shape.kind {
	case KindList:
		return v.elements() > v.shape.most
	case KindText:
		return len(v.data) > v.shape.most && len(untilNUL(v.data)) > v.shape.most
	case KindHex:
		return len(v.data) > v.shape.most
	default:
		return false
	}
}

// Index is an element of a list, which must have it.
func (v Value) Index(i int) Value {
	size := v.shape.element.bytes
	if i < 0 || i >= v.Len() {
		return Value{shape: &nothing}
	}
	return Value{shape: v.shape.element, data: v.data[i*size : (i+1)*size]}
}

// Members are those of a struct, with their names.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.shape.kind != KindStruct {
			return
		}
		for i := range v.shape.members {
			m := &v.shape.members[i]
			if m.shape.isFlexible {
				continue
			}
			if !yield(m.name, Value{shape: m.shape, data: v.data[m.offset : m.offset+m.bytes()], bits: m.bits}) {
				return
			}
		}
	}
}
