// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// BytesMax is how long a table is at most; a longer one is not read.
	BytesMax = 64 << 10
	// RowsMax is how many behaviours have room in it.
	RowsMax = (BytesMax - headBytes) / rowBytes

	headBytes = 1 + 2*binary.MaxVarintLen32
	rowBytes  = 8
	version   = 1
)

// ErrVersion and ErrDamaged are what errors of Decode wrap: a table of another version is none of ours to judge, a damaged one is.
var (
	ErrVersion = errors.New("table of another version")
	ErrDamaged = errors.New("table is damaged")
)

// Table is what one delta tells of one workload: numbers of whole behaviours, which are the same on every host.
type Table struct {
	// Normal are normal for the workload, Forbidden are those that somebody said are malicious.
	Normal, Forbidden []uint64
}

// Encode writes a table: the version, the two counts, and then a row of eight bytes for each behaviour. Hashes do not compress, so nothing is done about it.
// The caller keeps to RowsMax.
func (t Table) Encode() []byte {
	data := make([]byte, 0, headBytes+rowBytes*(len(t.Normal)+len(t.Forbidden)))
	data = append(data, version)
	data = binary.AppendUvarint(data, uint64(len(t.Normal)))
	data = binary.AppendUvarint(data, uint64(len(t.Forbidden)))
	for _, list := range [...][]uint64{t.Normal, t.Forbidden} {
		for _, behaviour := range list {
			data = binary.LittleEndian.AppendUint64(data, behaviour)
		}
	}
	return data
}

// Decode reads a table that anybody may have written.
func Decode(data []byte) (Table, error) {
	if len(data) == 0 || len(data) > BytesMax {
		return Table{}, fmt.Errorf("%w: it has %d bytes: send between 1 and %d", ErrDamaged, len(data), BytesMax)
	}
	if data[0] != version {
		return Table{}, fmt.Errorf("%w: it is %d, not %d: use agents and gateways of one release", ErrVersion, data[0], version)
	}
	data = data[1:]
	var counts [2]uint64
	for at := range counts {
		count, size := binary.Uvarint(data)
		if size <= 0 || count > RowsMax {
			return Table{}, fmt.Errorf("%w: it tells no number of rows up to %d", ErrDamaged, RowsMax)
		}
		counts[at], data = count, data[size:]
	}
	if uint64(len(data)) != rowBytes*(counts[0]+counts[1]) {
		return Table{}, fmt.Errorf("%w: %d bytes are not %d rows", ErrDamaged, len(data), counts[0]+counts[1])
	}
	return Table{Normal: rows(data[:rowBytes*counts[0]]), Forbidden: rows(data[rowBytes*counts[0]:])}, nil
}

func rows(data []byte) []uint64 {
	var list []uint64
	for ; len(data) > 0; data = data[rowBytes:] {
		list = append(list, binary.LittleEndian.Uint64(data))
	}
	return list
}
