// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf/btf"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
)

// tracers are those of a session. They are switched one at a time, while the others go on.
type tracers struct {
	session *session
	// units are one for each tracer of the catalogue, in its order. The list never changes.
	units []*unit

	// switching is held while a tracer is switched.
	switching sync.Mutex
	closed    bool
	// types is what was read of the kernel's type information for the last switch. It takes megabytes, and is let
	// go when nobody switches for a while.
	types   *btf.Cache
	letting *time.Timer
	// learning is held by streams while they wait for what the tracer "process" has seen, and by whoever
	// replaces that.
	learning sync.RWMutex
}

var errSessionEnds = errors.New("the receiver is being shut down")

func newTracers(s *session) *tracers {
	t := &tracers{session: s}
	sections := s.config.Tracers.sections()
	for i, d := range catalogue() {
		u := &unit{definition: d, needed: i == 0}
		u.wanted.Store(sections[d.spec.Name].Enabled)
		t.units = append(t.units, u)
	}
	return t
}

// running lists the streams that there are, that of the processes first.
func (t *tracers) running() []*stream {
	var streams []*stream
	for _, u := range t.units {
		if st := u.running(); st != nil {
			streams = append(streams, st)
		}
	}
	return streams
}

// unit returns the unit of a tracer, nil if there is no such tracer.
func (t *tracers) unit(name string) *unit {
	if i := slices.IndexFunc(t.units, func(u *unit) bool { return u.name() == name }); i >= 0 {
		return t.units[i]
	}
	return nil
}

// open opens a stream for each tracer that is wanted, and for the one that they all need. It fails if none
// could be opened.
func (t *tracers) open() error {
	// What is read of the kernel's type information takes megabytes: it is shared while loading,
	// and let go then.
	types := btf.NewCache()
	emitters := emit.Emitters(emitterOptions(t.session, t.session.config))
	for _, u := range t.units {
		if !u.needed && !u.wanted.Load() {
			continue
		}
		st, err := openStream(t.session, u, t.session.config, emitters[u.name()], types, false)
		if err != nil {
			t.session.logger.Error("A tracer can't run", zap.String("tracer", u.name()), zap.Error(err))
		}
		// There is nothing whose counts could be lost.
		_ = u.set(st, err)
	}
	if len(t.running()) == 0 {
		return errors.Join(t.failures()...)
	}
	// All are attached before any is told what was there before, since that is what takes long.
	for _, u := range t.units {
		if st := u.running(); st != nil {
			t.connect(u, st, types)
		}
	}
	t.leaveOutOwn()
	// The type information was most of what has been allocated so far, and is garbage from here on: a host should
	// not have to wait for the next collections to have it back.
	debug.FreeOSMemory()
	return nil
}

// failures are why tracers don't run that should.
func (t *tracers) failures() []error {
	var errs []error
	for _, u := range t.units {
		u.mu.Lock()
		if u.failure != nil {
			errs = append(errs, u.failure)
		}
		u.mu.Unlock()
	}
	return errs
}

// connect makes a stream know of processes, and of what was there before it. If the tracer "process" could not
// be loaded, the others go on with what their own events say.
func (t *tracers) connect(u *unit, st *stream, types *btf.Cache) {
	s := t.session
	var err error
	if u.needed {
		st.identify = s.identity.learn
		err = s.identity.snapshot(st.tracer, types)
	} else {
		st.identify = s.identity.lookup
		if u.definition.identify != nil {
			st.identify = u.definition.identify(s, st.identify)
		}
		st.catchUp = t.catchUp(u)
		err = snapshotOwners(st, types)
	}
	if err != nil {
		s.logger.Warn("Not everything is known of what was here before", zap.String("tracer", u.name()), zap.Error(err))
	}
}

// catchUp returns a function that has the events of other streams read first that tell who the processes and
// the far ends are.
func (t *tracers) catchUp(u *unit) func() {
	names := t.unit("dns")
	return func() {
		t.catchUpOnProcesses()
		if !u.definition.namesPeers {
			return
		}
		if dns := names.running(); dns != nil {
			dns.reader.Flush()
		}
	}
}

// catchUpOnProcesses has what the tracer "process" has seen read up to now.
func (t *tracers) catchUpOnProcesses() {
	t.learning.RLock()
	defer t.learning.RUnlock()
	if first := t.units[0].running(); first != nil {
		first.reader.Flush()
	}
}

