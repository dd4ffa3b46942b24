// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	ttybpf "github.com/meerkat-otel/meerkat/bpf/tty"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func ttyEvent(t *testing.T, event any) decode.Event {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.NativeEndian, event))
	decoded, err := decode.NewTTY().Decode(b.Bytes())
	require.NoError(t, err)
	return decoded
}

func sessionOf(t *testing.T, pid, vpid uint32, flags ttybpf.TTYTtyFlags) *decode.TTYSession {
	t.Helper()
	e := ttybpf.TTYSessionEvent{Vpid: vpid, Flags: uint32(flags)}
	e.Header.Kind, e.Header.Process.Pid, e.Header.Process.StartTimeNs = decode.KindTTYSession, pid, uint64(pid)
	return ttyEvent(t, e).(*decode.TTYSession)
}

func sessionEndOf(t *testing.T, pid uint32) *decode.TTYSessionEnd {
	t.Helper()
	e := ttybpf.TTYSessionEndEvent{}
	e.Header.Kind, e.Header.Process.Pid, e.Header.Process.StartTimeNs = decode.KindTTYSessionEnd, pid, uint64(pid)
	return ttyEvent(t, e).(*decode.TTYSessionEnd)
}

const (
	onTerminal = ttybpf.TTYTtyFlagsTTY_ON_TERMINAL
	entered    = ttybpf.TTYTtyFlagsTTY_ENTERED
)

func TestSessions_begin(t *testing.T) {
	const since = 1000
	host := &Workload{CgroupPath: "/system.slice"}
	older := &Workload{Container: container.Container{ID: id1}, ContainerCreated: since - 1}
	newer := &Workload{Container: container.Container{ID: id2}, ContainerCreated: since + 1}
	for name, c := range map[string]struct {
		event       *decode.TTYSession
		own, parent *Workload
		want        string
	}{
		"terminal outside of containers":   {sessionOf(t, 1, 1, onTerminal), host, host, ""},
		"service outside of containers":    {sessionOf(t, 1, 1, entered), host, host, ""},
		"terminal":                         {sessionOf(t, 1, 9, onTerminal), older, older, SessionTerminal},
		"entered":                          {sessionOf(t, 1, 9, entered), older, host, SessionRuntimeExec},
		"entered with a terminal":          {sessionOf(t, 1, 9, entered|onTerminal), older, host, SessionRuntimeExec},
		"entered from another container":   {sessionOf(t, 1, 9, entered), older, newer, SessionRuntimeExec},
		"another cgroup of the container":  {sessionOf(t, 1, 9, entered), older, older, ""},
		"first process":                    {sessionOf(t, 1, 1, entered), older, host, ""},
		"first process at a terminal":      {sessionOf(t, 1, 1, entered|onTerminal), older, host, SessionTerminal},
		"first process, shared namespace":  {sessionOf(t, 1, 9, entered), newer, host, ""},
		"the age of the container unknown": {sessionOf(t, 1, 9, entered), &Workload{Container: container.Container{ID: id1}}, host, SessionRuntimeExec},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSessions(10, since, nil)
			source, ok := s.Begin(c.event, c.own, c.parent)
			assert.Equal(t, c.want, source)
			assert.Equal(t, c.want != "", ok)
			source, ok = s.End(sessionEndOf(t, 1))
			assert.Equal(t, c.want, source)
			assert.Equal(t, c.want != "", ok)
			_, ok = s.End(sessionEndOf(t, 1))
			assert.False(t, ok, "it ends once")
		})
	}
}

// Where containers share a pid namespace, the first to enter one that was made while we looked is its first
// process, and everybody after that is not, until the container is made again.
func TestSessions_firstProcessOfAContainer(t *testing.T) {
	s := NewSessions(10, 1000, nil)
	host, own := &Workload{}, &Workload{Container: container.Container{ID: id1}, ContainerCreated: 1001}
	_, ok := s.Begin(sessionOf(t, 5, 50, entered), own, host)
	assert.False(t, ok)
	_, ok = s.Begin(sessionOf(t, 6, 60, entered), own, host)
	assert.True(t, ok)
	_, ok = s.End(sessionEndOf(t, 5))
	assert.False(t, ok, "the first one was no session")
	again := *own
	again.ContainerCreated = 2002
	_, ok = s.Begin(sessionOf(t, 7, 70, entered), &again, host)
	assert.False(t, ok)
	_, ok = s.Begin(sessionOf(t, 8, 80, entered), &again, host)
	assert.True(t, ok)
}

// Sessions whose end was lost do not stay for ever.
func TestSessions_areBounded(t *testing.T) {
	const sessionsMax = 5
	gone := map[uint32]bool{1: true, 3: true}
	s := NewSessions(sessionsMax, 0, func(k Key) bool { return gone[k.PID] })
	host, own := &Workload{}, &Workload{Container: container.Container{ID: id1}}
	for pid := uint32(1); pid <= sessionsMax+1; pid++ {
		_, ok := s.Begin(sessionOf(t, pid, 9, entered), own, host)
		assert.True(t, ok)
	}
	assert.Len(t, s.open, sessionsMax-1)
	for pid := uint32(1); pid <= sessionsMax+1; pid++ {
		_, ok := s.End(sessionEndOf(t, pid))
		assert.Equal(t, !gone[pid], ok, pid)
	}
	// If nobody is known to be gone, somebody has to go all the same.
	for pid := uint32(100); pid < 200; pid++ {
		s.Begin(sessionOf(t, pid, 9, entered), own, host)
		assert.LessOrEqual(t, len(s.open), sessionsMax)
	}
	for pid := uint32(1); pid <= 2*sessionsMax; pid++ {
		s.Begin(sessionOf(t, pid, containerInit, entered), &Workload{Container: container.Container{ID: string(rune('a' + pid))}}, host)
	}
	assert.LessOrEqual(t, len(s.inits), sessionsMax)
}
