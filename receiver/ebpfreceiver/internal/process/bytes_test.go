// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
)

func TestTable_longPathsAreBounded(t *testing.T) {
	const processes, pathBytes = 10_000, 4000
	table := newTable(2 * processes)
	for pid := uint32(1); pid <= processes; pid++ {
		table.Exec(execOf(key(pid), key(0), 1, fmt.Sprintf("/%08d%s", pid, strings.Repeat("x", pathBytes-9))))
	}
	stats := table.Stats()
	assert.Equal(t, TablePathBytesMax/pathBytes, stats.Entries)
	assert.EqualValues(t, processes-stats.Entries, stats.EvictedAlive)
	newest := head(key(processes), 1)
	_, outcome := table.Lookup(&newest)
	assert.Equal(t, Found, outcome, "the newest stay")
	for pid := uint32(1); pid <= processes; pid++ {
		table.Exec(execOf(key(pid), key(0), 2, "/short"))
	}
	assert.Equal(t, processes, table.Stats().Entries, "there is room again")
}

func TestWorkloads_longPathsAreBounded(t *testing.T) {
	const cgroups, pathBytes = 5000, 4000
	w := NewWorkloads(Hierarchy{}, container.NewFinder(container.Settings{}), 2*cgroups)
	for id := range uint64(cgroups) {
		w.add(id, fmt.Sprintf("/%08d%s", id, strings.Repeat("x", pathBytes-9)), 0)
	}
	stats := w.Stats()
	assert.Equal(t, WorkloadBytesMax/pathBytes, stats.Entries)
	assert.EqualValues(t, cgroups-stats.Entries, stats.Refused)
	// One that is renamed to itself does not count twice.
	w.add(1, "/again", 0)
	assert.Equal(t, "/again", w.Lookup(1).CgroupPath)
}
