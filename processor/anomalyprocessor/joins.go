// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/arrival"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/chain"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// joins joins incidents of different workloads whose events one processor sees, as a gateway does it between hosts: along a connection that is a step of
// one, or that a program opened that is one, and that a process accepted below which the other began. A usual connection of a usual process joins
// nothing, however much else goes on at both ends; that it is usual for who accepts it does not matter.
type joins struct {
	logger   *zap.Logger
	interval time.Duration
	// registration is that of its metrics.
	registration metric.Registration
	// arrivals are connections of which both ends were seen. It has a lock of its own.
	arrivals arrival.Table
	// tooLarge counts incidents that have no room to be joined; made and refused what was told of joined ones.
	tooLarge, made, refused atomic.Uint64

	// mu is for what is below. Nothing is sent, and no profile acquired, while it is held.
	mu   sync.Mutex
	book *chain.Book
	// seen is how many arrivals were found when all incidents were looked through last.
	seen uint64
}

// resident is what is kept of an incident besides what a gateway keeps.
type resident struct {
	story *story.Story
	// own are its processes, above those above them.
	own, above []behaviour.ProcessKey
}

func newJoins(logger *zap.Logger, interval time.Duration) *joins {
	limits := chain.Limits{IncidentsMax: joinedIncidentsMax, BytesMax: joinedBytesMax, OnlyConnected: true}
	return &joins{logger: logger, interval: interval, book: chain.NewBook(limits)}
}

// see takes in that a connection was accepted, usual or not. The text of the workload has to be its profile's.
func (j *joins) see(e *behaviour.Event, workload string) {
	if e.Action == behaviour.Accept {
		j.arrivals.Accept(e, workload)
	}
}

// open takes in that a connection was opened, as a step of an incident or by a process that is one.
func (j *joins) open(e *behaviour.Event, w *workload, step bool) {
	if e.Action == behaviour.Connect && (step || w.Tracker.Foreign(e.Process)) {
		j.arrivals.Open(e)
	}
}

// take joins an incident that is about to be told, and writes into the record what it is joined into. The caller owns the profile.
func (j *joins) take(w *workload, r *report, now time.Time) {
	data := r.data
	size := (&plog.ProtoMarshaler{}).LogsSize(data)
	if size > incidentRecordBytesMax {
		j.tooLarge.Add(1)
		return
	}
	resource := data.ResourceLogs().At(0)
	log := resource.ScopeLogs().At(0).LogRecords().At(0)
	i := readIncident(resource.Resource(), log)
	if i == nil {
		j.tooLarge.Add(1)
		return
	}
	h := &held{data: plog.NewLogs(), of: newResident(w, r.story)}
	if r.to != nil {
		h.to = r.to.inner
	}
	resource.Resource().CopyTo(h.data.ResourceLogs().AppendEmpty().Resource())
	j.mu.Lock()
	defer j.mu.Unlock()
	if known := j.book.Find(i.Host, i.ID); known != nil {
		h.of.keep(known.Extra.(*held).of)
	}
	j.connect(i, h.of)
	m := j.book.Put(i, r.story.Verdict().Kind == story.Benign, h, size+lineageBytes*(len(h.of.own)+len(h.of.above)), now)
	h.told = h.saying(m)
	putText(log.Attributes(), names.IncidentChainID, h.told.chain)
	j.note()
}

func newResident(w *workload, s *story.Story) *resident {
	r := &resident{story: s}
	for _, i := range s.Members() {
		own, above := w.Tracker.Lineage(i)
		r.own, r.above = add(r.own, own), add(r.above, above)
	}
	return r
}

// keep keeps what was known before: processes are forgotten sooner than incidents.
func (r *resident) keep(before *resident) {
	r.own, r.above = add(r.own, before.own), add(r.above, before.above)
}

// add adds processes as far as there is room.
func add(known, more []behaviour.ProcessKey) []behaviour.ProcessKey {
	for _, key := range more {
		if len(known) < lineageMax && !slices.Contains(known, key) {
			known = append(known, key)
		}
	}
	return known
}

// connect gives an incident the connections that its processes opened, and those that they, or those above them, accepted from who opened them in such a
// way. It tells how many these are.
func (j *joins) connect(i *fleet.Incident, r *resident) int {
	i.Accepted, i.Links = nil, nil
	for _, a := range j.arrivals.Of(i.Workload) {
		if slices.Contains(r.own, a.Process) || slices.Contains(r.above, a.Process) {
			i.Accepted = append(i.Accepted, a.End)
		}
	}
	for _, o := range j.arrivals.OpenedBy(i.Workload) {
		if slices.Contains(r.own, o.Process) && !isStep(i, o.End) {
			i.Links = append(i.Links, linkOf(&o))
		}
	}
	return len(i.Accepted) + len(i.Links)
}

// isStep tells whether a connection is one of those of the steps.
func isStep(i *fleet.Incident, end incident.End) bool {
	return slices.ContainsFunc(i.Steps, func(s fleet.Step) bool {
		return slices.ContainsFunc(s.Ends, func(e incident.End) bool { return e.Client == end.Client && e.Server == end.Server })
	})
}

func linkOf(o *arrival.Opening) fleet.Step {
	object := o.End.Server.String()
	if o.End.Peer != "" {
		object = fmt.Sprintf("%s:%d", o.End.Peer, o.End.Server.Port())
	}
	return fleet.Step{Executable: o.Executable, Behaviour: incident.Behaviour{
		Action: behaviour.Connect, Process: o.Process, First: o.End.Time, Count: 1, Destination: true, Object: object, Ends: []incident.End{o.End},
		Explanation: "usual for the workload, but opened by a program that is part of the incident, and followed by what is unusual at its other end",
	}}
}

// note lets those be told once more about which something else is to be said.
func (j *joins) note() {
	for _, m := range j.book.Members() {
		if h := m.Extra.(*held); h.told != h.saying(m) {
			h.of.story.Noted.Store(true)
		}
	}
}

// look joins incidents along connections of which the second end was seen after they were told.
func (j *joins) look() {
	found := j.arrivals.Found()
	if found == j.seen {
		return
	}
	j.seen = found
	for _, m := range j.book.Members() {
		again := *m.Incident
		if j.connect(&again, m.Extra.(*held).of) != len(m.Incident.Accepted)+len(m.Incident.Links) {
			j.book.Again(m, &again)
		}
	}
	j.note()
}

// upkeep joins what came together, forgets what is over, and tells what is due of joined incidents; all that is not told if everything is asked for.
func (j *joins) upkeep(ctx context.Context, now time.Time, everything bool) {
	j.mu.Lock()
	j.look()
	j.book.Tidy(now)
	var reports []gatewayReport
	for _, c := range j.book.Chains() {
		if c.Due(now, j.interval) || everything && c.Pending() {
			reports = append(reports, tellChain(c, now, &j.made)...)
		}
	}
	j.mu.Unlock()
	sendReports(ctx, reports, &j.mu, &j.refused, j.logger)
}
