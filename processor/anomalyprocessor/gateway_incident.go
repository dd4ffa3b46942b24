// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/chain"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// stateUpdated and stateClosed are told after stateOpened.
const (
	stateUpdated = "updated"
	stateClosed  = "closed"
)

// held is what a gateway keeps of an incident to tell of it once more.
type held struct {
	to        consumer.Logs
	data      plog.Logs // as the agent told it last
	judgement fleet.Judgement
	told      saying
	toldAt    time.Time
	// shown tells that it went on at least once, unsent that what was told last has not arrived.
	shown, unsent bool
	// of is what an agent keeps besides, nil at a gateway.
	of *resident
}

// saying is what a gateway says about an incident.
type saying struct{ suppressed, chain string }

func (h *held) saying(m *chain.Member) saying {
	s := saying{suppressed: h.judgement.Suppressed}
	if c := m.Chain(); c != nil {
		s.chain = c.ID
	}
	return s
}

// judge takes in an incident, says what the fleet does about it, and tells whether it does not go on.
func (g *gateway) judge(p *gatewayLogs, resource pcommon.Resource, log plog.LogRecord) bool {
	if _, ok := log.Attributes().Get(names.IncidentJoined); ok { // another gateway has made it, or an agent
		return g.passJoined(log)
	}
	data := alone(resource, log)
	size := (&plog.ProtoMarshaler{}).LogsSize(data)
	if size > incidentRecordBytesMax {
		g.tally.tooLarge.Add(1)
		return false
	}
	i := readIncident(resource, log)
	if i == nil || i.Host == "" {
		g.tally.unreadable.Add(1)
		return false
	}
	now := g.now()
	h := &held{to: p.inner, data: data}
	known := g.book.Find(i.Host, i.ID)
	if known != nil {
		h.shown = known.Extra.(*held).shown
	}
	h.judgement = g.judgeMember(known, i, now)
	suppressed := h.judgement.Suppressed != ""
	m := g.book.Put(i, suppressed, h, 2*size, now)
	h.told, h.toldAt = h.saying(m), now
	if suppressed && g.config.Fleet.Suppressed == suppressedDrop && !h.shown {
		g.tally.dropped.Add(1)
		return true
	}
	if state, ok := log.Attributes().Get(names.IncidentState); ok && !h.shown && state.Str() == stateUpdated {
		state.SetStr(stateOpened) // what went before did not go on, or was told to somebody else
	}
	h.shown = true
	g.annotate(log, m, h)
	return false
}

// passJoined tells whether joined incidents do not go on, since this gateway has joined them itself, and tells of them.
func (g *gateway) passJoined(log plog.LogRecord) bool {
	id := shortText(log.Attributes(), names.IncidentID, incidentIDBytesMax)
	if slices.ContainsFunc(g.book.Chains(), func(c *chain.Chain) bool { return c.ID == id }) {
		g.tally.dropped.Add(1)
		return true
	}
	g.tally.passed.Add(1)
	return false
}

// alone copies a record with its resource.
func alone(resource pcommon.Resource, log plog.LogRecord) plog.Logs {
	data := plog.NewLogs()
	copied := data.ResourceLogs().AppendEmpty()
	resource.CopyTo(copied.Resource())
	scope := copied.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	log.CopyTo(scope.LogRecords().AppendEmpty())
	return data
}

// again tells of an incident once more, because something else is to be said about it.
func (g *gateway) again(m *chain.Member, h *held, now time.Time) gatewayReport {
	data := plog.NewLogs()
	h.data.CopyTo(data)
	log := data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	log.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	state := stateUpdated
	switch {
	case m.Incident.Closed:
		state = stateClosed
	case !h.shown:
		state = stateOpened
	}
	log.Attributes().PutStr(names.IncidentState, state)
	h.told, h.toldAt, h.shown, h.unsent = h.saying(m), now, true, false
	g.annotate(log, m, h)
	return gatewayReport{to: h.to, data: data, unsent: func() { h.unsent = true }}
}

// annotate writes into a record what is said about it. What somebody else has said under these names goes, but which incident an agent has joined it
// into, unless this gateway knows another.
func (g *gateway) annotate(log plog.LogRecord, m *chain.Member, h *held) {
	attributes, j := log.Attributes(), &h.judgement
	for _, name := range [...]string{names.IncidentSuppressed, names.IncidentFleetScore} {
		attributes.Remove(name)
	}
	if j.Score < m.Incident.Score {
		attributes.PutDouble(names.IncidentFleetScore, rounded(j.Score))
		log.SetSeverityNumber(min(log.SeverityNumber(), severityOf(j.Score, profile.Watching))) // that of a profile that learns is low anyhow
	}
	if h.told.suppressed != "" {
		attributes.PutStr(names.IncidentSuppressed, h.told.suppressed)
		log.SetSeverityNumber(plog.SeverityNumberInfo)
		g.tally.suppressed.Add(1)
	} else {
		g.tally.passed.Add(1)
	}
	if h.told.chain != "" {
		attributes.PutStr(names.IncidentChainID, h.told.chain)
	}
	steps, ok := attributes.Get(names.IncidentSteps)
	if !ok || steps.Type() != pcommon.ValueTypeSlice {
		return
	}
	for at := range min(steps.Slice().Len(), len(j.Hosts)) {
		step := steps.Slice().At(at).Map()
		step.Remove(names.StepHosts)
		if j.Hosts[at] > 0 {
			step.PutInt(names.StepHosts, int64(j.Hosts[at]))
		}
	}
}
