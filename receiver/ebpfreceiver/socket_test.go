// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// openSocket opens a socket that is closed when the test ends.
func openSocket(t *testing.T, family, kind, protocol int) int {
	t.Helper()
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func inodeOf(t *testing.T, fd int) int64 {
	t.Helper()
	var stat unix.Stat_t
	require.NoError(t, unix.Fstat(fd, &stat))
	return int64(stat.Ino)
}

// ofSocket matches events of one socket of one process.
func ofSocket(pid int, inode int64) func(record) bool {
	return func(r record) bool { return byPID(pid)(r) && r.num(names.SocketInode) == inode }
}

// boundName is where the kernel says that a socket can be reached.
func boundName(t *testing.T, fd int) (address string, port int64) {
	t.Helper()
	name, err := unix.Getsockname(fd)
	require.NoError(t, err)
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(name.Addr).String(), int64(name.Port)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(name.Addr).String(), int64(name.Port)
	case *unix.SockaddrUnix:
		return name.Name, 0
	}
	t.Fatalf("unexpected name %T", name)
	return "", 0
}

// procNet finds a socket in a table of /proc/net and returns the fields of its line.
func procNet(t *testing.T, table string, inode int64) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("/proc/net", table))
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); slices.Contains(fields, strconv.FormatInt(inode, 10)) {
			return fields
		}
	}
	t.Fatalf("/proc/net/%s has no socket with inode %d", table, inode)
	return nil
}

// assertInProcNet compares an event with what the kernel's own table says.
func assertInProcNet(t *testing.T, r record, table string, state string) {
	t.Helper()
	fields := procNet(t, table, r.num(names.SocketInode))
	address, port, found := strings.Cut(fields[1], ":")
	require.True(t, found, fields)
	number, err := strconv.ParseInt(port, 16, 32)
	require.NoError(t, err)
	assert.Equal(t, number, r.num(names.NetworkLocalPort))
	words, err := hex.DecodeString(address)
	require.NoError(t, err)
	// Words of four bytes, each as a little-endian host prints it.
	for word := range slices.Chunk(words, 4) {
		slices.Reverse(word)
	}
	parsed, ok := netip.AddrFromSlice(words)
	require.True(t, ok)
	assert.Equal(t, parsed.String(), r.str(names.NetworkLocalAddress))
	assert.Equal(t, state, fields[3])
}

func TestSocket_internet(t *testing.T) {
	loopback4, loopback6 := unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, unix.SockaddrInet6{Addr: [16]byte{15: 1}}
	l := startLive(t, only("socket"))
	for name, c := range map[string]struct {
		family, kind, protocol int
		to                     unix.Sockaddr
		listens                bool
		transport, network     string
		wantFamily, wantType   string
		wantProtocol, table    string
	}{
		"tcp":                {unix.AF_INET, unix.SOCK_STREAM, 0, &loopback4, true, "tcp", "ipv4", "inet", "stream", "tcp", "tcp"},
		"tcp over ipv6":      {unix.AF_INET6, unix.SOCK_STREAM, 0, &loopback6, true, "tcp", "ipv6", "inet6", "stream", "tcp", "tcp6"},
		"tcp on any address": {unix.AF_INET6, unix.SOCK_STREAM, 0, &unix.SockaddrInet6{}, true, "tcp", "ipv6", "inet6", "stream", "tcp", "tcp6"},
		"tcp without bind":   {unix.AF_INET, unix.SOCK_STREAM, 0, nil, true, "tcp", "ipv4", "inet", "stream", "tcp", "tcp"},
		"udp":                {unix.AF_INET, unix.SOCK_DGRAM, 0, &loopback4, false, "udp", "ipv4", "inet", "dgram", "udp", "udp"},
		"udp over ipv6":      {unix.AF_INET6, unix.SOCK_DGRAM, 0, &loopback6, false, "udp", "ipv6", "inet6", "dgram", "udp", "udp6"},
	} {
		t.Run(name, func(t *testing.T) {
			fd := openSocket(t, c.family, c.kind, c.protocol)
			mine := ofSocket(os.Getpid(), inodeOf(t, fd))
			check := func(r record, state string) {
				address, port := boundName(t, fd)
				assert.Equal(t, address, r.str(names.NetworkLocalAddress))
				assert.Equal(t, port, r.num(names.NetworkLocalPort))
				assert.Positive(t, port)
				assert.Equal(t, c.transport, r.str(names.NetworkTransport))
				assert.Equal(t, c.network, r.str(names.NetworkType))
				assert.Equal(t, c.wantFamily, r.str(names.SocketFamily))
				assert.Equal(t, c.wantType, r.str(names.SocketType))
				assert.Equal(t, c.wantProtocol, r.str(names.SocketProtocol))
				if state != "" {
					assertInProcNet(t, r, c.table, state)
				}
				for _, absent := range []string{names.ErrorType, names.SocketSnapshot, names.IdentityStatus, names.RepeatCount} {
					assert.False(t, r.has(absent), absent)
				}
				executable, err := os.Executable()
				require.NoError(t, err)
				assert.Equal(t, executable, r.str(names.ProcessExecutablePath))
				assert.EqualValues(t, os.Geteuid(), r.num(names.ProcessUserID))
			}
			if c.to != nil {
				require.NoError(t, unix.Bind(fd, c.to))
				state := "07"
				if c.listens {
					state = "" // TCP sockets are listed when they listen
				}
				check(l.one(names.EventSocketBind, mine), state)
			}
			if c.listens {
				require.NoError(t, unix.Listen(fd, 7))
				r := l.one(names.EventSocketListen, mine)
				check(r, "0A")
				assert.EqualValues(t, 7, r.num(names.SocketBacklog))
			}
			assert.Empty(t, l.find(names.EventSocketCreate, mine), "everybody opens such sockets")
		})
	}
}

