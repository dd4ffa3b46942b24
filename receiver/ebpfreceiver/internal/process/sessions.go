// SPDX-License-Identifier: Apache-2.0

package process

import (
	"sync"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// How a session came to be.
const (
	SessionTerminal    = "terminal"
	SessionRuntimeExec = "runtime_exec"
)

// Sessions chooses among the candidates of the tracer "tty" those that are somebody's sessions in a
// container, and remembers them until they end.
type Sessions struct {
	max    int
	since  uint64
	exited func(Key) bool

	mu   sync.Mutex
	open map[Key]string // the source
	// inits are the first processes of the containers that were made while we looked.
	inits map[string]containerProcess
}

type containerProcess struct {
	created uint64 // of the container: one id may be used again
	process Key
}

// NewSessions returns an empty table for at most sessionsMax sessions at once. since is from when on
// candidates are seen, in nanoseconds of CLOCK_BOOTTIME; exited tells whether a process is known to have
// ended.
func NewSessions(sessionsMax int, since uint64, exited func(Key) bool) *Sessions {
	return &Sessions{max: sessionsMax, since: since, exited: exited, open: map[Key]string{}, inits: map[string]containerProcess{}}
}

// Begin decides about a candidate, with the workloads of its process and of the parent of that.
func (s *Sessions) Begin(e *decode.TTYSession, own, parent *Workload) (source string, ok bool) {
	if own.Container.ID == "" {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A cgroup below the container's own is no other container.
	entered := e.Entered() && parent.Container.ID != own.Container.ID
	switch {
	case entered && !s.isInit(e, own):
		source = SessionRuntimeExec
	case e.OnTerminal():
		source = SessionTerminal
	default:
		return "", false
	}
	s.makeRoom()
	s.open[KeyOf(e.Head().Process)] = source
	return source, true
}

// isInit tells whether a process that has entered a container is its first one: pid 1 of its namespace,
// or, where containers share a namespace, the first to enter since the container was made.
func (s *Sessions) isInit(e *decode.TTYSession, own *Workload) bool {
	known, ok := s.inits[own.Container.ID]
	isFirst := own.ContainerCreated > s.since && (!ok || known.created != own.ContainerCreated)
	if e.Vpid != containerInit && !isFirst {
		return false
	}
	if len(s.inits) < s.max {
		s.inits[own.Container.ID] = containerProcess{own.ContainerCreated, KeyOf(e.Head().Process)}
	}
	return true
}

// End returns the source of a session that has ended, if it was one.
func (s *Sessions) End(e *decode.TTYSessionEnd) (source string, ok bool) {
	key := KeyOf(e.Head().Process)
	s.mu.Lock()
	defer s.mu.Unlock()
	source, ok = s.open[key]
	delete(s.open, key)
	for id, init := range s.inits {
		if init.process == key {
			delete(s.inits, id)
		}
	}
	return source, ok
}

// makeRoom forgets sessions whose end was lost: the kernel half waits for no more than max. It is called
// with mu held.
func (s *Sessions) makeRoom() {
	if len(s.open) < s.max {
		return
	}
	for key := range s.open {
		if s.exited(key) {
			delete(s.open, key)
		}
	}
	for key := range s.open {
		if len(s.open) < s.max {
			return
		}
		delete(s.open, key)
	}
}
