// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Sockets of families that not everybody opens are events, whether the kernel has them or not.
func TestSocket_unusual(t *testing.T) {
	l := startLive(t, only("socket"))
	for name, c := range map[string]struct {
		family, kind, protocol             int
		wantFamily, wantType, wantProtocol string
	}{
		"raw":                                 {unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP, "inet", "raw", "icmp"},
		"raw, ipv6":                           {unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6, "inet6", "raw", "ipv6-icmp"},
		"raw, non-blocking":                   {unix.AF_INET, unix.SOCK_RAW | unix.SOCK_NONBLOCK, unix.IPPROTO_RAW, "inet", "raw", "raw"},
		"raw, no name":                        {unix.AF_INET, unix.SOCK_RAW, 200, "inet", "raw", "200"},
		"packet":                              {unix.AF_PACKET, unix.SOCK_RAW, 0x0300, "packet", "raw", "all"},
		"packet, lldp":                        {unix.AF_PACKET, unix.SOCK_DGRAM, 0xcc88, "packet", "dgram", "0x88cc"},
		"alg":                                 {unix.AF_ALG, unix.SOCK_SEQPACKET, 0, "alg", "seqpacket", ""},
		"vsock":                               {unix.AF_VSOCK, unix.SOCK_STREAM, 0, "vsock", "stream", ""},
		"bluetooth":                           {unix.AF_BLUETOOTH, unix.SOCK_RAW, 1, "bluetooth", "raw", "1"},
		"xdp":                                 {unix.AF_XDP, unix.SOCK_RAW, 0, "xdp", "raw", ""},
		"no such family":                      {9999, unix.SOCK_DGRAM, 3, "9999", "dgram", "3"},
		"a family's number in the upper half": {1<<16 + unix.AF_INET, unix.SOCK_DGRAM, 0, "65538", "dgram", ""},
	} {
		t.Run(name, func(t *testing.T) {
			fd, err := unix.Socket(c.family, c.kind, c.protocol)
			wantError := ""
			if err == nil {
				defer unix.Close(fd)
			} else {
				var errno unix.Errno
				require.ErrorAs(t, err, &errno)
				wantError = unix.ErrnoName(errno)
			}
			r := l.one(names.EventSocketCreate, func(r record) bool {
				return byPID(os.Getpid())(r) && r.str(names.SocketFamily) == c.wantFamily && r.str(names.SocketProtocol) == c.wantProtocol
			})
			assert.Equal(t, c.wantType, r.str(names.SocketType))
			assert.Equal(t, wantError, r.str(names.ErrorType))
			assert.Equal(t, err == nil, r.has(names.SocketInode))
			if err == nil {
				assert.Equal(t, inodeOf(t, fd), r.num(names.SocketInode))
			}
			t.Logf("%s (%v)", r.Body().Str(), err)
		})
	}
	// These everybody opens.
	for _, c := range [][3]int{
		{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}, {unix.AF_UNIX, unix.SOCK_RAW, 0}, {unix.AF_INET, unix.SOCK_DGRAM, 0},
	} {
		fd := openSocket(t, c[0], c[1], c[2])
		l.balance("socket")
		assert.Empty(t, l.find(names.EventSocketCreate, ofSocket(os.Getpid(), inodeOf(t, fd))))
	}
}

