// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// serveOTLP starts an OTLP receiver before a gateway, and returns where it listens.
func serveOTLP(t *testing.T, p *gatewayPipe) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	endpoint := free.Addr().String()
	require.NoError(t, free.Close())
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{"grpc": map[string]any{"endpoint": endpoint}},
	}).Unmarshal(config))
	made, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(factory.Type()), config, p.gatewayLogs)
	require.NoError(t, err)
	require.NoError(t, made.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, made.Shutdown(context.Background())) })
	return endpoint
}

// otlpAgent is an agent on a host that sends all over OTLP.
type otlpAgent struct {
	*logs
	core *core
	host string
	now  time.Time
	pid  int64
}

func newOTLPAgent(t *testing.T, host, endpoint string) *otlpAgent {
	t.Helper()
	exporters := otlpexporter.NewFactory()
	exporting := exporters.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"endpoint": endpoint, "tls": map[string]any{"insecure": true}, "sending_queue": map[string]any{"enabled": false}, "compression": "none",
	}).Unmarshal(exporting))
	next, err := exporters.CreateLogs(t.Context(), exportertest.NewNopSettings(exporters.Type()), exporting)
	require.NoError(t, err)
	require.NoError(t, next.Start(context.Background(), componenttest.NewNopHost()))
	config := defaultConfig()
	config.Fleet.Enabled = true
	config.Learning.TimeMin, config.Learning.TimeMax = 10*time.Minute, 20*time.Minute
	f := &factory{shared.NewInstances[*Config, *core]()}
	made, err := f.logs(t.Context(), processortest.NewNopSettings(component.MustNewType(componentType)), config, next)
	require.NoError(t, err)
	a := &otlpAgent{logs: made.(*logs), host: host, now: beginning, pid: 1000}
	a.core = a.logs.core.Unwrap()
	a.core.upkeepEvery = 24 * time.Hour
	a.core.now = func() time.Time { return a.now }
	require.NoError(t, a.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		assert.NoError(t, a.Shutdown(context.Background()))
		assert.NoError(t, next.Shutdown(context.Background()))
	})
	return a
}

// deed is something that a process does.
type deed struct {
	event      string
	process    int64
	executable string
	attributes map[string]any
}

// does lets processes of a container do things, one second each.
func (a *otlpAgent) does(t *testing.T, workload, container, digest string, deeds ...deed) {
	t.Helper()
	data := plog.NewLogs()
	resource := data.ResourceLogs().AppendEmpty()
	all := map[string]any{
		names.HostName: a.host, names.EnrichmentStatus: "resolved", names.K8sNamespaceName: "shop", names.K8sDeploymentName: workload,
		names.K8sContainerName: "app", names.ContainerID: container,
	}
	if digest != "" {
		all[names.ContainerImageRepoDigests] = []any{digest}
	}
	require.NoError(t, resource.Resource().Attributes().FromRaw(all))
	records := resource.ScopeLogs().AppendEmpty().LogRecords()
	for _, d := range deeds {
		a.now = a.now.Add(time.Second)
		log := records.AppendEmpty()
		log.SetEventName(d.event)
		log.SetTimestamp(pcommon.NewTimestampFromTime(a.now))
		require.NoError(t, log.Attributes().FromRaw(d.attributes))
		log.Attributes().PutInt(names.ProcessPID, d.process)
		log.Attributes().PutStr(names.ProcessExecutablePath, d.executable)
		if d.process != agentServer {
			log.Attributes().PutInt(names.ProcessParentPID, agentServer)
			log.Attributes().PutStr(names.ProcessParentExecutablePath, "/usr/sbin/nginx")
		}
	}
	require.NoError(t, a.ConsumeLogs(context.Background(), data))
}

// agentServer is the process that all others of a workload are children of.
const agentServer = 100

func deedExec(pid int64, path string) deed {
	return deed{names.EventProcessExec, pid, path, map[string]any{}}
}

func deedRead(pid int64, executable, path string) deed {
	return deed{names.EventFileOpen, pid, executable, map[string]any{names.FilePath: path, names.FileAccess: "read"}}
}

func deedConnection(event string, pid int64, executable string) deed {
	return deed{event, pid, executable, map[string]any{
		names.ClientAddress: "10.0.0.1", names.ClientPort: 40001, names.ServerAddress: "10.0.0.2", names.ServerPort: 8080,
	}}
}

// learns lets a workload do the same for long enough.
func (a *otlpAgent) learns(t *testing.T, workload, digest string) {
	t.Helper()
	var deeds []deed
	for range 700 {
		a.pid++
		deeds = append(deeds, deedExec(a.pid, "/usr/bin/convert"), deedRead(a.pid, "/usr/bin/convert", "/srv/www/image"))
	}
	a.does(t, workload, "c1", digest, deeds...)
	p := a.core.profiles.Acquire("shop/deployment/" + workload + "/app")
	defer p.Release()
	require.Equal(t, profile.Watching, p.State())
}

// deploys lets a new version of a workload do what is new with it, at three times on two replicas.
func (a *otlpAgent) deploys(t *testing.T, workload, digest string) {
	t.Helper()
	for n := range 6 {
		a.now = a.now.Add(11 * time.Minute)
		a.does(t, workload, fmt.Sprint("c", n%2), digest, deployed()...)
	}
}

