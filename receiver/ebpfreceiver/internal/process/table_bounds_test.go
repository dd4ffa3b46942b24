// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTable_eviction(t *testing.T) {
	const bound = 4
	table := newTable(bound)
	for pid := uint32(1); pid <= bound; pid++ {
		table.Exec(execOf(key(pid), Key{}, 1, "/bin/cat"))
	}
	table.Exit(exitOf(key(3), 1, 30))
	table.Exit(exitOf(key(2), 1, 40))
	table.Exec(execOf(key(1), Key{}, 2, "/bin/dog")) // known longest, but busy
	alive := func() (pids []uint32) {
		for pid := uint32(1); pid < 20; pid++ {
			h := head(key(pid), 1)
			if _, outcome := table.Lookup(&h); outcome != Missing {
				pids = append(pids, pid)
			}
		}
		return pids
	}
	var remaining [][]uint32
	for pid := uint32(11); pid <= 15; pid++ {
		table.Fork(forkOf(key(pid), Key{}, 1))
		remaining = append(remaining, alive())
		assert.Equal(t, bound, table.Stats().Entries)
	}
	assert.Equal(t, [][]uint32{
		{1, 2, 4, 11},    // gone longest first
		{1, 4, 11, 12},   // then the other one that is gone
		{1, 11, 12, 13},  // then whoever is known longest without news
		{11, 12, 13, 14}, // then the next
		{12, 13, 14, 15},
	}, remaining)
	assert.Equal(t, Stats{Entries: bound, EvictedExited: 2, EvictedAlive: 3}, table.Stats())
}

func TestTable_boundHoldsUnderAFlood(t *testing.T) {
	const bound = 100
	table := newTable(bound)
	for n := range uint32(10_000) {
		switch k := key(n + 1); n % 3 {
		case 0:
			table.Fork(forkOf(k, key(n), 1))
		case 1:
			table.Exec(execOf(k, key(n), 1, fmt.Sprintf("/bin/%d", n)))
		case 2:
			table.Exit(exitOf(k, 1, time.Duration(n)))
		}
		require.LessOrEqual(t, table.Stats().Entries, bound)
		require.Equal(t, table.Stats().Entries, table.alive.Len()+table.exited.Len())
	}
	stats := table.Stats()
	assert.EqualValues(t, 10_000-bound, stats.EvictedAlive+stats.EvictedExited)
}

func TestTable_retention(t *testing.T) {
	table := newTable(10)
	for pid := uint32(1); pid <= 3; pid++ {
		table.Exec(execOf(key(pid), Key{}, 1, "/bin/cat"))
	}
	exitAt := func(pid uint32, at time.Duration) { table.Exit(exitOf(key(pid), 1, at)) }
	exitAt(1, time.Minute)
	exitAt(2, time.Minute+ExitedRetention-1)
	assertKnown(t, table, key(1), 1, "/bin/cat", Found)
	exitAt(3, time.Minute+ExitedRetention)
	assertKnown(t, table, key(1), 1, "", Missing)
	assertKnown(t, table, key(2), 1, "/bin/cat", Found)
	assert.Equal(t, Stats{Entries: 2}, table.Stats(), "nobody was evicted for lack of room")
}

func TestTable_concurrentUse(t *testing.T) {
	const bound, perWriter = 64, 2000
	table := newTable(bound)
	var users sync.WaitGroup
	for w := range uint32(4) {
		users.Go(func() {
			for n := range uint32(perWriter) {
				k := key(w*perWriter + n + 1)
				table.Fork(forkOf(k, key(k.PID-1), 1))
				p := table.Exec(execOf(k, key(k.PID-1), 2, "/bin/cat"))
				table.Ancestors(p, 8, nil)
				table.Exit(exitOf(k, 2, time.Duration(n)))
			}
		})
		users.Go(func() {
			for n := range uint32(perWriter) {
				k := key(w*perWriter + n + 1)
				h := head(k, 2)
				if p, _ := table.Lookup(&h); p.Key != k {
					t.Errorf("asked for %v, got %v", k, p.Key)
				}
				table.Exited(k)
				if entries := table.Stats().Entries; entries > bound {
					t.Errorf("%d entries", entries)
				}
			}
		})
		users.Go(func() {
			for n := range perWriter {
				table.clock.SetOffset(time.Duration(bootedAt.UnixNano() + int64(n)))
			}
		})
	}
	users.Wait()
	assert.Equal(t, bound, table.Stats().Entries)
}
