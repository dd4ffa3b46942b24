// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// compatArchitectures are the 32-bit ones whose programs a kernel may run too.
var compatArchitectures = map[string]string{"amd64": "386", "arm64": "arm"}

// compatVariable names the program in testdata/compat where it has been built before, as in machines
// that have no Go toolchain.
const compatVariable = "MEERKAT_TEST_COMPAT"

// buildCompat builds the program in testdata/compat for the 32-bit architecture.
func buildCompat(t *testing.T) string {
	t.Helper()
	if built := os.Getenv(compatVariable); built != "" {
		return built
	}
	program := filepath.Join(t.TempDir(), "compat")
	build := exec.Command("go", "build", "-o", program, "./testdata/compat")
	build.Env = append(os.Environ(), "GOARCH="+compatArchitectures[runtime.GOARCH], "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return program
}

// runCompat runs it and returns the numbers that it prints; the first one is its pid.
func runCompat(t *testing.T, program string, arguments ...string) []int64 {
	t.Helper()
	output, err := exec.Command(program, arguments...).CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("this kernel runs no 32-bit programs")
	}
	require.NoError(t, err, string(output))
	var numbers []int64
	for line := range strings.Lines(string(output)) {
		number, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		require.NoError(t, err)
		numbers = append(numbers, number)
	}
	require.NotEmpty(t, numbers)
	return numbers
}

// 32-bit programs have their own numbers of system calls, and registers for their arguments.
func TestFile_of32BitProgram(t *testing.T) {
	program := buildCompat(t)
	l := startLive(t, only("file"))
	d := t.TempDir()
	pid := runCompat(t, program, "files", d)[0]

	created := l.one(names.EventFileCreate, at(filepath.Join(d, "created")))
	assert.Equal(t, pid, created.num(names.ProcessPID))
	assert.Equal(t, program, created.str(names.ProcessExecutablePath))
	assert.Equal(t, "0640", created.str(names.FileMode))
	mode := l.one(names.EventFileModeChange, at(filepath.Join(d, "created")))
	assert.Equal(t, "0600", mode.str(names.FileMode))
	// By calls with 32 bits, and those with 16, in which 0xffff leaves a thing as it is.
	for _, want := range [][2]string{{"12", "34"}, {"", "56"}, {"78", ""}, {"65534", "65534"}} {
		l.one(names.EventFileOwnerChange, func(r record) bool {
			return at(filepath.Join(d, "created"))(r) && r.str(names.FileOwnerID) == want[0] && r.str(names.FileGroupID) == want[1]
		})
	}
	renamed := l.one(names.EventFileRename, at(filepath.Join(d, "created")))
	assert.Equal(t, filepath.Join(d, "renamed"), renamed.str(names.FileNewPath))
	l.one(names.EventFileDelete, at(filepath.Join(d, "renamed")))
}

// On i386 one system call stands for all that have to do with sockets, beside one for each.
func TestSocket_of32BitProgram(t *testing.T) {
	program := buildCompat(t)
	l := startLive(t, func(c *Config) {
		only("socket")(c)
		// Two of them are bound to a port that the kernel chooses, which is the same thing again.
		c.Tracers.Socket.DeduplicationWindow = 0
	})
	numbers := runCompat(t, program, "sockets")
	require.Len(t, numbers, 4)
	pid, listener, raw, direct := int(numbers[0]), numbers[1], numbers[2], numbers[3]
	for inode, backlog := range map[int64]int64{listener: 21, direct: 22} {
		bind := l.one(names.EventSocketBind, ofSocket(pid, inode))
		assert.Equal(t, "127.0.0.1", bind.str(names.NetworkLocalAddress))
		assert.Equal(t, "tcp", bind.str(names.NetworkTransport))
		assert.Equal(t, program, bind.str(names.ProcessExecutablePath))
		listen := l.one(names.EventSocketListen, ofSocket(pid, inode))
		assert.Equal(t, backlog, listen.num(names.SocketBacklog))
		assert.Positive(t, listen.num(names.NetworkLocalPort))
	}
	created := l.one(names.EventSocketCreate, ofSocket(pid, raw))
	assert.Equal(t, "raw", created.str(names.SocketType))
	assert.Equal(t, "icmp", created.str(names.SocketProtocol))
	failed := l.one(names.EventSocketBind, ofSocket(pid, raw))
	assert.Equal(t, "EADDRNOTAVAIL", failed.str(names.ErrorType))
	assert.Equal(t, "192.0.2.1", failed.str(names.NetworkLocalAddress))
}