// Which families are expected is configured.
func TestSocket_expectedFamilies(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("socket")(c)
		c.Tracers.Socket.ExpectedFamilies = []string{"unix", "inet", "inet6", "packet"}
	})
	packet := openSocket(t, unix.AF_PACKET, unix.SOCK_RAW, 0)
	netlink := openSocket(t, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC)
	require.NoError(t, unix.Bind(netlink, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	r := l.one(names.EventSocketCreate, ofSocket(os.Getpid(), inodeOf(t, netlink)))
	assert.Equal(t, "netlink", r.str(names.SocketFamily))
	assert.Equal(t, strconv.Itoa(unix.NETLINK_GENERIC), r.str(names.SocketProtocol))
	bind := l.one(names.EventSocketBind, ofSocket(os.Getpid(), inodeOf(t, netlink)))
	assert.False(t, bind.has(names.NetworkLocalAddress))
	assert.Empty(t, l.find(names.EventSocketCreate, ofSocket(os.Getpid(), inodeOf(t, packet))))
}

// Binds to whatever port the kernel chooses are one thing that happens again.
func TestSocket_ephemeralBindsAreCounted(t *testing.T) {
	const binds, chosen = 500, 5
	l := startLive(t, func(c *Config) {
		only("socket")(c)
		c.Tracers.Socket.DeduplicationWindow = time.Hour
	})
	before := l.balance("socket")["bind"]
	to := [4]byte{127, 9, 8, 7}
	bind := func(port int) (free int) {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		require.NoError(t, err)
		defer unix.Close(fd)
		require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: to, Port: port}))
		_, bound := boundName(t, fd)
		return int(bound)
	}
	var first int
	for n := range binds {
		if port := bind(0); n == 0 {
			first = port
		}
	}
	ours := func(r record) bool { return byPID(os.Getpid())(r) && r.str(names.NetworkLocalAddress) == "127.9.8.7" }
	r := l.one(names.EventSocketBind, ours)
	assert.EqualValues(t, first, r.num(names.NetworkLocalPort))
	// Those that a program asks for are told each.
	for n := range chosen {
		bind(first + n)
	}
	after := difference(l.balance("socket")["bind"], before)
	assert.GreaterOrEqual(t, after.Aggregated, uint64(binds-1))
	assert.Zero(t, after.lost())

	l.stop()
	ports := map[int64]bool{}
	var repeats []record
	for _, r := range l.find(names.EventSocketBind, ours) {
		if r.has(names.RepeatCount) {
			repeats = append(repeats, r)
		} else {
			ports[r.num(names.NetworkLocalPort)] = true
		}
	}
	assert.Len(t, ports, chosen, "the first one that was asked for is the one that the kernel had chosen")
	require.Len(t, repeats, 1)
	assert.EqualValues(t, binds-1, repeats[0].num(names.RepeatCount))
	assert.False(t, repeats[0].has(names.NetworkLocalPort))
	for key, want := range map[string]string{
		names.NetworkTransport: "udp", names.SocketFamily: "inet", names.SocketType: "dgram", names.NetworkType: "ipv4",
		names.IdentityStatus: "", names.ErrorType: "",
	} {
		assert.Equal(t, want, repeats[0].str(key), key)
	}
	assert.Contains(t, repeats[0].Body().Str(), fmt.Sprintf(", %d times more", binds-1))
}

// When there is no room to remember what was seen, everything is reported, and that is counted.
func TestSocket_moreThanCanBeRemembered(t *testing.T) {
	// What the ring holds at once is less than all of them.
	const binds, bindsAtOnce = 2300, 256
	l := startLive(t, only("socket"))
	for n := range binds {
		if n%bindsAtOnce == 0 {
			l.balance("socket")
		}
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		require.NoError(t, err)
		require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@meerkat-test-%d", n)}))
		require.NoError(t, unix.Close(fd))
	}
	a := l.balance("socket")["bind"]
	assert.Zero(t, a.lost(), a.Lost)
	assert.Positive(t, a.NotDeduplicated)
	assert.Len(t, l.find(names.EventSocketBind, func(r record) bool {
		return byPID(os.Getpid())(r) && strings.HasPrefix(r.str(names.NetworkLocalAddress), "@meerkat-test-")
	}), binds)
}

// What is no socket fails for a reason that has nothing to do with sockets.
func TestSocket_noSocket(t *testing.T) {
	l := startLive(t, only("socket"))
	file, err := os.Open("/dev/null")
	require.NoError(t, err)
	defer file.Close()
	before := l.balance("socket")
	assert.ErrorIs(t, unix.Bind(int(file.Fd()), &unix.SockaddrInet4{Port: 4243}), unix.ENOTSOCK)
	assert.ErrorIs(t, unix.Bind(-1, &unix.SockaddrInet4{Port: 4243}), unix.EBADF)
	assert.ErrorIs(t, unix.Listen(int(file.Fd()), 1), unix.ENOTSOCK)
	assert.Zero(t, difference(l.balance("socket")["bind"], before["bind"]).lost())
	assert.Empty(t, l.find(names.EventSocketBind, func(r record) bool { return r.num(names.NetworkLocalPort) == 4243 }))
}
