// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"net"
	"net/netip"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
)

// pipeline is what the processors of all signals have in common: what is ready goes on to the inner processor at
// once, and what is not waits first. The inner one only counts, as processors do: what waits is counted when it goes
// on, so that as much comes in as goes out.
type pipeline[T any] struct {
	core  *shared.Instance[*core]
	queue *hold.Queue[held[T]]
	// inner is the Collector's own part of a processor.
	inner component.Component
}

func newPipeline[T any](
	instance *shared.Instance[*core], signal string, inner component.Component,
	ready func(hold.Item[held[T]]) bool, finish func(hold.Item[held[T]], hold.End), send func(hold.Item[held[T]]) error,
) pipeline[T] {
	c := instance.Unwrap()
	queue := hold.New(c.waitLimits(), hold.Functions[held[T]]{
		Ready: ready, Generation: c.enricher.Generation, Finish: finish, Send: send, Permanent: consumererror.IsPermanent,
	})
	c.tally.queue(signal, queue.Stats)
	return pipeline[T]{core: instance, queue: queue, inner: inner}
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
