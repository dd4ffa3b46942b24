// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiservertest"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver"
)

// The tests in files node_* are the scenarios of test/e2e without a cluster: the kernel, containerd, the receiver and
// the processor are real, and the API server says what a real one once said, with other names in it.

// nodeName is that of the recordings.
const nodeName = "node-1"

// nodePatience is how long something may take on a machine that has much else to do.
const nodePatience = time.Minute

const nodePollEvery = 100 * time.Millisecond

// nodeRingBytes is large, since counts have to be exact whatever other tests do on this machine at the same time.
const nodeRingBytes = 32 << 20

// nodePipeline is what a collector on a node consists of, from the kernel to the sink.
type nodePipeline struct {
	t *testing.T
	// seen is what the receiver has handed to the processor, told what came out of that.
	seen, told nodeSink
	processor  *logs
	receiver   component.Component
	player     *apiservertest.Player
	stop       func()
}

// nodeTap keeps what the receiver says, once the processor has taken it.
type nodeTap struct {
	seen *nodeSink
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
	config.APIServer.Endpoint, config.APIServer.TokenFile = endpoint, filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(config.APIServer.TokenFile, []byte("secret"), 0o600))
	change(config)
	require.NoError(t, config.Validate())
	own := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, own.Shutdown(context.Background())) })
	f := &factory{shared.NewInstances[*Config, *core]()}
	settings := processor.Settings{ID: component.MustNewID(componentType), TelemetrySettings: own.NewTelemetrySettings()}
	made, err := f.logs(t.Context(), settings, config, next)
	require.NoError(t, err)
	p := made.(*logs)
	p.core.Unwrap().interfaceAddresses = nodeAddresses
	return p
}

// nodeReceiver has the tracers that the scenarios are about, and tells of each connection by itself.
func nodeReceiver(t *testing.T, next consumer.Logs) component.Component {
	t.Helper()
	tracers := map[string]any{
		"process": map[string]any{"ring_buffer_bytes": nodeRingBytes},
		"tcp":     map[string]any{"ring_buffer_bytes": nodeRingBytes, "deduplication_window": "0s"},
	}
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

// await waits until a sink has so many events that a function wants.
func (n *nodePipeline) await(sink *nodeSink, count int, what string, wanted func(nodeEvent) bool) {
	n.t.Helper()
	require.Eventually(n.t, func() bool { return len(sink.events(wanted)) >= count }, nodePatience, nodePollEvery, what)
}

// finish ends the receiver, waits until what it said of some pods has come out, and returns that.
func (n *nodePipeline) finish(pods []nodePod) []nodeEvent {
	n.t.Helper()
	require.NoError(n.t, n.receiver.Shutdown(context.Background()))
	own := ofPods(pods)
	seen := n.seen.events(own)
	n.await(&n.told, len(seen), "not all that was seen is told", own)
	n.stop()
	told := n.told.events(own)
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
