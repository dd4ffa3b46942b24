// SPDX-License-Identifier: Apache-2.0

package state

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// Errors about what is read, for deciding what to do.
var (
	ErrDamaged = errors.New("entry is damaged")
	ErrVersion = errors.New("entry is in a form that this release does not know")
	// ErrTooLarge is about what would have to be written.
	ErrTooLarge = errors.New("entry is too large")
)

// The form of what is written here: four letters that say what it is, a version, JSON, checksum of everything before. Numbers are little
// endian. JSON, since most of it is texts, it has few bytes, and a decoder of the standard library is less likely to be fooled than one of ours.
const (
	versionBytes  = 2
	checksumBytes = 8
	kindBytes     = 4
	// version goes up when an older release would read something wrong, not when there is more to read.
	version = 1
)

const (
	kindIncidents = "MKIN"
	kindPage      = "MKIX"
	kindAside     = "MKAS"
)

// seal writes a value.
func seal(kind string, value any, bytesMax int) ([]byte, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if objects := bytes.Count(content, []byte{'{'}); len(content) > bytesMax || objects > objectsMax {
		return nil, fmt.Errorf("%w: %d bytes, %d objects", ErrTooLarge, len(content), objects)
	}
	data := make([]byte, 0, kindBytes+versionBytes+len(content)+checksumBytes)
	data = append(data, kind...)
	data = binary.LittleEndian.AppendUint16(data, version)
	data = append(data, content...)
	return binary.LittleEndian.AppendUint64(data, xxhash.Sum64(data)), nil
}

// open reads what seal wrote.
func open(kind string, data []byte, value any, bytesMax int) error {
	switch {
	case len(data) < kindBytes+versionBytes+checksumBytes:
		return fmt.Errorf("%w: %d bytes are too few", ErrDamaged, len(data))
	case string(data[:kindBytes]) != kind:
		return fmt.Errorf("%w: it begins with %q, not with %q", ErrDamaged, data[:kindBytes], kind)
	}
	if found := binary.LittleEndian.Uint16(data[kindBytes:]); found != version {
		return fmt.Errorf("%w: version %d, not %d", ErrVersion, found, version)
	}
	body, sum := data[:len(data)-checksumBytes], binary.LittleEndian.Uint64(data[len(data)-checksumBytes:])
	if found := xxhash.Sum64(body); found != sum {
		return fmt.Errorf("%w: its checksum is %016x, its content's %016x", ErrDamaged, sum, found)
	}
	content := body[kindBytes+versionBytes:]
	if objects := bytes.Count(content, []byte{'{'}); len(content) > bytesMax || objects > objectsMax {
		return fmt.Errorf("%w: %d bytes and %d objects are more than there can be", ErrDamaged, len(content), objects)
	}
	if err := json.Unmarshal(content, value); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}
