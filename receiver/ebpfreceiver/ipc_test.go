// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// ipcNamespace is the namespace of this process as the kernel's own file names it.
func ipcNamespace(t *testing.T) int64 {
	t.Helper()
	var stat unix.Stat_t
	require.NoError(t, unix.Stat("/proc/self/ns/ipc", &stat))
	return int64(stat.Ino)
}

// sysvipc finds an object in a table of /proc/sysvipc by its id and returns its line by column.
func sysvipc(t *testing.T, table string, id int) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("/proc/sysvipc", table))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	columns := strings.Fields(lines[0])
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		if fields[1] != strconv.Itoa(id) {
			continue
		}
		object := map[string]string{}
		for i, column := range columns {
			object[column] = fields[i]
		}
		return object
	}
	t.Fatalf("/proc/sysvipc/%s has no object with id %d", table, id)
	return nil
}

// freeKey is a key that no object has but those of this test.
func freeKey() int { return 0x4d4b0000 | os.Getpid()&0xffff }

// ofObject matches events of this process about one kind of object.
func ofObject(object string) func(record) bool {
	return func(r record) bool { return byPID(os.Getpid())(r) && r.str(names.IPCObject) == object }
}

// withID matches events that know an object by its id.
func withID(object string, id int) func(record) bool {
	return func(r record) bool {
		return ofObject(object)(r) && r.has(names.IPCID) && r.num(names.IPCID) == int64(id)
	}
}

func TestIPC_sharedMemory(t *testing.T) {
	l := startLive(t, only("ipc"))
	key := freeKey()
	id, err := unix.SysvShmGet(key, 12345, unix.IPC_CREAT|unix.IPC_EXCL|0o640)
	require.NoError(t, err)
	remove := func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) }
	t.Cleanup(remove)
	r := l.one(names.EventIPCGet, withID("shared_memory", id))
	object := sysvipc(t, "shm", id)
	number, err := strconv.ParseInt(object["key"], 10, 64)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("0x%08x", uint32(number)), r.str(names.IPCKey))
	assert.Equal(t, object["size"], r.str(names.IPCSize))
	assert.Equal(t, object["cpid"], r.str(names.ProcessPID))
	assert.Equal(t, "0"+object["perms"], r.str(names.IPCMode))
	assert.Equal(t, "true", r.str(names.IPCMayCreate))
	assert.Equal(t, ipcNamespace(t), r.num(names.IPCNamespace))
	assert.Empty(t, r.str(names.ErrorType))
	assertProcessIs(t, r, os.Getpid())

	// Found, not made.
	_, err = unix.SysvShmGet(key, 0, 0)
	require.NoError(t, err)
	// This is the same object, so it is a repeat.
	for flags, access := range map[int]string{0: "read_write", unix.SHM_RDONLY: "read"} {
		memory, err := unix.SysvShmAttach(id, 0, flags)
		require.NoError(t, err)
		attach := l.one(names.EventIPCAttach, func(r record) bool { return withID("shared_memory", id)(r) && r.str(names.IPCAccess) == access })
		assert.Equal(t, ipcNamespace(t), attach.num(names.IPCNamespace))
		require.NoError(t, unix.SysvShmDetach(memory))
	}
	remove()
	removed := l.one(names.EventIPCRemove, withID("shared_memory", id))
	assert.Empty(t, removed.str(names.ErrorType))

	// What is gone can't be had.
	_, err = unix.SysvShmAttach(id, 0, 0)
	require.ErrorIs(t, err, unix.EINVAL)
	l.one(names.EventIPCAttach, func(r record) bool { return withID("shared_memory", id)(r) && r.str(names.ErrorType) == "EINVAL" })
	_, err = unix.SysvShmGet(key, 0, 0)
	require.ErrorIs(t, err, unix.ENOENT)
	failed := l.one(names.EventIPCGet, func(r record) bool { return ofObject("shared_memory")(r) && r.str(names.ErrorType) == "ENOENT" })
	assert.Equal(t, fmt.Sprintf("0x%08x", key), failed.str(names.IPCKey))
	assert.False(t, failed.has(names.IPCID))
	assert.False(t, failed.has(names.IPCMayCreate))
}

