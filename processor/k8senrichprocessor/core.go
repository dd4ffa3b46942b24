// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/conntrack"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/enrich"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// refusedTimeMax is for how long records that waited are offered again to a pipeline that refuses them.
const refusedTimeMax = 5 * time.Second

// upkeepInterval is how often pods that are gone are looked through, and the addresses of this node are read.
const upkeepInterval = 10 * time.Second

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
	sources []source

	stop context.CancelFunc
	done chan struct{}
}

func newCore(c *Config, set component.TelemetrySettings) *core {
	limits := c.Limits
	inv := inventory.New(inventory.Limits{
		PodsMax: limits.PodsMax, ServicesMax: limits.ServicesMax, EndpointSlicesMax: limits.EndpointSlicesMax,
		NodesMax: limits.NodesMax, BytesMax: limits.BytesMax, PodRetention: limits.PodRetention,
	})
	return &core{
		config: c, logger: set.Logger, settings: set, inventory: inv, tally: newTally(),
		interfaceAddresses: net.InterfaceAddrs,
		enricher:           enrich.New(c.enrichSettings(), inv),
	}
}

// enrichSettings is only called with a configuration that is valid.
func (c *Config) enrichSettings() enrich.Settings {
	networks, _ := c.networks()
	return enrich.Settings{
		ClusterName: c.ClusterName, ClusterUID: c.ClusterUID, NodeName: c.NodeName,
		Source: c.chosenSource() != sourceNone, WholeCluster: c.Scope == scopeCluster, Networks: networks,
	}
}

// serviceHostVariable is set by the kubelet in every pod.
const serviceHostVariable = "KUBERNETES_SERVICE_HOST"

func (c *Config) chosenSource() string {
	if c.Source != sourceAuto {
		return c.Source
	}
	if os.Getenv(serviceHostVariable) == "" {
		return sourceNone
	}
	return sourceAPIServer
}

func (c *core) waitLimits() hold.Limits {
	wait := c.config.Wait
	return hold.Limits{Timeout: wait.Timeout, RefusedTimeMax: refusedTimeMax, RecordsMax: wait.RecordsMax, BytesMax: wait.BytesMax}
}

// source learns of the cluster, and tells the inventory.
type source interface {
	// Start begins, and does not wait for anything.
	Start() error
	// Shutdown may be called without Start.
	Shutdown()
}

// Start begins to learn of the cluster, and does not wait for it.
func (c *core) Start(_ context.Context, _ component.Host) error {
	telemetry, err := newTelemetry(c.settings, c)
	if err != nil {
		return err
	}
	c.telemetry = telemetry
	c.openConntrack()
	for _, s := range c.sources {
		if err := s.Start(); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	c.stop, c.done = stop, make(chan struct{})
	go c.upkeep(ctx)
	return nil
}

// Shutdown may be called without Start.
func (c *core) Shutdown(context.Context) error {
	if c.stop == nil {
		return nil
	}
	c.stop()
	<-c.done
	c.stop = nil
	for _, s := range c.sources {
		s.Shutdown()
	}
	err := c.telemetry.close()
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
	if c.config.NodeName == "" {
		return
	}
	addresses, err := c.interfaceAddresses()
	if err != nil {
		c.logger.Debug("The addresses of this node can't be read", zap.Error(err))
		return
	}
	own := &inventory.Node{Name: c.config.NodeName}
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil && !prefix.Addr().IsLoopback() {
			own.Addresses = append(own.Addresses, prefix.Addr().Unmap().WithZone(""))
		}
	}
	c.inventory.SetOwnNode(own)
}
