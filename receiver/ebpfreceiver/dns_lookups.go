// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/dns"
)

// dnsLookups makes one event of each question and its answer.
type dnsLookups struct {
	session *session
	stream  *stream
	matcher *dns.Matcher
	timeout time.Duration
}

func newDNSLookups(s *session, st *stream) *companion {
	d := &dnsLookups{session: s, stream: st, matcher: s.matcher, timeout: st.config.Tracers.DNS.Timeout}
	return &companion{observe: d.observe, tick: d.tick}
}

// observe joins a message with the others of its lookup.
func (d *dnsLookups) observe(event decode.Event) fate {
	e, ok := event.(*decode.DNSMessage)
	if !ok {
		return fateOpen
	}
	if !d.matcher.Take(e, d.finished) {
		return fateFiltered
	}
	return fateAggregated
}

// finished is called on the goroutine of the stream.
func (d *dnsLookups) finished(lookup *decode.DNSLookup) {
	counters := &d.stream.ledger.kinds[decode.KindDNSLookup]
	counters.offered.Add(1)
	if lookup.MoreAddresses > 0 {
		counters.cut.Add(1)
	}
	d.stream.deliver(lookup, time.Now())
}

// tick reports what was not answered in time. Questions that still wait at the end are not reported: nobody
// knows whether they would have been answered.
func (d *dnsLookups) tick(last bool) {
	now := bootTime()
	var expired []*decode.DNSLookup
	// An answer may be in the ring still that came in time.
	d.stream.reader.Flush()
	d.matcher.Expire(uint64(now), d.timeout, func(lookup *decode.DNSLookup) { expired = append(expired, lookup) })
	made := newMadeEvents(d.session, d.stream)
	for _, lookup := range expired {
		made.add(lookup)
	}
	made.flush()
	if last {
		d.matcher.Forget()
	}
}
