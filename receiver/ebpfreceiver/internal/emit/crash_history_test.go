// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

func TestCrashHistory_window(t *testing.T) {
	h := NewCrashHistory(2)
	key := crashKey{workload: "/a", executable: "/bin/a"}
	at := func(d time.Duration) uint64 { return uint64(time.Hour + d) }
	assert.EqualValues(t, 1, h.add(key, at(0)))
	assert.EqualValues(t, 2, h.add(key, at(CrashWindow-1)))
	assert.EqualValues(t, 1, h.add(key, at(CrashWindow)), "the hour of the first one is over")
	assert.EqualValues(t, 2, h.add(key, at(CrashWindow-2)), "events of different processors may come late")
	assert.Zero(t, h.Forgotten())
}

func TestCrashHistory_full(t *testing.T) {
	h := NewCrashHistory(2)
	keyOf := func(name string) crashKey { return crashKey{workload: "/", executable: name} }
	h.add(keyOf("a"), 1)
	h.add(keyOf("b"), 2)
	h.add(keyOf("a"), 3)
	assert.EqualValues(t, 1, h.add(keyOf("c"), 4))
	assert.EqualValues(t, 1, h.Forgotten(), "b has not crashed for the longest")
	assert.EqualValues(t, 3, h.add(keyOf("a"), 5))
	assert.EqualValues(t, 1, h.add(keyOf("d"), 4+uint64(CrashWindow)))
	assert.EqualValues(t, 1, h.Forgotten(), "the hour of c was over")
	assert.Len(t, h.entries, 2)
	assert.Equal(t, 2, h.recent.Len())
}

func TestCrashKey(t *testing.T) {
	pod := func(cgroup string) *process.Workload {
		return &process.Workload{CgroupID: 7, CgroupPath: cgroup, Container: container.Container{ID: cgroup, PodUID: "uid"}}
	}
	assert.Equal(t, crashKeyOf(pod("/1"), "x"), crashKeyOf(pod("/2"), "x"), "containers of a pod are made anew")
	service := func(id uint64) *process.Workload { return &process.Workload{CgroupID: id, CgroupPath: "/s"} }
	assert.Equal(t, crashKeyOf(service(1), "x"), crashKeyOf(service(2), "x"), "and so are cgroups of services")
	assert.NotEqual(t, crashKeyOf(service(1), "x"), crashKeyOf(service(1), "y"))
	assert.NotEqual(t, crashKeyOf(&process.Workload{CgroupID: 1}, "x"), crashKeyOf(&process.Workload{CgroupID: 2}, "x"))
}
