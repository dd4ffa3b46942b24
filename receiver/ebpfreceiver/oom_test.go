// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

const mebibyte = 1 << 20

// memoryCgroup is a cgroup that may use a limited amount of memory.
type memoryCgroup struct {
	t            *testing.T
	folder, path string
	// killedFile is where the kernel counts what it has killed in it.
	killedFile string
}

func newMemoryCgroup(t *testing.T, name string, limit int) *memoryCgroup {
	t.Helper()
	hierarchy, err := process.FindHierarchy()
	require.NoError(t, err)
	limitFile, killedFile := "memory.max", "memory.events"
	if hierarchy.Controller == "" {
		require.NoError(t, os.WriteFile(filepath.Join(hierarchy.MountPoint, "cgroup.subtree_control"), []byte("+memory"), 0))
	} else {
		require.Equal(t, "memory", hierarchy.Controller)
		limitFile, killedFile = "memory.limit_in_bytes", "memory.oom_control"
	}
	g := &memoryCgroup{t: t}
	g.folder, g.path = cgroupFolder(t, name)
	g.killedFile = filepath.Join(g.folder, killedFile)
	// Before 5.11 a cgroup of version 1 counts what is below it only if it is told to.
	hierarchical := filepath.Join(g.folder, "memory.use_hierarchy")
	if set, err := os.ReadFile(hierarchical); err == nil && strings.TrimSpace(string(set)) == "0" {
		require.NoError(t, os.WriteFile(hierarchical, []byte("1"), 0))
	}
	require.NoError(t, os.WriteFile(filepath.Join(g.folder, limitFile), []byte(strconv.Itoa(limit)), 0))
	return g
}

// below makes a cgroup in it without a limit of its own.
func (g *memoryCgroup) below(name string) *memoryCgroup {
	g.t.Helper()
	if _, err := os.Stat(filepath.Join(g.folder, "cgroup.subtree_control")); err == nil {
		require.NoError(g.t, os.WriteFile(filepath.Join(g.folder, "cgroup.subtree_control"), []byte("+memory"), 0))
	}
	child := &memoryCgroup{t: g.t}
	child.folder, child.path = cgroupFolder(g.t, filepath.Join(g.path, name))
	return child
}

// killed is how many processes the kernel says to have killed in the cgroup.
func (g *memoryCgroup) killed() int {
	g.t.Helper()
	content, err := os.ReadFile(g.killedFile)
	require.NoError(g.t, err)
	for line := range strings.Lines(string(content)) {
		if count, ok := strings.CutPrefix(line, "oom_kill "); ok {
			number, err := strconv.Atoi(strings.TrimSpace(count))
			require.NoError(g.t, err)
			return number
		}
	}
	require.Fail(g.t, "the kernel does not count", string(content))
	return 0
}

// memoryUser is a process in the role "use_memory".
type memoryUser struct {
	t       *testing.T
	command *exec.Cmd
	input   io.WriteCloser
}

