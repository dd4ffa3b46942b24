// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf/btf"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/custom"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/ring"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// customUnit is a tracer that somebody else has written: what is known of it, and what runs.
type customUnit struct {
	session *session
	name    string
	// uploaded tells that it came over the control API.
	uploaded bool
	// bundle is nil if what is there can't be used; failure says why.
	bundle *custom.Bundle
	kinds  []string // names of its events

	ledger   ledger
	counters customemit.Counters

	// mu guards what follows. It is held for moments only.
	mu       sync.Mutex
	wanted   bool
	live     *custom.Live
	readers  []*ring.Reader
	running  *sync.WaitGroup
	metrics  *customemit.Metrics
	failure  error
	switched time.Time
	took     time.Duration
}

func newCustomUnit(s *session, name string, bundle *custom.Bundle, failure error) *customUnit {
	u := &customUnit{session: s, name: name, bundle: bundle, failure: failure}
	if bundle != nil {
		for i := range bundle.Manifest().Events {
			if event := bundle.Manifest().Events[i].Name; !slices.Contains(u.kinds, event) {
				u.kinds = append(u.kinds, event)
			}
		}
	}
	return u
}

// settings are what its bytes are decoded with.
func (u *customUnit) settings() customemit.Settings {
	settings := customemit.Settings{
		Order: binary.NativeEndian, Limits: customemit.DefaultLimits(), Counters: &u.counters, Time: u.session.customTime,
	}
	if redact := u.session.redact; redact != nil {
		settings.Redact = redact.Text
	}
	return settings
}

// compile finds out whether what the manifest says fits the types of the object.
func (u *customUnit) compile(started time.Time) (*customemit.Events, *customemit.Metrics, error) {
	m := u.bundle.Manifest()
	events, err := customemit.NewEvents(m, u.bundle.Types(), u.settings())
	if err != nil {
		return nil, nil, err
	}
	types := map[string]customemit.MapTypes{}
	for i := range m.Metrics {
		name := m.Metrics[i].Map
		if spec := u.bundle.MapSpec(name); spec != nil {
			types[name] = customemit.MapTypes{Key: spec.Key, Value: spec.Value, Entries: spec.MaxEntries}
		}
	}
	metrics, err := customemit.NewMetrics(m, types, started, u.settings())
	return events, metrics, err
}

// loaded is a tracer of which nothing runs yet.
type loaded struct {
	live    *custom.Live
	readers []*ring.Reader
	metrics *customemit.Metrics
}

// load has the kernel take the programs. If that fails nothing of them is left.
func (u *customUnit) load() (*loaded, error) {
	if u.bundle == nil {
		return nil, u.failure
	}
	events, metrics, err := u.compile(time.Now())
	if err != nil {
		return nil, err
	}
	live, err := custom.Load(u.bundle, u.session.logger, btf.NewCache())
	if err != nil {
		return nil, err
	}
	l := &loaded{live: live, metrics: metrics}
	for name, events := range u.ringsOf(live, events) {
		reader, err := ring.NewReader(live.Map(name), ring.WakeupMany, newCustomStream(u, events).handle)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("ring buffer %q: %w", name, err), l.close())
		}
		l.readers = append(l.readers, reader)
	}
	return l, nil
}

func (l *loaded) close() error { return errors.Join(closeAll(l.readers), l.live.Close()) }

// attach sets going what was loaded. If that fails nothing of it is left.
func (u *customUnit) attach(l *loaded) error {
	if err := l.live.Attach(); err != nil {
		return errors.Join(err, l.close())
	}
	running := &sync.WaitGroup{}
	for _, reader := range l.readers {
		running.Go(func() {
			if err := reader.Run(); err != nil {
				u.session.logger.Error("A tracer's events can't be read any more", zap.String("tracer", u.name), zap.Error(err))
			}
		})
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.live, u.readers, u.running, u.metrics, u.failure = l.live, l.readers, running, l.metrics, nil
	u.session.logger.Info("Custom tracer is attached", zap.String("tracer", u.name), zap.Strings("programs", u.bundle.Programs()),
		zap.Uint64("map_bytes", l.live.MapBytes()))
	return nil
}

func (u *customUnit) start() error {
	l, err := u.load()
	if err != nil {
		return err
	}
	return u.attach(l)
}

func (u *customUnit) ringsOf(live *custom.Live, events *customemit.Events) map[string]*customemit.Ring {
	rings := map[string]*customemit.Ring{}
	for name := range live.Rings() {
		if r := events.Ring(name); r != nil {
			rings[name] = r
		}
	}
	return rings
}

func closeAll(readers []*ring.Reader) error {
	var errs []error
	for _, reader := range readers {
		errs = append(errs, reader.Close())
	}
	return errors.Join(errs...)
}

// stop ends the observation, has what is left read and counted, and frees everything. why is nil if it is not wanted
// any more.
func (u *customUnit) stop(why error) error {
	u.mu.Lock()
	live, readers, running := u.live, u.readers, u.running
	u.mu.Unlock()
	if live == nil {
		return nil
	}
	err := live.Detach()
	for _, reader := range readers {
		reader.Flush()
	}
	err = errors.Join(err, closeAll(readers))
	running.Wait()
	u.session.collectLastOf(u)
	u.mu.Lock()
	u.live, u.readers, u.metrics, u.failure = nil, nil, nil, why
	u.mu.Unlock()
	return errors.Join(err, live.Close())
}

func (u *customUnit) isWanted() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.wanted
}

// current returns what runs; nil if nothing does.
func (u *customUnit) current() (*custom.Live, *customemit.Metrics) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.live, u.metrics
}

// accounts returns where its events have gone since the session began, by name.
func (u *customUnit) accounts() []account {
	return u.ledger.balance(u.kinds, make([]tracer.Counters, len(u.kinds)))
}

// customBudget holds a tracer to its events per second.
type customBudget struct {
	max    uint32
	second int64
	used   uint32
	// over is for how many seconds in a row there were more.
	over int
	told bool
}

// take tells whether another event may be told, and whether there were too many for too long.
func (b *customBudget) take(now time.Time) (admitted, exceeded bool) {
	if second := now.Unix(); second != b.second {
		switch {
		case b.used <= b.max || second > b.second+1:
			b.over = 0
		default:
			b.over++
		}
		b.second, b.used = second, 0
	}
	b.used++
	return b.used <= b.max, b.over >= customOverBudgetSecondsMax
}
