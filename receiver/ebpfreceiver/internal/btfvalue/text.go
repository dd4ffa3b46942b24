// SPDX-License-Identifier: Apache-2.0

package btfvalue

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Name is the name of an enum's value, or the symbol of an error; empty if it has none. The error may be given
// as system calls return it, negated.
func (v Value) Name() string {
	switch v.shape.kind {
	case KindEnum:
		_, low := v.wide()
		return v.shape.names[low]
	case KindErrno:
		number, fits := v.Int64()
		if !fits || number == 0 {
			return ""
		}
		return errorName(max(number, -number))
	default:
		return ""
	}
}

// errorName is the symbol of an error number, as in errno(3).
func errorName(number int64) string {
	// Larger ones are none, by the kernel's own bound MAX_ERRNO.
	if number > 0 && number < 4096 {
		if name := unix.ErrnoName(syscall.Errno(number)); name != "" {
			return name
		}
	}
	return "errno " + strconv.FormatInt(number, 10)
}

// Text is a scalar as text. Of text it is what stands before the first NUL, and valid UTF-8.
func (v Value) Text() string {
	switch v.shape.kind {
	case KindText:
		return v.plainText()
	case KindEnum, KindErrno:
		// Without a copy.
		if name := v.Name(); name != "" {
			return name
		}
	}
	return string(v.AppendText(nil))
}

// AppendText appends what Text returns.
func (v Value) AppendText(b []byte) []byte {
	switch v.shape.kind {
	case KindBool:
		return strconv.AppendBool(b, v.Bool())
	case KindInteger:
		return v.appendInteger(b)
	case KindFloat, KindDuration:
		return strconv.AppendFloat(b, v.Float64(), 'g', -1, 64)
	case KindEnum:
		if name := v.Name(); name != "" {
			return append(b, name...)
		}
		return v.appendInteger(b)
	case KindErrno:
		if name := v.Name(); name != "" {
			return append(b, name...)
		}
		return v.appendInteger(b)
	case KindText:
		return append(b, v.plainText()...)
	case KindHex:
		return hex.AppendEncode(b, v.data[:min(len(v.data), v.shape.most)])
	case KindPointer:
		_, low := v.wide()
		return strconv.AppendUint(append(b, "0x"...), low, 16)
	case KindAddress:
		return v.appendAddress(b)
	default:
		return b
	}
}

func (v Value) appendInteger(b []byte) []byte {
	if number, fits := v.Int64(); fits {
		return strconv.AppendInt(b, number, 10)
	}
	if number, fits := v.Uint64(); fits {
		return strconv.AppendUint(b, number, 10)
	}
	high, low := v.wide()
	number := new(big.Int).SetUint64(high)
	if v.isNegative(high) {
		number.SetInt64(int64(high))
	}
	number.Add(number.Lsh(number, 64), new(big.Int).SetUint64(low))
	return number.Append(b, 10)
}

// appendAddress appends an address in its canonical form: one of IPv4 in IPv6 as what it is.
func (v Value) appendAddress(b []byte) []byte {
	if address, ok := netip.AddrFromSlice(v.data); ok {
		return address.Unmap().AppendTo(b)
	}
	return b
}

func (v Value) plainText() string {
	text := untilNUL(v.data)
	if len(text) > v.shape.most {
		text = text[:v.shape.most]
		// Without the first bytes of a character that is cut through.
		for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
			if at := len(text) - back; utf8.RuneStart(text[at]) {
				if !utf8.FullRune(text[at:]) {
					text = text[:at]
				}
				break
			}
		}
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}

func untilNUL(b []byte) []byte {
	text, _, _ := bytes.Cut(b, []byte{0})
	return text
}