// use starts one in the cgroup, and waits until it has what it wants.
func (g *memoryCgroup) use(mebibytes, shared, adjustment int) *memoryUser {
	g.t.Helper()
	role := inRole("use_memory", strconv.Itoa(mebibytes), strconv.Itoa(shared), strconv.Itoa(adjustment))
	// A process joins before it uses anything: what it has already is not moved with it.
	command := exec.Command("/bin/sh", append([]string{"-c", `echo $$ > "$0/cgroup.procs"; exec "$@"`, g.folder, self(g.t)}, role.Args[1:]...)...)
	command.Env = role.Env
	u := &memoryUser{t: g.t, command: command}
	var err error
	u.input, err = command.StdinPipe()
	require.NoError(g.t, err)
	output, err := command.StdoutPipe()
	require.NoError(g.t, err)
	command.Stderr = os.Stderr
	require.NoError(g.t, command.Start())
	g.t.Cleanup(func() {
		_ = u.input.Close()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(g.t, err)
	require.Equal(g.t, "ready\n", line)
	return u
}

// self is the path of this binary.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

func (u *memoryUser) pid() int { return u.command.Process.Pid }

func (u *memoryUser) status() procfs.ProcStatus {
	u.t.Helper()
	proc, err := procfs.NewProc(u.pid())
	require.NoError(u.t, err)
	status, err := proc.NewStatus()
	require.NoError(u.t, err)
	return status
}

// state is "Z" for one that has ended.
func (u *memoryUser) state() string {
	u.t.Helper()
	proc, err := procfs.NewProc(u.pid())
	require.NoError(u.t, err)
	stat, err := proc.Stat()
	require.NoError(u.t, err)
	return stat.State
}

func (u *memoryUser) grow(mebibytes int) {
	u.t.Helper()
	_, err := fmt.Fprintln(u.input, mebibytes)
	require.NoError(u.t, err)
}

// awaitKill checks that the process was killed, not that it gave up.
func (u *memoryUser) awaitKill() {
	u.t.Helper()
	// Otherwise a kernel that kills nobody would be waited for.
	defer time.AfterFunc(patience, func() {
		u.t.Errorf("the kernel has not killed process %d", u.pid())
		_ = u.command.Process.Kill()
	}).Stop()
	err := u.command.Wait()
	status, ok := u.command.ProcessState.Sys().(syscall.WaitStatus)
	require.True(u.t, ok)
	require.Equal(u.t, unix.SIGKILL, status.Signal(), "%v", err)
}

func TestOOM_victimThatAsks(t *testing.T) {
	const limit = 96 * mebibyte
	l := startLive(t, only("oom"))
	group := newMemoryCgroup(t, "meerkat-test-oom", limit)
	user := group.use(32, 8, 321)
	before := user.status()
	user.grow(200)
	user.awaitKill()
	require.Equal(t, 1, group.killed())

	r := l.one(names.EventOOMKill, byPID(user.pid()))
	assert.Equal(t, self(t), r.str(names.ProcessExecutablePath))
	assert.Equal(t, group.path, l.resource(r, names.CgroupPath))
	assert.Equal(t, "memory_cgroup", r.str(names.OOMConstraint))
	assert.Equal(t, group.path, r.str(names.OOMCgroupPath))
	assert.EqualValues(t, limit, r.num(names.OOMCgroupLimit))
	assert.InDelta(t, limit, r.num(names.OOMCgroupUsage), mebibyte)
	assert.EqualValues(t, 321, r.num(names.OOMScoreAdjustment))

	assert.Greater(t, r.num(names.OOMMemoryAnonymous), int64(before.RssAnon))
	assert.Less(t, r.num(names.OOMMemoryAnonymous), int64(limit))
	assert.Greater(t, r.num(names.OOMMemoryAnonymous), int64(limit-16*mebibyte), "all else in the cgroup is small")
	assert.InDelta(t, before.RssShmem, r.num(names.OOMMemoryShared), 4*mebibyte, "the program may have run more of itself")
	assert.InDelta(t, before.RssFile, r.num(names.OOMMemoryFile), 4*mebibyte)
	if before.RssShmem == 8*mebibyte {
		// The program is not on a file system in memory, and nothing else is shared.
		assert.EqualValues(t, 8*mebibyte, r.num(names.OOMMemoryShared))
	}
	assert.Zero(t, r.num(names.OOMMemorySwap))
	assert.Greater(t, r.num(names.OOMMemoryPageTables), int64(before.VmPTE))
	assert.GreaterOrEqual(t, r.num(names.OOMMemoryVirtual), int64(before.VmSize)+200*mebibyte)

	assert.EqualValues(t, user.pid(), r.num(names.OOMTriggerPID))
	assert.Equal(t, r.str(names.ProcessCreationTime), r.str(names.OOMTriggerCreationTime))
	assert.Equal(t, self(t), r.str(names.OOMTriggerExecutablePath))
	assert.False(t, r.has(names.OOMTriggerCgroupPath), "it is the same")
	l.stop()
	assert.Len(t, l.find(names.EventOOMKill, byPID(user.pid())), 1)
}

// The victim is not the one that asks. The limit is that of a cgroup above both.
func TestOOM_victimOfAnother(t *testing.T) {
	// With the race detector a process takes some tens of mebibytes by itself.
	const limit = 160 * mebibyte
	l := startLive(t, only("oom"))
	parent := newMemoryCgroup(t, "meerkat-test-oom-pod", limit)
	large := parent.below("large").use(60, 0, 1000)
	small := parent.below("small").use(1, 0, 0)
	had := large.status()
	small.grow(110)
	large.awaitKill()

	r := l.one(names.EventOOMKill, byPID(large.pid()))
	assert.Equal(t, parent.path+"/large", l.resource(r, names.CgroupPath))
	assert.Equal(t, parent.path, r.str(names.OOMCgroupPath))
	assert.EqualValues(t, limit, r.num(names.OOMCgroupLimit))
	assert.EqualValues(t, 1000, r.num(names.OOMScoreAdjustment))
	assert.EqualValues(t, small.pid(), r.num(names.OOMTriggerPID))
	assert.Equal(t, parent.path+"/small", r.str(names.OOMTriggerCgroupPath))
	assert.GreaterOrEqual(t, had.RssAnon, uint64(60*mebibyte))
	assert.InDelta(t, had.RssAnon, r.num(names.OOMMemoryAnonymous), 4*mebibyte)
	l.stop()
	assert.Len(t, l.find(names.EventOOMKill, byPID(large.pid())), 1)
	// The kernel may decide that it has to go as well.
	if len(l.find(names.EventOOMKill, byPID(small.pid()))) > 0 {
		assert.Eventually(t, func() bool { return small.state() == "Z" }, patience, 20*time.Millisecond)
	}
}

func TestContainer_outOfMemory(t *testing.T) {
	const limit = 64 * mebibyte
	c := startContainerd(t)
	l := startLive(t, only("oom"))
	id := containerID(31)
	c.run(id, "/bin/busybox tail /dev/zero; exit 0", "--memory-limit", strconv.Itoa(limit))
	r := l.one(names.EventOOMKill, inContainer(id))
	assert.Equal(t, "busybox", r.str(names.ProcessExecutableName))
	assert.EqualValues(t, limit, r.num(names.OOMCgroupLimit))
	assert.True(t, strings.HasSuffix(r.str(names.OOMCgroupPath), "/"+id), r.str(names.OOMCgroupPath))
	assert.Equal(t, "memory_cgroup", r.str(names.OOMConstraint))
	assert.Greater(t, r.num(names.OOMMemoryAnonymous), int64(limit/2))
}
