// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/watch"
)

const (
	// raisedMax bounds the open incidents by metrics alone; further ones are counted.
	raisedMax = 64
	// raisedFindingsMax is how many anomalies one has; of further ones the least unusual are left out.
	raisedFindingsMax = 8
	// raisedQuiet is for how long nothing further must be unusual until one is over.
	raisedQuiet = 30 * time.Minute
	// Scores of incidents by metrics alone: what is worth an incident at least, more by each decade of probability, but never an error.
	raisedScoreMin    = 12.0
	raisedScoreMax    = 24.0
	raisedScoreDecade = 4.0
)

// raised are incidents of which nothing is known but anomalies of metrics.
type raised struct {
	// full counts anomalies that found no room.
	full atomic.Uint64

	mu   sync.Mutex
	open map[string]*ofMetrics
}

// ofMetrics is one of them.
type ofMetrics struct {
	id, workload string
	resource     pcommon.Resource
	found        []watch.Finding
	more         uint64
	opened, last time.Time
	// arrived is when the last anomaly came, toldAt when it was told of, by our clock.
	arrived, toldAt time.Time
	changed         bool
}

// add takes in an anomaly.
func (r *raised) add(f watch.Finding, resource pcommon.Resource, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.open[f.Workload]
	if !ok {
		if len(r.open) >= raisedMax {
			r.full.Add(1)
			return
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "metrics\x00%s\x00%d\x00%s\x00%s", f.Workload, f.At.UnixNano(), f.Metric, f.Series))
		a = &ofMetrics{id: hex.EncodeToString(sum[:16]), workload: f.Workload, resource: originOf(nil, resource).resource, opened: f.At, last: f.At}
		if r.open == nil {
			r.open = map[string]*ofMetrics{}
		}
		r.open[f.Workload] = a
	}
	a.arrived, a.changed = now, true
	if f.At.After(a.last) {
		a.last = f.At
	}
	a.found = append(a.found, f)
	slices.SortStableFunc(a.found, func(x, y watch.Finding) int {
		if x.Score > y.Score {
			return -1
		}
		return 1
	})
	if len(a.found) > raisedFindingsMax {
		a.found = a.found[:raisedFindingsMax]
		a.more++
	}
}

// state returns what is to be told now, and an empty text if nothing is.
func (a *ofMetrics) state(now time.Time, interval time.Duration) string {
	switch {
	case a.toldAt.IsZero():
		return stateOpened
	case now.Sub(a.arrived) >= raisedQuiet:
		return stateClosed
	case a.changed && now.Sub(a.toldAt) >= interval:
		return stateUpdated
	}
	return ""
}

// due is an incident by metrics alone that is to be told of.
type due struct {
	incident *ofMetrics
	state    string
	data     plog.Logs
}

// dueRaised returns what is to be told now.
func (c *core) dueRaised(now time.Time, interval time.Duration) []due {
	c.raised.mu.Lock()
	defer c.raised.mu.Unlock()
	var all []due
	for _, workload := range slices.Sorted(maps.Keys(c.raised.open)) {
		a := c.raised.open[workload]
		if state := a.state(now, interval); state != "" {
			all = append(all, due{a, state, c.record(a, state, now)})
			a.changed = false
		}
	}
	return all
}

// tellRaised tells what is due, one call at a time. What the pipeline does not take is told again. At the end all that was not told is due.
func (c *core) tellRaised(ctx context.Context, now time.Time, end bool) {
	to, interval := c.first.Load(), c.config.UpdateInterval
	if to == nil {
		return
	}
	if end {
		interval = 0
	}
	for _, one := range c.dueRaised(now, interval) {
		err := to.inner.ConsumeLogs(ctx, one.data)
		c.raised.mu.Lock()
		switch {
		case err != nil:
			c.tally.refused.Add(1)
			one.incident.changed = true
			c.logger.Warn("The pipeline does not take an incident; it is told again", zap.String("id", one.incident.id), zap.Error(err))
		case one.state == stateClosed && !one.incident.changed:
			delete(c.raised.open, one.incident.workload)
		default:
			one.incident.toldAt = now
		}
		c.raised.mu.Unlock()
	}
}

// checkRaised says so if there is nobody to tell.
func (c *core) checkRaised() {
	wanted := slices.ContainsFunc(c.config.Metrics, func(m MetricConfig) bool { return m.Raise })
	if wanted && c.first.Load() == nil {
		c.logger.Warn("metrics: raise has no effect: incidents are log records, and this processor is in no pipeline of logs; add it to one")
	}
}

// record writes down what is known of an incident by metrics alone.
func (c *core) record(a *ofMetrics, state string, now time.Time) plog.Logs {
	data := plog.NewLogs()
	resource := data.ResourceLogs().AppendEmpty()
	a.resource.CopyTo(resource.Resource())
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	log := scope.LogRecords().AppendEmpty()
	log.SetEventName(names.EventIncident)
	log.SetTimestamp(pcommon.NewTimestampFromTime(a.last))
	log.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	log.SetSeverityNumber(plog.SeverityNumberWarn)
	attributes := log.Attributes()
	attributes.PutStr(names.IncidentID, a.id)
	attributes.PutStr(names.IncidentState, state)
	decades := -math.Log10(max(1-a.found[0].Score, 1e-12))
	attributes.PutDouble(names.IncidentScore, max(raisedScoreMin, min(raisedScoreDecade*decades, raisedScoreMax)))
	attributes.PutStr(names.IncidentOpened, formatTime(a.opened))
	attributes.PutStr(names.IncidentLast, formatTime(a.last))
	putCount(attributes, names.IncidentEvents, uint64(len(a.found))+a.more)
	var b strings.Builder
	fmt.Fprintf(&b, "Incident %s in %s: only its metrics are unusual. %s", state, plain(a.workload), putFindings(attributes, a.found))
	log.Body().SetStr(b.String())
	c.tally.told(state, plog.SeverityNumberWarn)
	return data
}