// The kernel bounds how many connections may wait.
func TestSocket_backlogIsWhatTheKernelMakesOfIt(t *testing.T) {
	content, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	require.NoError(t, err)
	limit, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(t, err)
	l := startLive(t, only("socket"))
	fd := openSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, unix.Listen(fd, limit+1000))
	r := l.one(names.EventSocketListen, ofSocket(os.Getpid(), inodeOf(t, fd)))
	assert.EqualValues(t, limit, r.num(names.SocketBacklog))
}

// MPTCP is TCP for whoever connects, and what Go programs listen with where the kernel has it.
func TestSocket_mptcp(t *testing.T) {
	l := startLive(t, only("socket"))
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
	if err != nil {
		t.Skipf("this kernel has no MPTCP: %v", err)
	}
	defer unix.Close(fd)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(fd, 3))
	_, port := boundName(t, fd)
	for _, event := range []string{names.EventSocketBind, names.EventSocketListen} {
		r := l.one(event, ofSocket(os.Getpid(), inodeOf(t, fd)))
		assert.Equal(t, "tcp", r.str(names.NetworkTransport))
		assert.Equal(t, "mptcp", r.str(names.SocketProtocol))
		assert.Equal(t, "127.0.0.1", r.str(names.NetworkLocalAddress))
		assert.Equal(t, port, r.num(names.NetworkLocalPort))
	}
}

