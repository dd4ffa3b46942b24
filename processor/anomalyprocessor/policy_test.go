// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/policy"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// habitual is an event of a Deployment whose pods have the label app.
func habitual(t *testing.T, namespace, name, container, event string, at time.Time, attributes map[string]any) plog.Logs {
	t.Helper()
	data := plog.NewLogs()
	resource := data.ResourceLogs().AppendEmpty()
	for key, value := range map[string]string{
		names.EnrichmentStatus: "resolved", names.K8sNamespaceName: namespace, names.K8sDeploymentName: name, names.K8sContainerName: container,
		names.ContainerID: "c1", names.K8sPodLabelPrefix + "app": name,
	} {
		resource.Resource().Attributes().PutStr(key, value)
	}
	log := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	log.SetEventName(event)
	log.SetTimestamp(pcommon.NewTimestampFromTime(at))
	require.NoError(t, log.Attributes().FromRaw(attributes))
	log.Attributes().PutInt(names.ProcessPID, 7)
	log.Attributes().PutStr(names.ProcessExecutablePath, "/app")
	return data
}

func toDatabase(port int) map[string]any {
	return map[string]any{
		names.ConnectionSide: "client", names.NetworkTransport: "tcp", names.ServerAddress: "10.96.0.9", names.ServerPort: port,
		names.PeerKind: "deployment", names.PeerNamespaceName: "data", names.PeerName: "db", names.PeerServiceName: "db",
	}
}

// A policy of the network is about all containers of the pods, and knows of far ends what their own profiles know.
func TestPolicy_network(t *testing.T) {
	config := defaultConfig()
	config.Policy.Tracers = []string{"tcp", "udp"}
	p := newPair(t, config)
	p.start(t)
	defer p.shutdown(t)
	consume := func(data plog.Logs) { require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), data)) }
	consume(habitual(t, "shop", "web", "app", names.EventTCPConnect, p.now, toDatabase(80)))
	consume(habitual(t, "shop", "web", "sidecar", names.EventTCPConnect, p.now, map[string]any{
		names.ConnectionSide: "client", names.NetworkTransport: "tcp", names.ServerAddress: "203.0.113.9", names.ServerPort: 443,
	}))
	consume(habitual(t, "shop", "website", "app", names.EventTCPConnect, p.now, map[string]any{
		names.ConnectionSide: "client", names.NetworkTransport: "tcp", names.ServerAddress: "198.51.100.9", names.ServerPort: 443,
	}))
	consume(habitual(t, "data", "db", "db", names.EventSocketListen, p.now, map[string]any{
		names.NetworkTransport: "tcp", names.NetworkLocalPort: 5432,
	}))
	_, _, err := p.core.policy("shop/deployment/web/app", policyNetwork, false)
	require.ErrorIs(t, err, policy.ErrLearning)
	p.core.profiles.Each(func(p *profile.Profile) { p.EndLearning() })
	document, contentType, err := p.core.policy("shop/deployment/web/app", policyNetwork, false)
	require.NoError(t, err)
	assert.Equal(t, "application/yaml", contentType)
	for _, part := range []string{"app: web\n", "port: 5432", "app: db", "cidr: 203.0.113.0/24"} {
		assert.Contains(t, string(document), part)
	}
	assert.NotContains(t, string(document), "198.51.100", "which belongs to another")
	assert.NotContains(t, string(document), "port: 80\n", "which is the Service's")
}

func TestPolicy_refuses(t *testing.T) {
	p := newPair(t, defaultConfig())
	p.start(t)
	defer p.shutdown(t)
	_, _, err := p.core.policy("shop/deployment/web/app", "apparmor", false)
	require.ErrorIs(t, err, errPolicyKind)
	_, _, err = p.core.policy("shop/deployment/web/app", policySeccomp, false)
	require.ErrorIs(t, err, errPolicyUnknown)
	assert.Empty(t, p.core.profiles.Workloads(), "asking makes no profile")
}

// Tracers of which there was an event are taken for those that watch, unless the configuration names them. What an allowed event shows is a habit
// too, and what failed is none.
func TestPolicy_facts(t *testing.T) {
	config := defaultConfig()
	config.Allow = []AllowConfig{{Workload: "shop/*", Action: "privilege"}}
	p := newPair(t, config)
	p.start(t)
	defer p.shutdown(t)
	use := func(capability, result string) {
		data := habitual(t, "shop", "web", "app", names.EventPrivilegeCapabilityUse, p.now, map[string]any{
			names.PrivilegeCapability: capability, names.PrivilegeResult: result,
		})
		require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), data))
	}
	use("CAP_SYS_TIME", "granted")
	use("CAP_SYS_ADMIN", "denied")
	raw := map[string]any{names.SocketFamily: "packet", names.SocketType: "raw"}
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), habitual(t, "shop", "web", "app", names.EventSocketCreate, p.now, raw)))
	f := p.core.facts("shop", func(string) bool { return true })
	assert.Equal(t, []string{"privilege", "socket"}, f.Tracers.Names())
	assert.Equal(t, watchedCapabilities(), f.Capabilities)
	told := ""
	for _, s := range f.Habits {
		told += fmt.Sprint(s.Name, s.Value, " ")
	}
	assert.Contains(t, told, "CAP_SYS_TIME ")
	assert.Contains(t, told, "packetraw ")
	assert.NotContains(t, told, "CAP_SYS_ADMIN")
	p.core.config.Policy.Tracers = []string{"mount"}
	assert.Equal(t, []string{"mount"}, p.core.facts("shop", func(string) bool { return true }).Tracers.Names())
}

// A socket that is opened within an open incident is no habit.
func TestPolicy_notOfIncidents(t *testing.T) {
	p := newPair(t, defaultConfig())
	p.start(t)
	defer p.shutdown(t)
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell("web", 7, p.now)))
	data := habitual(t, "shop", "web", "", names.EventSocketCreate, p.now, map[string]any{names.SocketFamily: "packet", names.SocketType: "raw"})
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), data))
	for _, s := range p.core.facts("shop", func(string) bool { return true }).Habits {
		assert.NotEqual(t, "packet", s.Name)
	}
}

func TestPolicyConfig(t *testing.T) {
	config := defaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"policy": map[string]any{
		"tracers": []any{"mount", "ptrace"}, "capabilities": []any{"CAP_CHOWN", "SYS_ADMIN"},
	}}).Unmarshal(config))
	err := confmap.Validate(config)
	require.ErrorContains(t, err, `tracers[1]: "ptrace" is none of privilege, injection, mount, socket, tcp, udp, dns`)
	assert.ErrorContains(t, err, `capabilities[1]: "SYS_ADMIN" is not the name of a capability`)
}
