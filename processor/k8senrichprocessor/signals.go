// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"iter"
	"net"
	"net/netip"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
)

// pipeline is what the processors of all signals have in common: what is ready goes on to the inner processor at
// once, and what is not waits first. The inner one only counts, as processors do: what waits is counted when it goes
// on, so that as much comes in as goes out.
type pipeline[T any] struct {
	core  *shared.Instance[*core]
	queue *hold.Queue[held[T]]
	// inner is the Collector's own part of a processor, and next is how it takes data.
	inner component.Component
	next  func(context.Context, T) error
}

// held is data of one resource that waits, with what is known of it.
type held[T any] struct {
	data     T
	resource pcommon.Resource
	found    *finding
}

// init makes the queue. The pipeline stays where it is from then on.
func (p *pipeline[T]) init(instance *shared.Instance[*core], signal string, inner component.Component, next func(context.Context, T) error) {
	c := instance.Unwrap()
	p.core, p.inner, p.next = instance, inner, next
	p.queue = hold.New(c.waitLimits(), hold.Functions[held[T]]{
		Ready: p.ready, Generation: c.enricher.Generation, Finish: p.finish, Send: p.send, Permanent: consumererror.IsPermanent,
	})
	c.tally.queue(signal, p.queue.Stats)
}

// ready tells whether what waits needs not wait any longer.
func (p *pipeline[T]) ready(item hold.Item[held[T]]) bool {
	core := p.core.Unwrap()
	core.seeAgain(item.Context, item.Data.resource, time.Now(), item.Data.found)
	return core.decide(item.Data.found)
}

// finish writes down what is known of what has waited.
func (p *pipeline[T]) finish(item hold.Item[held[T]], end hold.End) {
	p.ready(item)
	p.core.Unwrap().write(item.Data.resource, item.Data.found, end)
}

// send hands on what has waited.
func (p *pipeline[T]) send(item hold.Item[held[T]]) error {
	return p.next(item.Context, item.Data.data)
}

// batch is the data of one call, resource by resource: first all are seen, since one tells of the far ends of another,
// and then each goes on or waits, in the same order.
type batch[T any] struct {
	pipeline   *pipeline[T]
	context    context.Context
	now        time.Time
	generation uint64
	all        *findings
	next       int
	// settled tells of the last resource whether it waits behind others only.
	settled bool
}

func (p *pipeline[T]) begin(ctx context.Context) *batch[T] {
	return &batch[T]{pipeline: p, context: ctx, now: time.Now(), generation: p.core.Unwrap().enricher.Generation(), all: newFindings()}
}

func (b *batch[T]) see(resource pcommon.Resource, records iter.Seq2[pcommon.Map, pcommon.Timestamp]) {
	b.pipeline.core.Unwrap().see(b.context, resource, records, b.now, b.all.add())
}

// goesOn writes down what was found of the next resource, if it needs not wait.
func (b *batch[T]) goesOn(resource pcommon.Resource) bool {
	found, core := &b.all.all[b.next], b.pipeline.core.Unwrap()
	b.next++
	b.settled = core.decide(found)
	if !b.settled || b.pipeline.queue.Holds(found.near.Key()) {
		return false
	}
	core.write(resource, found, hold.Ready)
	return true
}

// wait lets the resource wait that did not go on, which was moved into data of its own.
func (b *batch[T]) wait(data T, resource pcommon.Resource, records iter.Seq2[pcommon.Map, pcommon.Timestamp], count, size int) {
	found := b.all.all[b.next-1].moved(records)
	b.pipeline.queue.Put(hold.Item[held[T]]{
		Context: b.context, Key: found.near.Key(), Data: held[T]{data, resource, found},
		Generation: b.generation, Behind: b.settled, Records: count, Bytes: size,
	}, b.now)
}

// Start starts what all pipelines share, and then this one.
func (p *pipeline[T]) Start(ctx context.Context, host component.Host) error {
	if err := p.core.Start(ctx, host); err != nil {
		return err
	}
	p.queue.Start()
	return p.inner.Start(ctx, host)
}

// Shutdown hands on what waits.
func (p *pipeline[T]) Shutdown(ctx context.Context) error {
	p.queue.Shutdown()
	if err := p.inner.Shutdown(ctx); err != nil {
		return err
	}
	return p.core.Shutdown(ctx)
}

// Capabilities says that the data is changed.
func (p *pipeline[T]) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// sender is the address that the data of a context came from, invalid if it did not come over a network.
func sender(ctx context.Context) netip.Addr {
	switch address := client.FromContext(ctx).Addr.(type) {
	case *net.TCPAddr:
		return address.AddrPort().Addr().Unmap().WithZone("")
	case *net.UDPAddr:
		return address.AddrPort().Addr().Unmap().WithZone("")
	case *net.IPAddr:
		a, _ := netip.AddrFromSlice(address.IP)
		return a.Unmap()
	}
	return netip.Addr{}
}