// Objects without a key are one thing that happens again.
func TestIPC_privateObjectsAreCounted(t *testing.T) {
	const objects = 20
	l := startLive(t, func(c *Config) {
		only("ipc")(c)
		c.Tracers.IPC.DeduplicationWindow = time.Hour
	})
	var ids []int
	for range objects {
		id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, 0o600)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	for _, id := range ids {
		_, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		require.NoError(t, err)
	}
	r := l.one(names.EventIPCGet, ofObject("shared_memory"))
	assert.Equal(t, "private", r.str(names.IPCKey))
	assert.EqualValues(t, ids[0], r.num(names.IPCID))
	l.stop()
	repeats := l.find(names.EventIPCGet, func(r record) bool { return ofObject("shared_memory")(r) && r.has(names.RepeatCount) })
	require.Len(t, repeats, 1)
	assert.EqualValues(t, objects-1, repeats[0].num(names.RepeatCount))
	assert.False(t, repeats[0].has(names.IPCID))
	assert.Len(t, l.find(names.EventIPCRemove, ofObject("shared_memory")), objects, "each of these is another one")
}

func TestIPC_queuesAndSemaphoresOfSystemV(t *testing.T) {
	l := startLive(t, only("ipc"))
	for object, c := range map[string]struct {
		get    func(key, flags int) (int, error)
		remove func(id int) error
		table  string
		size   string
	}{
		"message_queue": {messageQueue, removeMessageQueue, "msg", ""},
		"semaphores":    {func(key, flags int) (int, error) { return semaphores(key, 3, flags) }, removeSemaphores, "sem", "3"},
	} {
		t.Run(object, func(t *testing.T) {
			id, err := c.get(freeKey(), unix.IPC_CREAT|0o600)
			require.NoError(t, err)
			t.Cleanup(func() { _ = c.remove(id) })
			r := l.one(names.EventIPCGet, withID(object, id))
			listed := sysvipc(t, c.table, id)
			number, err := strconv.ParseInt(listed["key"], 10, 64)
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("0x%08x", uint32(number)), r.str(names.IPCKey))
			assert.Equal(t, "0"+listed["perms"], r.str(names.IPCMode))
			assert.Equal(t, c.size, r.str(names.IPCSize))
			assert.Equal(t, listed["nsems"], r.str(names.IPCSize))
			assert.Equal(t, ipcNamespace(t), r.num(names.IPCNamespace))
			require.NoError(t, c.remove(id))
			l.one(names.EventIPCRemove, withID(object, id))
			require.ErrorIs(t, c.remove(id), unix.EINVAL)
			l.one(names.EventIPCRemove, func(r record) bool { return withID(object, id)(r) && r.str(names.ErrorType) == "EINVAL" })
		})
	}
}

func TestIPC_messageQueueOfPOSIX(t *testing.T) {
	l := startLive(t, only("ipc"))
	name := fmt.Sprintf("meerkat-%d", os.Getpid())
	named := func(r record) bool { return ofObject("posix_message_queue")(r) && r.str(names.IPCName) == "/"+name }
	_, err := openQueue(name, unix.O_RDONLY, 0)
	require.ErrorIs(t, err, unix.ENOENT)
	failed := l.one(names.EventIPCOpen, named)
	assert.Equal(t, "ENOENT", failed.str(names.ErrorType))
	assert.False(t, failed.has(names.FileInode))

	fd, err := openQueue(name, unix.O_CREAT|unix.O_WRONLY, 0o620)
	require.NoError(t, err)
	defer unix.Close(fd)
	r := l.one(names.EventIPCOpen, func(r record) bool { return named(r) && !r.has(names.ErrorType) })
	assert.Equal(t, inodeOf(t, fd), r.num(names.FileInode))
	assert.Equal(t, "write", r.str(names.IPCAccess))
	assert.Equal(t, "true", r.str(names.IPCMayCreate))
	assert.Equal(t, "0620", r.str(names.IPCMode))
	assert.Equal(t, ipcNamespace(t), r.num(names.IPCNamespace))
	require.NoError(t, removeQueue(name))
	removed := l.one(names.EventIPCRemove, named)
	assert.False(t, removed.has(names.ErrorType))
	require.ErrorIs(t, removeQueue(name), unix.ENOENT)
	l.one(names.EventIPCRemove, func(r record) bool { return named(r) && r.str(names.ErrorType) == "ENOENT" })
}

