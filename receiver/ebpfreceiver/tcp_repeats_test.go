// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// talk opens a connection, sends bytes over it, has some sent back, and waits until both ends are closed.
func talk(t *testing.T, listener net.Listener, sent, received int) {
	t.Helper()
	served := make(chan error, 1)
	go func() {
		c, err := listener.Accept()
		if err == nil {
			_, err = io.CopyN(io.Discard, c, int64(sent))
		}
		if err == nil {
			_, err = c.Write(make([]byte, received))
		}
		if err == nil {
			_, err = io.Copy(io.Discard, c)
			c.Close()
		}
		served <- err
	}()
	c, err := net.Dial("tcp4", listener.Addr().String())
	require.NoError(t, err)
	_, err = c.Write(make([]byte, sent))
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, c, int64(received))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoError(t, <-served)
}

// Connections of one process with one far end are told once, and summed up from then on.
func TestTCP_repeatsAreCounted(t *testing.T) {
	const connections = 50
	l := startLive(t, only("tcp"))
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	var sent, received int
	for n := range connections {
		talk(t, listener, 100+n, 200+n)
		if n > 0 {
			sent, received = sent+100+n, received+200+n
		}
	}
	// Nobody listens there any more.
	require.NoError(t, listener.Close())
	for range connections {
		_, err := net.Dial("tcp4", listener.Addr().String())
		require.Error(t, err)
	}
	ours := func(r record) bool { return r.num(names.ServerPort) == portOf(listener.Addr()) }
	require.NotEmpty(t, l.one(names.EventTCPAccept, ours))
	l.stop()

	side := func(name string) func(record) bool {
		return func(r record) bool { return ours(r) && r.str(names.ConnectionSide) == name && !r.has(names.ErrorType) }
	}
	failed := func(r record) bool { return ours(r) && r.has(names.ErrorType) }
	for name, c := range map[string]struct {
		event          string
		match          func(record) bool
		sent, received int
	}{
		"connect": {names.EventTCPConnect, side("client"), 0, 0},
		"accept":  {names.EventTCPAccept, side("server"), 0, 0},
		"client":  {names.EventTCPClose, side("client"), sent, received},
		"server":  {names.EventTCPClose, side("server"), received, sent},
		"refused": {names.EventTCPConnect, failed, 0, 0},
	} {
		found := l.find(c.event, c.match)
		require.Len(t, found, 2, name)
		first, repeat := found[0], found[1]
		assert.False(t, first.has(names.RepeatCount), name)
		assert.EqualValues(t, connections-1, repeat.num(names.RepeatCount), name)
		assert.EqualValues(t, c.sent, repeat.num(names.ConnectionBytesSent), name)
		assert.EqualValues(t, c.received, repeat.num(names.ConnectionBytesReceived), name)
		assert.False(t, repeat.has(names.ClientPort), name)
		assert.Contains(t, repeat.Body().Str(), fmt.Sprintf(", %d times more", connections-1), name)
		for _, key := range []string{names.ServerAddress, names.NetworkType, names.NetworkTransport, names.ProcessPID, names.ErrorType} {
			assert.Equal(t, first.str(key), repeat.str(key), "%s %s", name, key)
		}
		assert.Empty(t, repeat.str(names.IdentityStatus), name)
	}
}

func TestTCP_everyConnectionIfWanted(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("tcp")(c)
		c.Tracers.TCP.DeduplicationWindow = 0
	})
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	for range 5 {
		talk(t, listener, 1, 1)
	}
	l.stop()
	ours := func(r record) bool { return r.num(names.ServerPort) == portOf(listener.Addr()) }
	for event, count := range map[string]int{names.EventTCPConnect: 5, names.EventTCPAccept: 5, names.EventTCPClose: 10} {
		found := l.find(event, ours)
		assert.Len(t, found, count, event)
		for _, r := range found {
			assert.False(t, r.has(names.RepeatCount))
			assert.True(t, r.has(names.ClientPort))
		}
	}
}