// On i386 one system call stands for all of System V, beside one for each.
func TestIPC_of32BitProgram(t *testing.T) {
	program := buildCompat(t)
	l := startLive(t, only("ipc"))
	d := t.TempDir()
	numbers := runCompat(t, program, "ipc", d)
	pid := int(numbers[0])
	of := func(object string, id int64) func(record) bool {
		return func(r record) bool {
			return byPID(pid)(r) && r.str(names.IPCObject) == object && (id < 0 || r.num(names.IPCID) == id)
		}
	}
	memory := func(id, size int64, key string) {
		got := l.one(names.EventIPCGet, of("shared_memory", id))
		assert.Equal(t, size, got.num(names.IPCSize))
		assert.Equal(t, key, got.str(names.IPCKey))
		assert.Equal(t, program, got.str(names.ProcessExecutablePath))
		assert.Equal(t, "read", l.one(names.EventIPCAttach, of("shared_memory", id)).str(names.IPCAccess))
		l.one(names.EventIPCRemove, of("shared_memory", id))
	}
	memory(numbers[1], 1111, "private")
	if runtime.GOARCH == "amd64" {
		require.Len(t, numbers, 5)
		memory(numbers[2], 2222, "0x4d4b4d4b")
		l.one(names.EventIPCGet, of("message_queue", numbers[3]))
		l.one(names.EventIPCRemove, of("message_queue", numbers[3]))
		assert.EqualValues(t, 5, l.one(names.EventIPCGet, of("semaphores", numbers[4])).num(names.IPCSize))
		l.one(names.EventIPCRemove, of("semaphores", numbers[4]))
	}
	connect := l.one(names.EventIPCConnect, of("unix_socket", -1))
	assert.Equal(t, filepath.Join(d, "socket"), connect.str(names.NetworkPeerAddress))
	assert.EqualValues(t, pid, connect.num(names.IPCPeerPID))
	pipe := l.one(names.EventIPCCreate, of("named_pipe", -1))
	assert.Equal(t, filepath.Join(d, "pipe"), pipe.str(names.FilePath))
}

// What was before a 32-bit call is not known, so all that is afterwards is told.
func TestPrivilege_of32BitProgram(t *testing.T) {
	program := buildCompat(t)
	l := startLive(t, only("privilege"))
	pid := int(runCompat(t, program, "ids")[0])
	// Each thread does it; it is told once.
	changed := l.one(names.EventPrivilegeUserChange, byPID(pid))
	assert.Equal(t, "setresuid", changed.str(names.PrivilegeOperation))
	assert.Equal(t, []string{"11", "12", "13", "12"}, changed.idsOf(idsAfter))
	assert.Equal(t, []string{"-", "-", "-", "-"}, changed.idsOf(idsBefore))
	assert.Equal(t, program, changed.str(names.ProcessExecutablePath))
}

func TestInjection_of32BitProgram(t *testing.T) {
	program := buildCompat(t)
	l := startLive(t, only("injection"))
	pid := int(runCompat(t, program, "injection", t.TempDir())[0])
	memfd := l.one(names.EventInjectionMemoryFile, byPID(pid))
	assert.Equal(t, "payload", memfd.str(names.InjectionName))
	access := l.one(names.EventInjectionProcessAccess, byPID(pid))
	assert.Equal(t, "memory_write", access.str(names.InjectionOperation))
	assert.EqualValues(t, pid, access.num(names.InjectionTargetPID))
	assert.Equal(t, "EFAULT", access.str(names.ErrorType))
	l.one(names.EventInjectionLoaderChange, pathEnds(pid, "create", "/etc/ld.so.preload"))
}

func TestProcess_of32BitProgram(t *testing.T) {
	program := buildCompat(t)
	l := startLive(t, only("process"))
	path := filepath.Join(t.TempDir(), "absent")
	pid := runCompat(t, program, "exec", path)[0]
	executed := l.one(names.EventProcessExec, byPID(int(pid)))
	assert.Equal(t, program, executed.str(names.ProcessExecutablePath))
	failed := l.one(names.EventProcessExecFailed, byPID(int(pid)))
	assert.Equal(t, path, failed.str(names.ProcessFilename))
	assert.Equal(t, "ENOENT", failed.str(names.ErrorType))
	l.one(names.EventProcessExit, byPID(int(pid)))
}

// On i386 connections are accepted by the one system call that stands for all that have to do with sockets.
func TestTCP_of32BitProgram(t *testing.T) {
	program := buildCompat(t)
	l := startLive(t, only("tcp"))
	numbers := runCompat(t, program, "connection")
	require.Len(t, numbers, 3)
	ours := func(side string) func(record) bool {
		return func(r record) bool {
			return r.num(names.ProcessPID) == numbers[0] && r.num(names.ServerPort) == numbers[1] &&
				r.num(names.ClientPort) == numbers[2] && r.str(names.ConnectionSide) == side
		}
	}
	l.one(names.EventTCPConnect, ours("client"))
	l.one(names.EventTCPAccept, ours("server"))
	assert.EqualValues(t, 5, l.one(names.EventTCPClose, ours("client")).num(names.ConnectionBytesSent))
	assert.EqualValues(t, 5, l.one(names.EventTCPClose, ours("server")).num(names.ConnectionBytesReceived))
}
