// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/chain"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
)

// gateway is what all pipelines of a gateway with one configuration share: what is known of the fleet, and its incidents.
type gateway struct {
	config    *Config
	logger    *zap.Logger
	settings  component.TelemetrySettings
	tally     gatewayTally
	telemetry *gatewayTelemetry
	// now is the clock that everything is judged by: those of hosts differ.
	now func() time.Time
	// upkeepEvery is how often it is looked after incidents.
	upkeepEvery time.Duration

	// mu is for what is below, which exists from the start on. Nothing is sent while it is held.
	mu    sync.Mutex
	model *fleet.Model
	book  *chain.Book
	// scanned is what the model had learned when all incidents were judged last.
	scanned uint64
	// first is a pipeline for what is told of incidents from before a restart.
	first consumer.Logs

	// id is the processor's in the configuration. keeper keeps what is known beyond a restart; nil without a storage.
	id     component.ID
	keeper *gatewayKeeper

	stop context.CancelFunc
	done chan struct{}
}

// gatewayReport is what a gateway tells by itself: of an incident once more, or of a chain.
type gatewayReport struct {
	to   consumer.Logs
	data plog.Logs
	// unsent is called if it has not arrived, while mu is held.
	unsent func()
}

// named gives the gateway the name that the processor has in the configuration.
func (g *gateway) named(id component.ID) *gateway {
	g.id = id
	return g
}

func newGateway(c *Config, set component.TelemetrySettings) *gateway {
	return &gateway{config: c, logger: set.Logger, settings: set, now: time.Now, upkeepEvery: upkeepInterval}
}

// Start begins to look after incidents.
func (g *gateway) Start(ctx context.Context, host component.Host) error {
	model, err := fleet.NewModel(g.config.Fleet.modelLimits())
	if err != nil {
		return err
	}
	g.model, g.book = model, chain.NewBook(g.config.Fleet.bookLimits())
	if g.telemetry, err = newGatewayTelemetry(g.settings, g); err != nil {
		return err
	}
	if g.keeper, err = newGatewayKeeper(g, host); err != nil {
		return err
	}
	g.keeper.start(ctx)
	running, stop := context.WithCancel(context.Background())
	g.stop, g.done = stop, make(chan struct{})
	go g.run(running)
	return nil
}

// Shutdown may be called without Start. It tells what was not told yet.
func (g *gateway) Shutdown(ctx context.Context) error {
	if g.stop == nil {
		return nil
	}
	g.stop()
	<-g.done
	g.stop = nil
	now := g.now()
	g.mu.Lock()
	reports := g.rescan(now, 0)
	reports = append(reports, g.chains(now, func(c *chain.Chain) bool { return c.Pending() })...)
	g.mu.Unlock()
	g.send(ctx, reports)
	return errors.Join(g.keeper.shutdown(ctx), g.telemetry.close())
}

func (g *gateway) run(ctx context.Context) {
	defer close(g.done)
	ticker := time.NewTicker(g.upkeepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			g.upkeep(ctx)
		}
	}
}

// upkeep judges anew what the fleet has learned more about, and tells what is due.
func (g *gateway) upkeep(ctx context.Context) {
	now := g.now()
	g.mu.Lock()
	reports := g.rescan(now, g.config.UpdateInterval)
	reports = append(reports, g.due(now)...)
	g.book.Tidy(now)
	g.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, sendTimeMax)
	defer cancel()
	g.send(limited, reports)
}

// rescan judges all open incidents anew if there is more to know, and tells of those about which something else is to be said than was told.
func (g *gateway) rescan(now time.Time, interval time.Duration) []gatewayReport {
	changes := g.model.Stats().Changes
	judge := changes != g.scanned
	g.scanned = changes
	var reports []gatewayReport
	for _, m := range g.book.Members() {
		h := m.Extra.(*held)
		if m.Incident.Closed && !h.unsent {
			continue
		}
		if judge {
			h.judgement = g.judgeMember(m, m.Incident, now)
			g.book.Suppress(m, h.judgement.Suppressed != "")
		}
		if !h.unsent && (h.told == h.saying(m) || now.Sub(h.toldAt) < interval) {
			continue
		}
		reports = append(reports, g.again(m, h, now))
	}
	return reports
}

// due tells of the chains of which there is something to tell.
func (g *gateway) due(now time.Time) []gatewayReport {
	return g.chains(now, func(c *chain.Chain) bool { return c.Due(now, g.config.UpdateInterval) })
}

func (g *gateway) chains(now time.Time, wanted func(*chain.Chain) bool) []gatewayReport {
	var reports []gatewayReport
	for _, c := range g.book.Chains() {
		if wanted(c) {
			reports = append(reports, tellChain(c, now, &g.tally.made)...)
		}
	}
	return reports
}

// judgeMember says what the fleet does about an incident. One that is connected with another is never suppressed: what leads from one host to the
// next is more than its steps.
func (g *gateway) judgeMember(known *chain.Member, i *fleet.Incident, now time.Time) fleet.Judgement {
	j := g.model.Judge(i, g.config.Fleet.rules(), now)
	if known != nil && known.Connected() {
		j.Suppressed = ""
	}
	return j
}

// send hands on what is told, without holding anything.
func (g *gateway) send(ctx context.Context, reports []gatewayReport) {
	g.mu.Lock()
	for at := range reports {
		if reports[at].to == nil {
			reports[at].to = g.first
		}
	}
	g.mu.Unlock()
	sendReports(ctx, reports, &g.mu, &g.tally.refused, g.logger)
}

// sendReports hands on what is told, and says under the lock what has not arrived.
func sendReports(ctx context.Context, reports []gatewayReport, lock sync.Locker, refused *atomic.Uint64, logger *zap.Logger) {
	for _, r := range reports {
		err := errNoPipeline
		if r.to != nil {
			err = r.to.ConsumeLogs(ctx, r.data)
		}
		if err == nil {
			continue
		}
		refused.Add(1)
		lock.Lock()
		r.unsent()
		lock.Unlock()
		logger.Warn("The pipeline does not take an incident; it is told again", zap.Error(err))
	}
}
