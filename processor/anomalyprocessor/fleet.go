// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/delta"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// teller tells the gateway what is normal for the workloads of an agent.
type teller struct {
	config *FleetConfig

	registration metric.Registration

	mu   sync.Mutex
	next time.Time
	turn uint64

	// sent and refused are deltas, left behaviours that had no room yet, homeless profiles of which it is not known on which host they are.
	sent, refused, left, homeless atomic.Uint64
}

// fleetOrigin is what a delta of a workload needs to know of it: the host, and the pipeline that its first event came through.
type fleetOrigin struct {
	to       *logs
	hostID   string
	hostName string
	sequence int64
}

func newTeller(c *FleetConfig) *teller { return &teller{config: c} }

// see remembers whose the first event of a workload is. Profiles of several hosts in one agent stand for one host: they are one experience.
func (t *teller) see(w *workload, to *logs, resource pcommon.Resource) {
	if w.fleet != nil || !t.config.Enabled {
		return
	}
	w.fleet = &fleetOrigin{
		to: to, hostID: strings.Clone(shortText(resource.Attributes(), names.HostID, hostBytesMax)),
		hostName: strings.Clone(shortText(resource.Attributes(), names.HostName, hostBytesMax)),
	}
}

// shortText returns a text that is not too long, else an empty one.
func shortText(attributes pcommon.Map, name string, most int) string {
	value, ok := attributes.Get(name)
	if !ok || value.Type() != pcommon.ValueTypeStr || len(value.Str()) > most {
		return ""
	}
	return value.Str()
}

// tell sends what is due.
func (t *teller) tell(ctx context.Context, c *core) {
	if !t.config.Enabled || !t.due(c.now()) {
		return
	}
	for _, d := range t.collect(c) {
		if err := d.to.inner.ConsumeLogs(ctx, d.data); err != nil {
			t.refused.Add(1)
			c.logger.Warn("The pipeline does not take what is normal for a workload; it is told again within a day", zap.Error(err))
			continue
		}
		t.sent.Add(1)
	}
}

// due tells whether it is time, and begins the next turn.
func (t *teller) due(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next.IsZero() {
		t.next = now.Add(t.config.Interval)
	}
	if now.Before(t.next) {
		return false
	}
	t.next = now.Add(t.config.Interval)
	t.turn++
	return true
}

// collect makes the deltas of one turn. All of them together have the room of one: what does not fit comes in the next turns.
func (t *teller) collect(c *core) []report {
	t.mu.Lock()
	turn := t.turn
	t.mu.Unlock()
	turns, now, room := max(uint64(fleetSnapshotTime/t.config.Interval), 1), c.now(), deltaBytesMax
	var deltas []report
	c.profiles.Each(func(p *profile.Profile) {
		w := beside(p)
		if w.fleet == nil || p.State() == profile.Learning {
			return
		}
		if w.fleet.hostID == "" && w.fleet.hostName == "" {
			t.homeless.Add(1)
			return
		}
		rows := max((room-deltaHeadBytes-len(p.Workload()))/8, 0)
		news := p.Tell(turn, turns, min(rows, delta.RowsMax))
		t.left.Add(uint64(news.Left))
		if len(news.Normal)+len(news.Forbidden) == 0 {
			return
		}
		d := w.fleet.delta(p, news, now)
		room -= deltaHeadBytes + len(p.Workload()) + 8*(len(news.Normal)+len(news.Forbidden))
		deltas = append(deltas, d)
	})
	return deltas
}

// delta writes down what a profile has to tell.
func (o *fleetOrigin) delta(p *profile.Profile, news profile.News, now time.Time) report {
	if o.sequence == 0 {
		o.sequence = now.Unix() // no delta comes within a second, so it grows on after a restart too
	}
	o.sequence++
	data := plog.NewLogs()
	resource := data.ResourceLogs().AppendEmpty()
	if o.hostID != "" {
		resource.Resource().Attributes().PutStr(names.HostID, o.hostID)
	}
	if o.hostName != "" {
		resource.Resource().Attributes().PutStr(names.HostName, o.hostName)
	}
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	log := scope.LogRecords().AppendEmpty()
	log.SetEventName(names.EventProfileDelta)
	log.SetTimestamp(pcommon.NewTimestampFromTime(now))
	log.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	log.SetSeverityNumber(plog.SeverityNumberDebug)
	log.Body().SetStr(fmt.Sprintf("%s normal for %s", plural(uint64(len(news.Normal)), "behaviour is", "behaviours are"), plain(p.Workload())))
	log.Attributes().PutStr(names.ProfileWorkload, p.Workload())
	putVersion(log.Attributes(), p)
	log.Attributes().PutInt(names.ProfileSequence, o.sequence)
	log.Attributes().PutEmptyBytes(names.ProfileTable).FromRaw(delta.Table{Normal: news.Normal, Forbidden: news.Forbidden}.Encode())
	return report{to: o.to, data: data}
}

func putVersion(attributes pcommon.Map, p *profile.Profile) {
	if version := p.Version(); version != 0 {
		attributes.PutStr(names.ProfileVersion, fmt.Sprintf("%016x", version))
	}
}