func TestIPC_namedPipes(t *testing.T) {
	// Two tracers want the same system calls.
	l := startLive(t, only("ipc", "file"))
	d := t.TempDir()
	t.Chdir(d)
	path := filepath.Join(d, "a pipe")
	at := func(path string) func(record) bool {
		return func(r record) bool { return ofObject("named_pipe")(r) && r.str(names.FilePath) == path }
	}
	require.NoError(t, unix.Mkfifo(path, 0o620))
	created := l.one(names.EventIPCCreate, at(path))
	l.one(names.EventFileCreate, func(r record) bool { return byPID(os.Getpid())(r) && r.str(names.FilePath) == path })
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(path, &stat))
	assert.Equal(t, fmt.Sprintf("%04o", stat.Mode&0o7777), created.str(names.IPCMode))
	require.ErrorIs(t, unix.Mkfifo(path, 0o620), unix.EEXIST)
	l.one(names.EventIPCCreate, func(r record) bool { return at(path)(r) && r.str(names.ErrorType) == "EEXIST" })

	for _, c := range []struct {
		path   string
		flags  int
		access string
	}{
		{path, unix.O_RDWR, "read_write"}, {path, unix.O_RDONLY | unix.O_NONBLOCK, "read"}, {path, unix.O_WRONLY, "write"}, {"a pipe", unix.O_RDWR, "read_write"},
	} {
		fd, err := unix.Open(c.path, c.flags, 0)
		require.NoError(t, err)
		t.Cleanup(func() { _ = unix.Close(fd) })
		r := l.one(names.EventIPCOpen, func(r record) bool { return at(c.path)(r) && r.str(names.IPCAccess) == c.access })
		assert.EqualValues(t, stat.Ino, r.num(names.FileInode))
		assert.Equal(t, inodeOf(t, fd), r.num(names.FileInode))
		assert.Equal(t, created.str(names.IPCMode), r.str(names.IPCMode))
	}

	// Other files are none of these.
	file := filepath.Join(d, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, unix.Mknod(filepath.Join(d, "other"), unix.S_IFREG|0o600, 0))
	l.one(names.EventFileCreate, func(r record) bool { return byPID(os.Getpid())(r) && r.str(names.FilePath) == file })
	l.balance("ipc")
	assert.Empty(t, l.find(names.EventIPCOpen, at(file)))
	assert.Empty(t, l.find(names.EventIPCCreate, at(filepath.Join(d, "other"))))
}

// A path that is longer than the room for it is cut, told, and counted.
func TestIPC_longPath(t *testing.T) {
	l := startLive(t, only("ipc"))
	d := filepath.Join(t.TempDir(), strings.Repeat("x", 200), strings.Repeat("y", 200))
	require.NoError(t, os.MkdirAll(d, 0o700))
	before := l.balance("ipc")["create"].Cut
	path := filepath.Join(d, "pipe")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	r := l.one(names.EventIPCCreate, ofObject("named_pipe"))
	assert.Equal(t, path[:255], r.str(names.FilePath))
	assert.Equal(t, "truncated", r.str(names.FilePathStatus))
	assert.Positive(t, l.balance("ipc")["create"].Cut-before)
}

// An event about each object can be told from those about others, and things that happen again are counted.
func TestIPC_accounts(t *testing.T) {
	const connects = 300
	l := startLive(t, func(c *Config) {
		only("ipc")(c)
		c.Tracers.IPC.DeduplicationWindow = time.Hour
	})
	address := filepath.Join(t.TempDir(), "a.sock")
	listener, err := listenUnix(address)
	require.NoError(t, err)
	defer unix.Close(listener)
	before := l.balance("ipc")["connect"]
	for range connects {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		require.NoError(t, unix.Connect(fd, &unix.SockaddrUnix{Name: address}))
		require.NoError(t, unix.Close(fd))
		accepted, _, err := unix.Accept(listener)
		require.NoError(t, err)
		require.NoError(t, unix.Close(accepted))
	}
	a := difference(l.balance("ipc")["connect"], before)
	assert.GreaterOrEqual(t, a.Offered, uint64(connects))
	assert.GreaterOrEqual(t, a.Aggregated, uint64(connects-1))
	assert.Equal(t, a.Offered, a.Delivered+a.Filtered+a.Aggregated+a.lost())
	assert.Zero(t, a.lost())
	l.stop()
	found := l.find(names.EventIPCConnect, func(r record) bool { return r.str(names.NetworkPeerAddress) == address })
	require.Len(t, found, 2)
	i := slices.IndexFunc(found, func(r record) bool { return r.has(names.RepeatCount) })
	require.GreaterOrEqual(t, i, 0)
	repeat, first := found[i], found[1-i]
	assert.EqualValues(t, connects-1, repeat.num(names.RepeatCount))
	for _, same := range []string{
		names.IPCObject, names.NetworkTransport, names.SocketType, names.FileInode, names.IPCPeerPID, names.IPCPeerCreationTime, names.ProcessPID,
	} {
		assert.NotEmpty(t, first.str(same), same)
		assert.Equal(t, first.str(same), repeat.str(same), same)
	}
}
