// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What the doc comment of Table says of its memory.
const (
	entryBytesMax = 420
	// fullEntryBytesMax is an entry that has as many images as are remembered.
	fullEntryBytesMax = 680
)

// heapBytes is what is reachable now.
func heapBytes() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestTable_memoryPerEntry(t *testing.T) {
	// Just more than a doubling of the map, when it has the most room to spare.
	const entries = 33_000
	for name, c := range map[string]struct {
		execs int
		max   uint64
	}{
		"ordinary: fork and exec": {1, entryBytesMax},
		"all images":              {imagesMax + 2, fullEntryBytesMax},
	} {
		t.Run(name, func(t *testing.T) {
			before := heapBytes()
			table := newTable(entries)
			for pid := uint32(1); pid <= entries; pid++ {
				table.Fork(forkOf(key(pid), key(pid-1), 1))
				for n := range c.execs {
					table.Exec(execOf(key(pid), key(pid-1), uint64(2+n), fmt.Sprintf("/usr/bin/program%d", pid%100)))
				}
				if pid%2 == 0 {
					table.Exit(exitOf(key(pid), uint64(1+c.execs), time.Second))
				}
			}
			perEntry := (heapBytes() - before) / entries
			assert.Equal(t, entries, table.Stats().Entries)
			t.Logf("%d bytes per entry", perEntry)
			assert.LessOrEqual(t, perEntry, c.max)
			assert.Greater(t, perEntry, c.max/2, "the bound says nothing any more")
			runtime.KeepAlive(table)
		})
	}
}
