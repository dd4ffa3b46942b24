// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
)

// ErrUnmatched is what is wrong with a record that no event is about.
var ErrUnmatched = errors.New("no event has structs of this size whose `when` holds")

// Ring decodes the records of one ring buffer.
type Ring struct {
	settings Settings
	// plans are in the order in which they are tried.
	plans []*plan
}

// Event is a record that was decoded. It shares the record's bytes.
type Event struct {
	Owner
	// Name is the EventName.
	Name string
	// Time is when it happened, as far as the record tells.
	Time time.Time

	ring     *Ring
	plan     *plan
	record   []byte
	observed time.Time
}

// add adds an event, if its records can be told from those of the others.
func (r *Ring) add(p *plan) error {
	for _, other := range r.plans {
		if p.isLike(other) {
			return fmt.Errorf("its records can't be told from those of %s: make the structs differ in size, or say when it is which", other.key)
		}
	}
	r.plans = append(r.plans, p)
	slices.SortStableFunc(r.plans, func(a, b *plan) int { return a.rank() - b.rank() })
	return nil
}

// isLike tells whether a record may be of both events.
func (p *plan) isLike(other *plan) bool {
	sameSize := p.layout.IsOpen() == other.layout.IsOpen() && (p.layout.IsOpen() || p.layout.Bytes() == other.layout.Bytes())
	if p.when == nil || other.when == nil {
		return sameSize && p.when == other.when
	}
	return sameSize && p.when.field.Path == other.when.field.Path && p.when.equal == other.when.equal
}

// rank puts first what is more particular: a condition before none, a fixed size before any.
func (p *plan) rank() int {
	rank := 0
	if p.when == nil {
		rank += 2
	}
	if p.layout.IsOpen() {
		rank++
	}
	return rank
}

// holds tells whether the condition is met.
func (p *plan) holds(record []byte) bool {
	if p.when == nil {
		return true
	}
	v := p.when.field.Value(record)
	if v.Kind() == btfvalue.KindNone {
		return false
	}
	if signed, fits := v.Int64(); fits {
		return uint64(signed) == p.when.equal
	}
	unsigned, fits := v.Uint64()
	return fits && unsigned == p.when.equal
}

// choose finds the event of a record: of the right size at first, otherwise one that the record is longer than
// and that can be meant nevertheless.
func (r *Ring) choose(record []byte) *plan {
	for _, p := range r.plans {
		rightSize := len(record) == p.layout.Bytes() || p.layout.IsOpen() && len(record) >= p.layout.BytesMin()
		if rightSize && p.holds(record) {
			return p
		}
	}
	for _, p := range r.plans {
		if len(record) > p.layout.Bytes() && (p.when != nil || len(r.plans) == 1) && p.holds(record) {
			r.settings.Counters.Longer.Add(1)
			return p
		}
	}
	return nil
}

// Decode finds out which event a record is, when it happened and whose it is. observed is when it was read. The
// error is a btfvalue.ShortError or ErrUnmatched; both are counted.
func (r *Ring) Decode(record []byte, observed time.Time) (Event, error) {
	p := r.choose(record)
	if p == nil {
		return Event{}, r.refuse(record)
	}
	r.settings.Counters.Decoded.Add(1)
	return Event{
		Owner: p.of(record), Name: p.name, Time: r.timeOf(p, record, observed),
		ring: r, plan: p, record: record, observed: observed,
	}, nil
}

// refuse says what is wrong with a record: it is short if no event is as short.
func (r *Ring) refuse(record []byte) error {
	shortest := r.plans[0].layout
	for _, p := range r.plans[1:] {
		if p.layout.BytesMin() < shortest.BytesMin() {
			shortest = p.layout
		}
	}
	if err := shortest.Check(record); err != nil {
		r.settings.Counters.Short.Add(1)
		return err
	}
	r.settings.Counters.Unmatched.Add(1)
	return ErrUnmatched
}

// timeOf converts the record's time. One that is 0 or beyond what the clocks can tell is that of the reading.
func (r *Ring) timeOf(p *plan, record []byte, observed time.Time) time.Time {
	if p.time == nil {
		return observed
	}
	if ns := number(p.time, record); ns > 0 && ns <= math.MaxInt64/2 {
		return r.settings.Time(p.clock, ns)
	}
	r.settings.Counters.Undated.Add(1)
	return observed
}

// Fill writes the event into an empty record. What tells the process and workload is for the caller to add.
func (e *Event) Fill(to plog.LogRecord) {
	to.SetEventName(e.Name)
	to.SetSeverityNumber(e.plan.severity)
	to.SetTimestamp(pcommon.NewTimestampFromTime(e.Time))
	to.SetObservedTimestamp(pcommon.NewTimestampFromTime(e.observed))
	w := e.ring.settings.newWriter()
	to.Body().SetStr(e.plan.body.fill(&w, e.record))
	attributes := to.Attributes()
	attributes.EnsureCapacity(len(e.plan.attributes) + ownAttributesMax)
	for i := range e.plan.attributes {
		a := &e.plan.attributes[i]
		w.put(attributes, a.name, a.field.Value(e.record))
	}
}

// ownAttributesMax is how many the caller may add: of the process and its thread.
const ownAttributesMax = 10