// deployed is what a new version does when it starts, in several ways: more of the same kind would be no more unusual.
func deployed() []deed {
	const migrate, state = "/opt/app/migrate", "/var/lib/app/state"
	file := map[string]any{names.FilePath: state, names.FileAccess: "write"}
	return []deed{
		deedExec(501, migrate), deedRead(501, migrate, "/etc/app/settings"), {names.EventFileCreate, 501, migrate, file},
		{names.EventFileOpen, 501, migrate, file}, {names.EventFileDelete, 501, migrate, map[string]any{names.FilePath: "/srv/app/old"}},
	}
}

// tells lets an agent send what has become normal.
func (a *otlpAgent) tells() {
	a.core.upkeep(context.Background())
	a.now = a.now.Add(a.core.config.Fleet.Interval)
	a.core.upkeep(context.Background())
}

func gatewayIncidents(sink *consumertest.LogsSink) []plog.LogRecord {
	var all []plog.LogRecord
	for _, batch := range sink.AllLogs() {
		for _, resource := range batch.ResourceLogs().All() {
			for _, log := range resource.ScopeLogs().At(0).LogRecords().All() {
				if log.EventName() == names.EventIncident {
					all = append(all, log)
				}
			}
		}
	}
	return all
}

func attributeText(attributes pcommon.Map, name string) string {
	if value, ok := attributes.Get(name); ok {
		return value.AsString()
	}
	return ""
}

// A deployment that is normal on three other hosts is told as information; over real OTLP.
func TestGateway_endToEnd_deployment(t *testing.T) {
	g := newGatewayPipe(t, defaultConfig())
	g.start(t)
	defer func() { require.NoError(t, g.Shutdown(context.Background())) }()
	endpoint := serveOTLP(t, g)
	for n := range 3 {
		a := newOTLPAgent(t, fmt.Sprint("host-", n), endpoint)
		a.learns(t, "web", "r/web@sha256:1")
		a.deploys(t, "web", "r/web@sha256:2")
		a.tells()
	}
	assert.Empty(t, gatewayIncidents(g.sink))
	assert.Equal(t, uint64(3), g.core.model.Stats().Taken)
	for _, batch := range g.sink.AllLogs() {
		for _, log := range batch.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			assert.NotEqual(t, names.EventProfileDelta, log.EventName(), "deltas end at the gateway")
		}
	}
	// On the fourth, nobody says that there is a new version.
	last := newOTLPAgent(t, "host-3", endpoint)
	last.learns(t, "web", "")
	last.does(t, "web", "c1", "", deployed()...)
	told := gatewayIncidents(g.sink)
	require.NotEmpty(t, told)
	assert.Contains(t, attributeText(told[0].Attributes(), names.IncidentSuppressed), "is normal on at least 3 other hosts")
	assert.Equal(t, plog.SeverityNumberInfo, told[0].SeverityNumber())
	// What is sensitive is not suppressed, and a new step never is.
	last.now = last.now.Add(2 * time.Minute)
	last.does(t, "web", "c1", "", deed{names.EventProcessExec, 502, "/bin/sh", map[string]any{}})
	last.core.upkeep(context.Background())
	told = gatewayIncidents(g.sink)
	assert.Empty(t, attributeText(told[len(told)-1].Attributes(), names.IncidentSuppressed))
	assert.GreaterOrEqual(t, told[len(told)-1].SeverityNumber(), plog.SeverityNumberWarn)
}

// An attack that moves from one host to another is one incident; over real OTLP.
func TestGateway_endToEnd_movement(t *testing.T) {
	g := newGatewayPipe(t, defaultConfig())
	g.start(t)
	defer func() { require.NoError(t, g.Shutdown(context.Background())) }()
	endpoint := serveOTLP(t, g)
	first, second := newOTLPAgent(t, "host-a", endpoint), newOTLPAgent(t, "host-b", endpoint)
	first.learns(t, "web", "r/web@sha256:1")
	second.learns(t, "db", "r/db@sha256:1")
	first.does(t, "web", "c1", "r/web@sha256:1",
		deedExec(601, "/bin/sh"), deedRead(601, "/bin/sh", "/etc/shadow"), deedConnection(names.EventTCPConnect, 601, "/bin/sh"))
	second.now = first.now.Add(-time.Second)
	second.does(t, "db", "c2", "r/db@sha256:1",
		deedConnection(names.EventTCPAccept, agentServer, "/usr/sbin/nginx"), deedExec(701, "/bin/bash"), deedRead(701, "/bin/bash", "/root/.ssh/id_rsa"))
	// An attack of its own, at the same time.
	third := newOTLPAgent(t, "host-c", endpoint)
	third.learns(t, "other", "r/other@sha256:1")
	third.does(t, "other", "c3", "r/other@sha256:1", deedExec(801, "/bin/zsh"), deedRead(801, "/bin/zsh", "/var/run/secrets/token"))

	var joined []any
	chain := ""
	for _, log := range gatewayIncidents(g.sink) {
		if list, ok := log.Attributes().Get(names.IncidentJoined); ok {
			joined, chain = list.Slice().AsRaw(), attributeText(log.Attributes(), names.IncidentID)
			hosts, _ := log.Attributes().Get(names.IncidentHosts)
			assert.Equal(t, []any{"host-a", "host-b"}, hosts.Slice().AsRaw())
		}
	}
	require.Len(t, joined, 2)
	g.now = g.now.Add(time.Hour)
	g.core.upkeep(context.Background())
	with := map[string]string{}
	for _, log := range gatewayIncidents(g.sink) {
		if id := attributeText(log.Attributes(), names.IncidentChainID); id != "" {
			with[attributeText(log.Attributes(), names.IncidentID)] = id
		}
	}
	assert.Equal(t, map[string]string{joined[0].(string): chain, joined[1].(string): chain}, with)
}
