// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/judging"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/losses"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/watch"
)

// core is what all pipelines with one configuration share: what is learned, and what is told.
type core struct {
	config      *Config
	logger      *zap.Logger
	settings    component.TelemetrySettings
	generaliser *generalise.Generaliser
	allow       []allowed
	rules       *rulebook
	tally       tally
	evidence    evidenceTotal
	telemetry   *telemetry
	scratch     sync.Pool
	fleet       *teller
	// now is the clock by which it is told of incidents, upkeepEvery how often it is looked after them, soonEvery how often what was told is kept.
	now                    func() time.Time
	upkeepEvery, soonEvery time.Duration

	// profiles exist from the start on.
	profiles *profile.Set
	late     late
	// room and shelves are what is known of the processes and incidents of all workloads, and of stories.
	room      incident.Room
	shelves   story.Room
	losses    losses.Hosts
	summaries *summaries
	feedback  feedback
	// joins joins incidents of different workloads.
	joins *joins
	// watcher scores metrics, raised are incidents of nothing else; readers read whose they are.
	watcher *watch.Watcher
	raised  raised
	readers sync.Pool

	stop context.CancelFunc
	done chan struct{}

	// id is the processor's in the configuration. state keeps what is known beyond a restart; nil without a storage.
	id    component.ID
	state *keeper
	// first is a pipeline of logs for what came from none: there may be none.
	first atomic.Pointer[logs]
}

// workload is kept beside its profile, and belongs to whoever owns that.
type workload struct {
	judging.Workload
	book *story.Book
	// evidence is nil unless nothing but incidents goes on.
	evidence evidence
	// fleet is what the gateway is told about, nil if nothing is.
	fleet *fleetOrigin
}

// late are closed incidents of workloads that were forgotten.
type late struct {
	mu      sync.Mutex
	reports []report
}

func newCore(c *Config, set component.TelemetrySettings) *core {
	k := &core{
		config: c, logger: set.Logger, settings: set, allow: newAllowed(c.Allow), rules: newRulebook(&c.Rules, set.Logger), now: time.Now,
		upkeepEvery: upkeepInterval, soonEvery: stateSoonInterval,
	}
	k.fleet = newTeller(&c.Fleet)
	k.scratch.New = func() any { return newScratch() }
	k.watcher = c.newWatcher()
	k.readers.New = func() any { return record.NewReader() }
	return k
}

// Start reads the rules, and begins to look after incidents.
func (c *core) Start(ctx context.Context, host component.Host) error {
	var err error
	if c.generaliser, err = generalise.New(generalise.Config{}); err != nil {
		return err
	}
	profiles, err := profile.NewSet(c.config.profileLimits())
	if err != nil {
		return err
	}
	profiles.Forgotten = c.forgotten
	c.profiles = profiles
	c.joins = newJoins(c.logger, c.config.UpdateInterval)
	if c.state, err = newKeeper(c, host); err != nil {
		return err
	}
	if c.summaries, err = newSummaries(ctx, host, c.config.Summary.Get(), c.settings); err != nil {
		return err
	}
	c.checkRaised()
	if c.telemetry, err = newTelemetry(c.settings, c); err != nil {
		return err
	}
	if err = errors.Join(c.summaries.start(c.settings), c.fleet.start(c.settings), c.joins.start(c.settings)); err != nil {
		return err
	}
	c.rules.start(c.config.Rules.sources())
	c.state.start(ctx)
	running, stop := context.WithCancel(context.Background())
	c.stop, c.done = stop, make(chan struct{})
	go c.run(running)
	c.mount(host)
	return nil
}

