// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/conntrack"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/enrich"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// refusedTimeMax is for how long records that waited are offered again to a pipeline that refuses them.
const refusedTimeMax = 5 * time.Second

// upkeepInterval is how often pods that are gone are looked through, and the addresses of this node are read: a bridge
// that comes with the first pod has to be known before its records have waited for too long.
const upkeepInterval = time.Second

// core is what all pipelines with one configuration share: what is known of the cluster, and who fills it.
type core struct {
	config    *Config
	logger    *zap.Logger
	settings  component.TelemetrySettings
	inventory *inventory.Inventory
	enricher  *enrich.Enricher
	tally     *tally
	telemetry *telemetry
	// interfaceAddresses are those of this network namespace.
	interfaceAddresses func() ([]net.Addr, error)
	// conntrack is nil where the kernel may not be asked.
	conntrack *conntrack.Table
	// sources fill the inventory.
	sources   []source
	converter *apiobject.Converter

	stop context.CancelFunc
	done chan struct{}
}

func newCore(c *Config, set component.TelemetrySettings) *core {
	limits := c.Limits
	inv := inventory.New(inventory.Limits{
		PodsMax: limits.PodsMax, ServicesMax: limits.ServicesMax, EndpointSlicesMax: limits.EndpointSlicesMax,
		NodesMax: limits.NodesMax, BytesMax: limits.BytesMax, PodRetention: limits.PodRetention,
	})
	sources, converter := c.newSources(inv, set.Logger)
	return &core{
		sources: sources, converter: converter,
		config: c, logger: set.Logger, settings: set, inventory: inv, tally: newTally(),
		interfaceAddresses: net.InterfaceAddrs,
		enricher:           enrich.New(c.enrichSettings(), inv),
	}
}

// enrichSettings is only called with a configuration that is valid.
func (c *Config) enrichSettings() enrich.Settings {
	networks, _ := c.networks()
	return enrich.Settings{
		ClusterName: c.ClusterName, ClusterUID: c.ClusterUID, NodeName: c.nodeName(),
		Source: c.chosenSource() != sourceNone, WholeCluster: c.Scope == scopeCluster, Networks: networks,
	}
}

func (c *core) waitLimits() hold.Limits {
	wait := c.config.Wait
	return hold.Limits{Timeout: wait.Timeout, RefusedTimeMax: refusedTimeMax, RecordsMax: wait.RecordsMax, BytesMax: wait.BytesMax}
}

// Start begins to learn of the cluster, and does not wait for it.
func (c *core) Start(ctx context.Context, _ component.Host) error {
	telemetry, err := newTelemetry(c.settings, c)
	if err != nil {
		return err
	}
	c.telemetry = telemetry
	c.openConntrack()
	running, stop := context.WithCancel(context.Background())
	c.stop, c.done = stop, make(chan struct{})
	go c.upkeep(running)
	for _, s := range c.sources {
		if err := s.Start(ctx); err != nil {
			return err // and Shutdown ends what was started
		}
	}
	return nil
}

// Shutdown may be called without Start.
func (c *core) Shutdown(ctx context.Context) error {
	if c.stop == nil {
		return nil
	}
	c.stop()
	<-c.done
	c.stop = nil
	var err error
	for _, s := range c.sources {
		err = errors.Join(err, s.Shutdown(ctx))
	}
	err = errors.Join(err, c.telemetry.close())
	if c.conntrack != nil {
		err = errors.Join(err, c.conntrack.Close())
	}
	return err
}

// openConntrack tries to. Without it the far ends of connections through Services are told as well as addresses tell.
func (c *core) openConntrack() {
	if !c.config.ConnectionTracking || c.config.chosenSource() == sourceNone {
		return
	}
	table, err := conntrack.Open()
	if err != nil {
		c.logger.Info("Connections through Services are told by the Service's address alone", zap.Error(err))
		return
	}
	c.conntrack = table
}

// upkeep does from time to time what nothing else brings about.
func (c *core) upkeep(ctx context.Context) {
	defer close(c.done)
	ticker := time.NewTicker(upkeepInterval)
	defer ticker.Stop()
	for {
		c.readOwnAddresses()
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			c.inventory.Expire(now)
		}
	}
}

// readOwnAddresses reads those of this network namespace, which should be the node's. If it is that of a pod, the
// address is known as the pod's own, and that goes first.
func (c *core) readOwnAddresses() {
	if c.config.nodeName() == "" {
		return
	}
	addresses, err := c.interfaceAddresses()
	if err != nil {
		c.logger.Debug("The addresses of this node can't be read", zap.Error(err))
		return
	}
	own := &inventory.Node{Name: c.config.nodeName()}
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil && !prefix.Addr().IsLoopback() {
			own.Addresses = append(own.Addresses, prefix.Addr().Unmap().WithZone(""))
		}
	}
	c.inventory.SetOwnNode(own)
}
