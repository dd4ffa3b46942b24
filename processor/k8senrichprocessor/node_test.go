// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiservertest"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver"
)

// The tests in files node_* are the scenarios of test/e2e without a cluster: the kernel, containerd, the receiver and
// the processor are real, and the API server says what a real one once said, with other names in it.

// nodeName is that of the recordings.
const nodeName = "node-1"

// nodePatience is how long something may take on a machine that has much else to do.
const nodePatience = 30 * time.Second

const nodePollEvery = 100 * time.Millisecond

// nodePipeline is what a collector on a node consists of, from the kernel to the sink.
type nodePipeline struct {
	t *testing.T
	// seen is what the receiver has handed to the processor, told what came out of that.
	seen, told consumertest.LogsSink
	processor  *logs
	receiver   component.Component
	player     *apiservertest.Player
	stop       func()
}

// nodeTap keeps a copy of what the receiver says, once the processor has taken it.
type nodeTap struct {
	seen *consumertest.LogsSink
	next consumer.Logs
}

func (*nodeTap) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (t *nodeTap) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	kept := plog.NewLogs()
	data.CopyTo(kept)
	if err := t.next.ConsumeLogs(ctx, data); err != nil {
		return err
	}
	return t.seen.ConsumeLogs(ctx, kept)
}

// nodeAddresses are those of the node's network, as the recording has them and as a bridge for pods has.
func nodeAddresses() ([]net.Addr, error) {
	return []net.Addr{
		&net.IPNet{IP: net.IPv4(192, 168, 0, 1), Mask: net.CIDRMask(32, 32)},
		&net.IPNet{IP: net.IPv4(10, 0, 1, 1), Mask: net.CIDRMask(24, 32)},
	}, nil
}

// startNode starts all of it. The conversation is what the API server says.
func startNode(t *testing.T, conversation string, change func(*Config)) *nodePipeline {
	t.Helper()
	n := &nodePipeline{t: t, player: apiservertest.Play(t, conversation)}
	n.stop = sync.OnceFunc(n.shutdown)
	n.processor = nodeProcessor(t, n.player.URL(), &n.told, change)
	n.receiver = nodeReceiver(t, &nodeTap{&n.seen, n.processor})
	t.Cleanup(n.stop)
	require.NoError(t, n.processor.Start(t.Context(), componenttest.NewNopHost()))
	require.Eventually(t, n.processor.core.Unwrap().inventory.Completed, nodePatience, time.Millisecond)
	require.NoError(t, n.receiver.Start(t.Context(), componenttest.NewNopHost()))
	return n
}

// shutdown ends them in the order of the data's way.
func (n *nodePipeline) shutdown() {
	assert.NoError(n.t, n.receiver.Shutdown(context.Background()))
	assert.NoError(n.t, n.processor.Shutdown(context.Background()))
}

func nodeProcessor(t *testing.T, endpoint string, next consumer.Logs, change func(*Config)) *logs {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.Source, config.NodeName = sourceAPIServer, nodeName
	config.APIServer.Endpoint, config.APIServer.TokenFile = endpoint, tokenFile(t)
	change(config)
	require.NoError(t, config.Validate())
	own := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, own.Shutdown(context.Background())) })
	f := &factory{shared.NewInstances[*Config, *core]()}
	made, err := f.logs(t.Context(), nodeSettings(t, own), config, next)
	require.NoError(t, err)
	p := made.(*logs)
	p.core.Unwrap().interfaceAddresses = nodeAddresses
	return p
}

// nodeReceiver has the tracers that the scenarios are about, and tells of each connection by itself.
func nodeReceiver(t *testing.T, next consumer.Logs) component.Component {
	t.Helper()
	tracers := map[string]any{"tcp": map[string]any{"deduplication_window": "0s"}}
	for _, name := range []string{"file", "socket", "udp", "dns", "signal", "oom", "crash", "privilege", "mount", "injection"} {
		tracers[name] = map[string]any{"enabled": false}
	}
	f := ebpfreceiver.NewFactory()
	config := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"tracers": tracers, "filters": map[string]any{"events_per_second_max": 0},
	}).Unmarshal(config))
	settings := receivertest.NewNopSettings(f.Type())
	settings.Logger = zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	made, err := f.CreateLogs(t.Context(), settings, config, next)
	require.NoError(t, err)
	return made
}

// nodeEvent is a log record with its resource.
type nodeEvent struct {
	name                 string
	at                   time.Time
	resource, attributes map[string]any
}

// process tells one process from all others.
func (e nodeEvent) process() [2]any {
	return [2]any{e.attributes[names.ProcessPID], e.attributes[names.ProcessCreationTime]}
}

// says is what the containers' program was executed with, empty if the event is something else.
func (e nodeEvent) says() string {
	arguments, _ := e.attributes[names.ProcessCommandArgs].([]any)
	if e.name != names.EventProcessExec || e.attributes[names.ProcessExecutableName] != "busybox" || len(arguments) == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintln(arguments[1:]...))
}

func (e nodeEvent) container() string {
	id, _ := e.resource[names.ContainerID].(string)
	return id
}

// eventsIn returns the events that a sink has so far and that a function wants, in the order in which they came.
func eventsIn(sink *consumertest.LogsSink, wanted func(nodeEvent) bool) []nodeEvent {
	var all []nodeEvent
	for _, batch := range sink.AllLogs() {
		for _, of := range batch.ResourceLogs().All() {
			resource := of.Resource().Attributes().AsRaw()
			for _, scope := range of.ScopeLogs().All() {
				for _, r := range scope.LogRecords().All() {
					e := nodeEvent{r.EventName(), r.Timestamp().AsTime(), resource, r.Attributes().AsRaw()}
					if wanted(e) {
						all = append(all, e)
					}
				}
			}
		}
	}
	return all
}

// await waits until a sink has so many events that a function wants.
func (n *nodePipeline) await(sink *consumertest.LogsSink, count int, what string, wanted func(nodeEvent) bool) {
	n.t.Helper()
	require.Eventually(n.t, func() bool { return len(eventsIn(sink, wanted)) >= count }, nodePatience, nodePollEvery, what)
}

// finish ends the receiver, waits until what it said of some pods has come out, and returns that.
func (n *nodePipeline) finish(pods []nodePod) []nodeEvent {
	n.t.Helper()
	require.NoError(n.t, n.receiver.Shutdown(context.Background()))
	own := ofPods(pods)
	seen := eventsIn(&n.seen, own)
	n.await(&n.told, len(seen), "not all that was seen is told", own)
	n.stop()
	told := eventsIn(&n.told, own)
	assert.Empty(n.t, n.player.Unknown())
	assertSameOrder(n.t, seen, told)
	return told
}

// assertSameOrder holds what came out of the processor against what went in: of each container the same events in the
// same order.
func assertSameOrder(t *testing.T, seen, told []nodeEvent) {
	t.Helper()
	assert.Len(t, told, len(seen), "lost, or told twice")
	byContainer := func(all []nodeEvent) map[string][]any {
		found := map[string][]any{}
		for _, e := range all {
			found[e.container()] = append(found[e.container()], [3]any{e.name, e.at, e.process()})
		}
		return found
	}
	assert.Equal(t, byContainer(seen), byContainer(told), "order within containers")
}