func TestSocket_unix(t *testing.T) {
	l := startLive(t, only("socket"))
	d := t.TempDir()
	t.Chdir(d)
	long := filepath.Join(d, strings.Repeat("x", 107))[:107]
	for name, c := range map[string]struct {
		kind      int
		given     string // as the kernel is told; "@" in front for the other name space
		want      string
		wantType  string
		inProcNet string
	}{
		"path":              {unix.SOCK_STREAM, filepath.Join(d, "a.sock"), filepath.Join(d, "a.sock"), "stream", filepath.Join(d, "a.sock")},
		"datagrams":         {unix.SOCK_DGRAM, filepath.Join(d, "log"), filepath.Join(d, "log"), "dgram", filepath.Join(d, "log")},
		"packets":           {unix.SOCK_SEQPACKET, filepath.Join(d, "seq"), filepath.Join(d, "seq"), "seqpacket", filepath.Join(d, "seq")},
		"relative":          {unix.SOCK_STREAM, "relative", "relative", "stream", "relative"},
		"abstract":          {unix.SOCK_STREAM, "@meerkat/test", "@meerkat/test", "stream", "@meerkat/test"},
		"abstract, bytes":   {unix.SOCK_STREAM, "@meerkat\x00\x01\\\xffé", `@meerkat\x00\x01\\\xffé`, "stream", ""},
		"path, bytes":       {unix.SOCK_STREAM, filepath.Join(d, "a b\n\xff"), filepath.Join(d, `a b\x0a\xff`), "stream", ""},
		"as long as can be": {unix.SOCK_STREAM, long, long, "stream", long},
	} {
		t.Run(name, func(t *testing.T) {
			fd := openSocket(t, unix.AF_UNIX, c.kind, 0)
			inode := inodeOf(t, fd)
			require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: c.given}))
			check := func(r record) {
				assert.Equal(t, c.want, r.str(names.NetworkLocalAddress))
				assert.Equal(t, "unix", r.str(names.NetworkTransport))
				assert.Equal(t, "unix", r.str(names.SocketFamily))
				assert.Equal(t, c.wantType, r.str(names.SocketType))
				for _, absent := range []string{names.SocketProtocol, names.NetworkType, names.NetworkLocalPort, names.ErrorType} {
					assert.False(t, r.has(absent), absent)
				}
				if c.inProcNet != "" {
					assert.Equal(t, c.inProcNet, procNet(t, "unix", inode)[7])
				}
			}
			check(l.one(names.EventSocketBind, ofSocket(os.Getpid(), inode)))
			if c.kind == unix.SOCK_DGRAM {
				return
			}
			require.NoError(t, unix.Listen(fd, 5))
			r := l.one(names.EventSocketListen, ofSocket(os.Getpid(), inode))
			check(r)
			assert.EqualValues(t, 5, r.num(names.SocketBacklog))
		})
	}

	t.Run("chosen by the kernel", func(t *testing.T) {
		fd := openSocket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		_, _, number := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&[2]byte{unix.AF_UNIX})), 2)
		require.Zero(t, number)
		name, _ := boundName(t, fd)
		r := l.one(names.EventSocketBind, ofSocket(os.Getpid(), inodeOf(t, fd)))
		assert.Equal(t, name, r.str(names.NetworkLocalAddress))
		assert.Regexp(t, `^@[0-9a-f]{5}$`, name)
	})
}

func TestSocket_failures(t *testing.T) {
	l := startLive(t, only("socket"))
	taken := openSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, unix.Bind(taken, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(taken, 1))
	_, port := boundName(t, taken)
	missing := filepath.Join(t.TempDir(), "no such folder", "a.sock")
	for name, c := range map[string]struct {
		family, kind int
		to           unix.Sockaddr // nil: listen
		want         unix.Errno
		address      string
		port         int64
	}{
		"port in use":     {unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}}, unix.EADDRINUSE, "127.0.0.1", port},
		"foreign address": {unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 1}}, unix.EADDRNOTAVAIL, "192.0.2.1", 0},
		"foreign, ipv6":   {unix.AF_INET6, unix.SOCK_DGRAM, &unix.SockaddrInet6{Port: 4242, Addr: [16]byte{0x20, 1, 0xd, 0xb8, 15: 1}}, unix.EADDRNOTAVAIL, "2001:db8::1", 4242},
		"no such folder":  {unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: missing}, unix.ENOENT, missing, 0},
		"datagrams":       {unix.AF_INET, unix.SOCK_DGRAM, nil, unix.EOPNOTSUPP, "0.0.0.0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			fd := openSocket(t, c.family, c.kind, 0)
			mine := ofSocket(os.Getpid(), inodeOf(t, fd))
			event := names.EventSocketBind
			if c.to == nil {
				event = names.EventSocketListen
				require.ErrorIs(t, unix.Listen(fd, 9), c.want)
			} else {
				require.ErrorIs(t, unix.Bind(fd, c.to), c.want)
			}
			r := l.one(event, mine)
			assert.Equal(t, unix.ErrnoName(c.want), r.str(names.ErrorType))
			assert.Equal(t, c.address, r.str(names.NetworkLocalAddress))
			assert.Equal(t, c.port, r.num(names.NetworkLocalPort))
			if c.to == nil {
				assert.EqualValues(t, 9, r.num(names.SocketBacklog))
			}
		})
	}
}
