// SPDX-License-Identifier: Apache-2.0

package btfvalue

import "fmt"

// Reading is how bytes are to be read where their type does not tell.
type Reading string

// Values of Reading.
const (
	ReadDefault  Reading = ""         // by the type
	ReadAddress  Reading = "address"  // 4 or 16 bytes in network order
	ReadPort     Reading = "port"     // 2 bytes in network order
	ReadHex      Reading = "hex"      // any bytes
	ReadText     Reading = "text"     // any bytes, up to the first NUL
	ReadDuration Reading = "duration" // a number of nanoseconds
	ReadErrno    Reading = "errno"    // a number
)

// As returns the field with its bytes read in another way.
func (f *Field) As(reading Reading, limits Limits) (*Field, error) {
	if reading == ReadDefault {
		return f, nil
	}
	read := shape{
		bytes: f.shape.bytes, bigEndian: f.shape.bigEndian, signed: f.shape.signed, typeName: f.shape.typeName,
		isFlexible: f.shape.isFlexible, most: limits.TextBytesMax,
	}
	var fits bool
	var wanted string
	switch reading {
	case ReadAddress:
		read.kind, fits, wanted = KindAddress, f.isWhole(4) || f.isWhole(16), "4 or 16 bytes"
	case ReadPort:
		read.kind, fits, wanted = KindInteger, f.isWhole(2), "2 bytes"
		read.bigEndian, read.signed = true, false
	case ReadHex:
		read.kind, fits, wanted = KindHex, f.bits.count == 0, "whole bytes"
	case ReadText:
		read.kind, fits, wanted = KindText, f.bits.count == 0, "whole bytes"
	case ReadDuration:
		read.kind, fits, wanted = KindDuration, f.shape.kind == KindInteger, "a number"
	case ReadErrno:
		read.kind, fits, wanted = KindErrno, f.shape.kind == KindInteger || f.shape.kind == KindEnum, "a number"
	default:
		return nil, fmt.Errorf("read field %q: there is no way %q to read bytes", f.Path, reading)
	}
	if !fits {
		return nil, fmt.Errorf("read field %q as %s: it takes %s, and the field is %s of %d bytes", f.Path, reading, wanted, f.shape.typeName, f.bytes)
	}
	field := *f
	field.shape = &read
	return &field, nil
}

// isWhole tells whether the field has a number of bytes, and all bits of them.
func (f *Field) isWhole(bytes int) bool {
	return f.bytes == bytes && f.bits.count == 0 && !f.isRest
}
