// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/conntrack"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/enrich"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
)

// finding is what is known of a resource and of the far ends that its records tell of.
type finding struct {
	near        enrich.Near
	connections []sighting
}

// sighting is a record of a connection.
type sighting struct {
	// number counts the records of the resource.
	number     int
	record     pcommon.Map
	at         time.Time
	connection enrich.Connection
	far        enrich.Far
}

// findings are those of a batch. They are used again, to spare the garbage collector.
type findings struct{ all []finding }

// sightingsKeptMax bounds what is kept of a large batch.
const sightingsKeptMax = 4096

var spare = sync.Pool{New: func() any { return new(findings) }}

func newFindings() *findings { return spare.Get().(*findings) }

// add returns a finding to be filled.
func (f *findings) add() *finding {
	if len(f.all) < cap(f.all) {
		f.all = f.all[:len(f.all)+1]
	} else {
		f.all = append(f.all, finding{})
	}
	return &f.all[len(f.all)-1]
}

func (f *findings) release() {
	for i := range f.all {
		kept := f.all[i].connections
		if cap(kept) > sightingsKeptMax {
			kept = nil
		}
		clear(kept)
		f.all[i] = finding{connections: kept[:0]}
	}
	f.all = f.all[:0]
	spare.Put(f)
}

// see finds whose a resource is, and remembers the ends of connections that its records tell of.
func (c *core) see(ctx context.Context, resource pcommon.Resource, records iter.Seq2[pcommon.Map, pcommon.Timestamp], now time.Time, f *finding) {
	f.near = c.enricher.Near(resource.Attributes(), sender(ctx), now)
	number := 0
	for record, stamp := range records {
		if connection, ok := enrich.ConnectionOf(record); ok {
			at := stamp.AsTime()
			c.translate(&connection, at)
			c.enricher.Note(&connection, &f.near, at)
			f.connections = append(f.connections, sighting{number: number, record: record, at: at, connection: connection})
		}
		number++
	}
}

// moved is a finding about records that were moved elsewhere. They are not read again, and the kernel is not asked again.
func (f *finding) moved(records iter.Seq2[pcommon.Map, pcommon.Timestamp]) *finding {
	there := &finding{near: f.near, connections: slices.Clone(f.connections)}
	number, next := 0, 0
	for record := range records {
		if next == len(there.connections) {
			break
		}
		if there.connections[next].number == number {
			there.connections[next].record = record
			next++
		}
		number++
	}
	return there
}

// translate asks the kernel how the addresses of a connection are translated on the way, if they may be.
func (c *core) translate(connection *enrich.Connection, at time.Time) {
	if c.conntrack == nil || !c.enricher.MayBeTranslated(connection, at) {
		return
	}
	transport, client, server, clientSide := connection.Ends()
	ask := c.conntrack.AsTheClient
	if clientSide {
		ask = c.conntrack.AsTheServer
	}
	if found, ok := ask(conntrack.Ends{Transport: transport, Client: client, Server: server}); ok {
		connection.Translated(found.Client, found.Server)
	}
}

// seeAgain is about a resource that has waited. Its records are not read again.
func (c *core) seeAgain(ctx context.Context, resource pcommon.Resource, now time.Time, f *finding) {
	f.near = c.enricher.Near(resource.Attributes(), sender(ctx), now)
	for i := range f.connections {
		c.enricher.Note(&f.connections[i].connection, &f.near, f.connections[i].at)
	}
}

// decide finds the far ends, and tells whether to wait for more would be of no use.
func (c *core) decide(f *finding) bool {
	settled := !f.near.MayChange
	for i := range f.connections {
		s := &f.connections[i]
		s.far = c.enricher.Far(&s.connection, s.at, &f.near)
		settled = settled && !s.far.MayChange
	}
	return settled
}

// write writes down what was found.
func (c *core) write(resource pcommon.Resource, f *finding, end hold.End) {
	if end == hold.NoRoom && f.near.MayChange {
		f.near.Reason = enrich.QueueFull
	}
	for i := range f.connections {
		s := &f.connections[i]
		if end == hold.NoRoom && s.far.MayChange && s.far.Status != enrich.Resolved {
			s.far.Reason = enrich.QueueFull
		}
		c.tally.far(s.far.Status, s.far.Reason)
		c.enricher.WriteFar(s.record, &s.far)
		s.connection.WriteTranslated(s.record)
	}
	c.tally.near(f.near.Outcome)
	c.enricher.Write(resource.Attributes(), &f.near)
}
