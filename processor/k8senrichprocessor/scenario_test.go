// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"flag"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/meerkat-otel/meerkat/internal/scenariotest"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

var update = flag.Bool("update", false, "write the results of the scenarios instead of comparing them")

const patience = time.Minute

// beginning is when scenarios begin.
var beginning = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// scenario is a file in testdata/scenarios: what the processor is told of the cluster and which records it gets, in
// this order. What comes out of it stands beside, in a file that ends in .golden.
type scenario struct {
	About  string         `yaml:"about"`
	Config map[string]any `yaml:"config"`
	Steps  []step         `yaml:"steps"`
}

// step has one of its fields.
type step struct {
	Pods     []podStep      `yaml:"pods"`
	Gone     []string       `yaml:"gone"`
	Services []serviceStep  `yaml:"services"`
	Slices   []sliceStep    `yaml:"endpoint_slices"`
	Nodes    []nodeStep     `yaml:"nodes"`
	Complete bool           `yaml:"complete"`
	Logs     []resourceStep `yaml:"logs"`
	// Settled waits until nothing waits any longer in the processor.
	Settled bool `yaml:"settled"`
	// Waiting is how many records have to wait at this point.
	Waiting *int `yaml:"waiting"`
	// At is when the news came, after the beginning.
	At time.Duration `yaml:"at"`
}

type podStep struct {
	UID, Name, Namespace, Node string
	HostNetwork                bool `yaml:"host_network"`
	Addresses                  []netip.Addr
	Owners                     []inventory.Owner
	Containers                 []inventory.Container
	Attributes                 map[string]string
	Running, Ended             *time.Duration
}

type serviceStep struct {
	Namespace, Name string
	Addresses       []netip.Addr
}

type sliceStep struct {
	Namespace, Name, Service string
	Ports                    []uint16
	Endpoints                []struct {
		Addresses []netip.Addr
		Pod       string
	}
}

type nodeStep struct {
	Name      string
	Addresses []netip.Addr
	Networks  []netip.Prefix
}

type resourceStep struct {
	Resource map[string]any
	Records  []struct {
		Event      string
		At         time.Duration
		Attributes map[string]any
	}
}

func TestScenarios(t *testing.T) { scenariotest.Run(t, "testdata/scenarios", *update, play) }

// play returns what comes out of the processor.
func play(t *testing.T, s scenario) string {
	t.Helper()
	config := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(s.Config).Unmarshal(config))
	require.NoError(t, config.Validate())
	sink := new(consumertest.LogsSink)
	f := &factory{shared.NewInstances[*Config, *core]()}
	set := processortest.NewNopSettings(component.MustNewType(componentType))
	made, err := f.logs(t.Context(), set, config, sink)
	require.NoError(t, err)
	p := made.(*logs)
	// The scenario itself is the source, and its addresses are none of this machine's.
	p.core.Unwrap().sources = nil
	p.core.Unwrap().interfaceAddresses = func() ([]net.Addr, error) { return nil, nil }
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	for _, step := range s.Steps {
		step.tell(p.core.Unwrap().inventory)
		if len(step.Logs) > 0 {
			require.NoError(t, p.ConsumeLogs(context.Background(), logsOf(t, step.Logs)))
		}
		if step.Waiting != nil {
			assert.Equal(t, *step.Waiting, p.queue.Stats().Records, "records that wait")
		}
		if step.Settled {
			require.Eventually(t, func() bool { return p.queue.Stats().Records == 0 }, patience, time.Millisecond)
		}
	}
	require.NoError(t, p.Shutdown(t.Context()))
	var text strings.Builder
	for _, batch := range sink.AllLogs() {
		writeLogs(&text, batch)
	}
	return text.String()
}

// tell lets the inventory know what a step says of the cluster.
func (s step) tell(inv *inventory.Inventory) {
	now := beginning.Add(s.At)
	for _, p := range s.Pods {
		inv.PutPod(p.pod(), now)
	}
	for _, uid := range s.Gone {
		inv.RemovePod(uid, now)
	}
	for _, service := range s.Services {
		inv.PutService(&inventory.Service{Namespace: service.Namespace, Name: service.Name, Addresses: service.Addresses})
	}
	for _, slice := range s.Slices {
		made := &inventory.EndpointSlice{Namespace: slice.Namespace, Name: slice.Name, Service: slice.Service, Ports: slice.Ports}
		for _, endpoint := range slice.Endpoints {
			made.Endpoints = append(made.Endpoints, inventory.Endpoint{Addresses: endpoint.Addresses, PodUID: endpoint.Pod})
		}
		inv.PutEndpointSlice(made)
	}
	for _, node := range s.Nodes {
		inv.PutNode(&inventory.Node{Name: node.Name, Addresses: node.Addresses, PodNetworks: node.Networks})
	}
	if s.Complete {
		inv.SetCompleted(true)
	}
}

func (p podStep) pod() *inventory.Pod {
	made := &inventory.Pod{
		UID: p.UID, Name: p.Name, Namespace: p.Namespace, Node: p.Node, HostNetwork: p.HostNetwork, Addresses: p.Addresses,
		Owners: p.Owners, Containers: p.Containers,
	}
	for name, value := range p.Attributes {
		made.Attributes = append(made.Attributes, inventory.Attribute{Name: name, Value: value})
	}
	if p.Running != nil {
		made.Started = beginning.Add(*p.Running)
		made.Running = made.Started
	}
	if p.Ended != nil {
		made.Ended = beginning.Add(*p.Ended)
	}
	return made
}

func logsOf(t *testing.T, steps []resourceStep) plog.Logs {
	t.Helper()
	data := plog.NewLogs()
	for _, s := range steps {
		resource := data.ResourceLogs().AppendEmpty()
		require.NoError(t, resource.Resource().Attributes().FromRaw(s.Resource))
		records := resource.ScopeLogs().AppendEmpty().LogRecords()
		for _, r := range s.Records {
			record := records.AppendEmpty()
			record.SetEventName(r.Event)
			record.SetTimestamp(timestamp(r.At))
			require.NoError(t, record.Attributes().FromRaw(r.Attributes))
		}
	}
	return data
}