// Shutdown may be called without Start. It tells what was not told yet of incidents.
func (c *core) Shutdown(ctx context.Context) error {
	if c.stop == nil {
		return nil
	}
	c.unmount()
	c.stop()
	<-c.done
	c.rules.stop()
	c.stop = nil
	summariesErr := c.summaries.close()
	now := c.now()
	c.send(ctx, c.collect(now, func(s *story.Story) bool { return s.Pending() }))
	c.joins.upkeep(ctx, now, true)
	c.tellRaised(ctx, now, true)
	c.state.shutdown(ctx)
	return errors.Join(summariesErr, c.fleet.close(), c.joins.close(), c.state.close(), c.telemetry.close())
}

func (c *core) run(ctx context.Context) {
	defer close(c.done)
	ticker := time.NewTicker(c.upkeepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.upkeep(ctx)
		}
	}
}

// upkeep closes what is over, and tells what is due.
func (c *core) upkeep(ctx context.Context) {
	now := c.now()
	reports := c.collect(now, func(s *story.Story) bool { return s.Due(now, c.config.UpdateInterval) })
	limited, cancel := context.WithTimeout(ctx, sendTimeMax)
	defer cancel()
	c.send(limited, reports)
	c.joins.upkeep(limited, now, false)
	c.fleet.tell(limited, c)
	c.tellRaised(limited, now, false)
}

// collect returns what is to be told of all workloads.
func (c *core) collect(now time.Time, wanted func(*story.Story) bool) []report {
	reports := c.takeLate()
	c.profiles.Each(func(p *profile.Profile) {
		w := beside(p)
		then := w.Clock.Now(now)
		w.Tracker.Expire(then)
		w.book.Tidy(then)
		w.evidence.tidy(&c.evidence, false)
		for _, s := range w.book.Stories() {
			c.noteLoss(w, s, now)
			if wanted(s) {
				reports = append(reports, c.tell(p, s, now))
			}
		}
	})
	// By age, whichever workload came first: what is joined can be read in order.
	slices.SortStableFunc(reports, func(a, b report) int {
		return cmp.Or(a.story.Opened().Compare(b.story.Opened()), cmp.Compare(a.story.ID, b.story.ID))
	})
	return reports
}

// takeLate returns what is to be told of workloads that were forgotten.
func (c *core) takeLate() []report {
	c.late.mu.Lock()
	defer c.late.mu.Unlock()
	reports := c.late.reports
	c.late.reports = nil
	return reports
}

// beside returns the workload of a profile, whose owner the caller has to be.
func beside(p *profile.Profile) *workload {
	w, ok := p.Beside.(*workload)
	if !ok {
		w = &workload{Workload: judging.Workload{Tracker: incident.NewTracker()}, book: story.NewBook(p.Workload())}
		p.Beside = w
	}
	return w
}

// workloadOf is beside, for taking in what happens: within the room that all workloads have.
func (c *core) workloadOf(p *profile.Profile) *workload {
	w := beside(p)
	w.Tracker.Room, w.book.Room = &c.room, &c.shelves
	return w
}

// forgotten closes the incidents of a workload whose profile is forgotten.
func (c *core) forgotten(p *profile.Profile) {
	w := beside(p)
	c.tally.keep(p, w)
	w.evidence.tidy(&c.evidence, true)
	for _, s := range w.book.End() {
		told := c.tell(p, s, c.now())
		c.late.mu.Lock()
		if len(c.late.reports) < lateMax {
			c.late.reports = append(c.late.reports, told)
		} else {
			c.tally.refused.Add(1)
		}
		c.late.mu.Unlock()
	}
	w.Tracker.Leave()
	w.book.Leave()
}

// send hands on what is told, each to the pipeline that its first event came from.
func (c *core) send(ctx context.Context, reports []report) {
	for _, r := range reports {
		if err := r.deliver(ctx); err != nil {
			c.tally.refused.Add(1)
			if r.state == stateOpened {
				r.story.Untold.Store(true)
			}
			r.story.Unsent.Store(true)
			c.logger.Warn("The pipeline does not take an incident; it is told again", zap.String("id", r.story.ID), zap.Error(err))
		}
	}
}