// snapshotOwners fills what a tracer keeps in its maps about things that were there before.
func snapshotOwners(st *stream, types *btf.Cache) error {
	output, err := st.tracer.Snapshot(types)
	if output == nil || err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, output)
	return errors.Join(err, output.Close())
}

// leaveOutOwn has the filter leave out what the collector itself does.
func (t *tracers) leaveOutOwn() {
	if t.units[0].running() == nil {
		return
	}
	if err := t.session.filter.leaveOut(t.session.identity.processes.Own()); err != nil {
		t.session.logger.Warn("What the collector itself does is not left out", zap.Error(err))
	}
}

// close ends the switching, and returns the streams that there are then.
func (t *tracers) close() []*stream {
	t.switching.Lock()
	defer t.switching.Unlock()
	t.closed = true
	if t.letting != nil {
		t.letting.Stop()
	}
	return t.running()
}

// change makes a tracer what a configuration says: it is started, stopped, or replaced by one with other
// settings. When it returns, that is done; when it fails, nothing has changed.
func (t *tracers) change(u *unit, c *Config) error {
	t.switching.Lock()
	defer t.switching.Unlock()
	if t.closed {
		return errSessionEnds
	}
	started := time.Now()
	wanted := c.Tracers.sections()[u.name()].Enabled
	var err error
	switch st := u.running(); {
	case st == nil && wanted:
		err = t.start(u, c)
	case st != nil && !wanted && !u.needed:
		err = t.stop(u)
	case st != nil && !sameSettings(st.config, c, u.name()):
		err = t.replace(u, st, c)
	}
	if err != nil {
		return fmt.Errorf("tracer %q: %w", u.name(), err)
	}
	u.wanted.Store(wanted)
	u.mu.Lock()
	u.switched, u.took = time.Now(), time.Since(started)
	u.mu.Unlock()
	return nil
}

// kernelTypes returns what has been read of the kernel's type information, which others add to. It is called with
// switching held.
func (t *tracers) kernelTypes() *btf.Cache {
	if t.types == nil {
		t.types = btf.NewCache()
		t.letting = time.AfterFunc(kernelTypesHold, func() {
			t.switching.Lock()
			defer t.switching.Unlock()
			t.types = nil
		})
	}
	t.letting.Reset(kernelTypesHold)
	return t.types
}

// kernelTypesHold is how long the kernel's type information is kept after a switch.
const kernelTypesHold = 10 * time.Second

// emitter returns that of one tracer by a configuration.
func (t *tracers) emitter(u *unit, c *Config) emit.Emitter {
	return emit.Emitters(emitterOptions(t.session, c))[u.name()]
}

func (t *tracers) start(u *unit, c *Config) error {
	types := t.kernelTypes()
	st, err := openStream(t.session, u, c, t.emitter(u, c), types, false)
	if err != nil {
		return err
	}
	t.connect(u, st, types)
	// What happens before the stream is read waits in its ring.
	u.wanted.Store(true)
	err = u.set(st, nil)
	st.run(t.session.logger)
	if u.needed {
		t.leaveOutOwn()
	}
	return err
}

func (t *tracers) stop(u *unit) error {
	st := u.running()
	err := st.stop()
	t.session.collectLast(st)
	return errors.Join(err, u.set(nil, nil), st.tracer.Close())
}

// replace lets a second stream see what happens from a moment on up to which the first one tells. Nothing is
// told twice, and but for system calls that end in that very moment nothing is missed. What the kernel half
// remembered is begun anew: windows of deduplication, and flows.
func (t *tracers) replace(u *unit, old *stream, c *Config) error {
	types := t.kernelTypes()
	st, err := openStream(t.session, u, c, t.emitter(u, c), types, true)
	if err != nil {
		return err
	}
	if u.needed {
		// Whoever wants to know of processes waits until the new stream is read.
		t.learning.Lock()
		defer t.learning.Unlock()
	}
	// Between these, calls are not seen: for as long as it takes to write down some numbers. All else both see.
	err = old.tracer.DetachSyscalls()
	st.from = old.tellUntil()
	st.tracer.AttachSyscalls(types)
	err = errors.Join(err, old.stop())
	st.before = new(old.told) // a copy: nothing of the old one is kept
	t.session.collectLast(old)
	t.connect(u, st, types)
	err = errors.Join(err, u.set(st, nil), old.tracer.Close())
	st.run(t.session.logger)
	if err != nil {
		t.session.logger.Warn("A tracer that was replaced did not end well", zap.String("tracer", u.name()), zap.Error(err))
	}
	return nil
}
