// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// As in include/uapi/linux/io_uring.h.
const (
	uringOpenat, uringUnlinkat, uringNop = 18, 36, 0
	uringEntryBytes, uringCompletedBytes = 64, 16
	uringOffsetEntries                   = 0x10000000
	uringEnterGetEvents                  = 1
)

type uringParameters struct {
	SubmissionEntries, CompletionEntries, Flags, CPU, Idle, Features, Queue uint32
	_                                                                       [3]uint32
	Submission                                                              struct {
		Head, Tail, Mask, Entries, Flags, Dropped, Array, _ uint32
		_                                                   uint64
	}
	Completion struct {
		Head, Tail, Mask, Entries, Overflow, Entry, Flags, _ uint32
		_                                                    uint64
	}
}

// uring is an io_uring without any library.
type uring struct {
	t             *testing.T
	fd            int
	parameters    uringParameters
	ring, entries []byte
}

func newUring(t *testing.T) *uring {
	t.Helper()
	u := &uring{t: t}
	fd, _, number := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&u.parameters)), 0)
	require.Zero(t, number)
	u.fd = int(fd)
	t.Cleanup(func() { require.NoError(t, unix.Close(u.fd)) })
	// Both queues are in one mapping since 5.4.
	size := max(u.parameters.Submission.Array+4*u.parameters.SubmissionEntries,
		u.parameters.Completion.Entry+uringCompletedBytes*u.parameters.CompletionEntries)
	u.ring = u.mmap(0, int(size))
	u.entries = u.mmap(uringOffsetEntries, int(u.parameters.SubmissionEntries)*uringEntryBytes)
	return u
}

func (u *uring) mmap(offset int64, size int) []byte {
	u.t.Helper()
	memory, err := unix.Mmap(u.fd, offset, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	require.NoError(u.t, err)
	u.t.Cleanup(func() { require.NoError(u.t, unix.Munmap(memory)) })
	return memory
}

func (u *uring) word(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&u.ring[offset])) }

// do submits one operation on a path and returns its result.
func (u *uring) do(opcode byte, path string, mode, flags uint32) int32 {
	u.t.Helper()
	name, err := unix.BytePtrFromString(path)
	require.NoError(u.t, err)
	tail := u.word(u.parameters.Submission.Tail)
	at := *tail & *u.word(u.parameters.Submission.Mask)
	entry := u.entries[at*uringEntryBytes:][:uringEntryBytes]
	clear(entry)
	entry[0] = opcode
	binary.NativeEndian.PutUint32(entry[4:], uint32(0xffffff9c)) // AT_FDCWD
	binary.NativeEndian.PutUint64(entry[16:], uint64(uintptr(unsafe.Pointer(name))))
	binary.NativeEndian.PutUint32(entry[24:], mode)
	binary.NativeEndian.PutUint32(entry[28:], flags)
	*u.word(u.parameters.Submission.Array + 4*at) = at
	atomic.AddUint32(tail, 1)
	submitted, _, number := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(u.fd), 1, 1, uringEnterGetEvents, 0, 0)
	require.Zero(u.t, number)
	require.EqualValues(u.t, 1, submitted)
	head := u.word(u.parameters.Completion.Head)
	// A signal, such as the runtime's own, ends the waiting early.
	for atomic.LoadUint32(u.word(u.parameters.Completion.Tail)) == *head {
		_, _, number := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(u.fd), 0, 1, uringEnterGetEvents, 0, 0)
		require.True(u.t, number == 0 || number == unix.EINTR, "%s", number)
	}
	completed := u.ring[u.parameters.Completion.Entry+uringCompletedBytes*(*head&*u.word(u.parameters.Completion.Mask)):]
	result := int32(binary.NativeEndian.Uint32(completed[8:]))
	atomic.AddUint32(head, 1)
	return result
}

// Nothing but this tracer sees what is done through an io_uring.
func TestInjection_ioUring(t *testing.T) {
	l := startLive(t, only("process", "file", "injection"))
	d := t.TempDir()
	u := newUring(t)
	const files = 20
	for range files {
		path := filepath.Join(d, "created")
		fd := u.do(uringOpenat, path, 0o600, unix.O_CREAT|unix.O_RDWR)
		require.Positive(t, fd, "%s", syscall.Errno(-fd))
		require.NoError(t, unix.Close(int(fd)))
		require.FileExists(t, path)
		require.Zero(t, u.do(uringNop, path, 0, 0))
	}
	require.Zero(t, u.do(uringUnlinkat, filepath.Join(d, "created"), 0, 0))
	require.NoFileExists(t, filepath.Join(d, "created"))

	setup := l.one(names.EventInjectionIOUring, does(os.Getpid(), "io_uring_setup"))
	assert.False(t, setup.has(names.InjectionFlags))
	assert.False(t, setup.has(names.ErrorType))
	l.one(names.EventInjectionIOUring, does(os.Getpid(), "io_uring_unlinkat"))
	l.one(names.EventInjectionIOUring, first(does(os.Getpid(), "io_uring_openat")))
	a := l.balance("injection")["io_uring"]
	assert.GreaterOrEqual(t, a.Aggregated, uint64(files-1))
	l.stop()
	repeat := l.one(names.EventInjectionIOUring, func(r record) bool { return does(os.Getpid(), "io_uring_openat")(r) && r.has(names.RepeatCount) })
	assert.EqualValues(t, files-1, repeat.num(names.RepeatCount))
	assert.Len(t, l.find(names.EventInjectionIOUring, byPID(os.Getpid())), 4, "what bypasses nothing is no event")
	assert.Empty(t, l.find(names.EventFileCreate, at(filepath.Join(d, "created"))))
}

// Without deduplication each one is reported.
func TestInjection_withoutDeduplication(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("process", "injection")(c)
		c.Tracers.Injection.DeduplicationWindow = 0
	})
	u := newUring(t)
	path := filepath.Join(t.TempDir(), "none")
	for range 3 {
		require.Equal(t, -int32(unix.ENOENT), u.do(uringUnlinkat, path, 0, 0))
	}
	require.Eventually(t, func() bool {
		return len(l.find(names.EventInjectionIOUring, does(os.Getpid(), "io_uring_unlinkat"))) == 3
	}, patience, 10*time.Millisecond)
}
