// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"errors"

	"github.com/cilium/ebpf"
)

// ReadMap calls entry for the entries of a map of the kernel, for use in a Read. Entries that come and go meanwhile
// are met or not; that is no error.
func ReadMap(m *ebpf.Map, entry func(key []byte, values [][]byte)) error {
	key := make([]byte, m.KeySize())
	entries := m.Iterate()
	switch m.Type() {
	case ebpf.PerCPUHash, ebpf.PerCPUArray, ebpf.LRUCPUHash:
		var values [][]byte
		for entries.Next(&key, &values) {
			entry(key, values)
		}
	default:
		value := make([]byte, m.ValueSize())
		for entries.Next(&key, &value) {
			entry(key, [][]byte{value})
		}
	}
	if err := entries.Err(); err != nil && !errors.Is(err, ebpf.ErrIterationAborted) {
		return err
	}
	return nil
}
