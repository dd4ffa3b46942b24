// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// recordContainer runs a container that lives for a moment.
func recordContainer(t *testing.T) {
	const name = "web"
	daemon := startContainerd(t)
	r := startRecorder(t, map[string]any{"window_ns": uint64(time.Hour)}, tracer.Process(), tracer.File(), tracer.TCP())
	daemon.run(name, "echo hello > /tmp/greeting; /bin/busybox cp /bin/busybox /tmp/wget; /tmp/wget -q -O - http://127.0.0.1:18084/; exit 4")
	time.Sleep(settleTime)
	r.stop()

	inside := daemon.inside(r, name)
	s := newScenario(t, "container", `
A container of containerd's that lives for a moment, with all the processes that it takes. Its name is
known from the making of its cgroup on.`)
	daemon.addProcesses(r, s, name)
	s.addRecords(r.chosen("file", inside))
	s.addRecords(r.chosen("tcp", inside))
	s.results("process", "file", "tcp")
	s.write()

	writeSeeds(t, processSeeds, seedsOf(t, r.chosen("process", func(e decode.Event) bool {
		_, isCgroup := e.(*decode.ProcessCgroup)
		return isCgroup && inside(e)
	})))
}

// addRealBoot lets a scenario have the times of the machine that it was recorded on: for comparing them with
// those of files.
func (s *scenario) addRealBoot() {
	clock := process.NewClock()
	require.NoError(s.t, clock.Refresh())
	s.add("boot", []byte(clock.Time(0).UTC().Format(time.RFC3339Nano)+"\n"))
}

// containerd is one that was started for a recording.
type containerd struct {
	t               *testing.T
	pid             int
	cgroup          *cgroup
	address, rootfs string
}

func startContainerd(t *testing.T) *containerd {
	t.Helper()
	group, folder := newCgroup(t, "containerd"), emptyFolder(t)
	c := &containerd{
		t: t, cgroup: group, address: filepath.Join(folder, "containerd.sock"), rootfs: filepath.Join(folder, "rootfs"),
	}
	daemon := exec.Command("containerd", "--config", "/dev/null", "--address", c.address,
		"--root", filepath.Join(folder, "root"), "--state", filepath.Join(folder, "state"))
	daemon.Dir = "/"
	require.NoError(t, daemon.Start(), "install containerd")
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
	})
	c.pid = daemon.Process.Pid
	c.cgroup.join(c.pid)
	require.Eventually(t, func() bool {
		return exec.Command("ctr", "--address", c.address, "version").Run() == nil
	}, recorderPatience, 50*time.Millisecond)
	for _, name := range []string{"bin", "proc", "sys", "dev", "tmp"} {
		require.NoError(t, os.MkdirAll(filepath.Join(c.rootfs, name), 0o755))
	}
	program, err := os.ReadFile("/usr/bin/busybox")
	require.NoError(t, err, "install busybox-static")
	require.NoError(t, os.WriteFile(filepath.Join(c.rootfs, "bin/busybox"), program, 0o755))
	return c
}

// run runs a script in a container.
func (c *containerd) run(name, script string) {
	c.t.Helper()
	output, err := exec.Command("ctr", "--address", c.address, "run", "--rm", "--net-host", "--rootfs", c.rootfs, name,
		"/bin/busybox", "sh", "-c", script).CombinedOutput()
	c.t.Logf("ctr: %s (%v)", output, err)
}

// inside matches the events of a container, which has been recorded from its making on.
func (c *containerd) inside(r *recorder, name string) func(decode.Event) bool {
	c.t.Helper()
	var id uint64
	r.chosen("process", func(e decode.Event) bool {
		if made, ok := e.(*decode.ProcessCgroup); ok && string(made.Path) == "/default/"+name {
			id = made.Header.CgroupId
		}
		return false
	})
	require.NotZero(c.t, id)
	return func(e decode.Event) bool { return e.Head().CgroupId == id }
}

// addProcesses begins a scenario with a container, the daemon, and all processes that come from that.
func (c *containerd) addProcesses(r *recorder, s *scenario, name string) {
	c.t.Helper()
	s.addRealBoot()
	s.add("containers", []byte("default/"+name+"\n"))
	s.add("cgroups", c.cgroup.line())
	s.add("process snapshot", dump(r.snapshotOf(c.pid)))
	s.addRecords(r.chosen("process", r.family(c.pid)))
}
