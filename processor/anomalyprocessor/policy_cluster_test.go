// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package anomalyprocessor

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap/zaptest"
	corev1 "k8s.io/api/core/v1"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver"
	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

// serving is a Deployment that serves a page on port 8080, and asks others again and again.
const serving = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: {name}, namespace: {namespace}}
spec:
  selector: {matchLabels: {app: {name}}}
  template:
    metadata: {labels: {app: {name}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: meerkat.test/busybox:1
          command: [/bin/sh, -c, "mkdir /www; echo {name} >/www/index.html; httpd -p 8080 -h /www; while true; do {asking}; sleep 1; done"]
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
`

const services = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: data}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: data}
spec:
  clusterIP: 10.96.0.80
  selector: {app: db}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  clusterIP: 10.96.0.81
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
`

func deploymentOf(namespace, name, asking string) string {
	return strings.NewReplacer("{namespace}", namespace, "{name}", name, "{asking}", asking).Replace(serving)
}

func startCluster(t *testing.T) *cluster.Cluster {
	t.Helper()
	kubernetes, err := cluster.Build(t.Context())
	require.NoError(t, err)
	folder, err := os.MkdirTemp("", "meerkat-e2e-") //nolint:usetesting // Logs are kept if the test fails.
	require.NoError(t, err)
	c, err := cluster.Start(t.Context(), cluster.Options{
		Kubernetes: kubernetes, State: filepath.Join(folder, "state"), Logs: filepath.Join(folder, "logs"),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, c.Stop())
		if t.Failed() {
			t.Logf("The logs of all components are in %s", folder)
			return
		}
		assert.NoError(t, os.RemoveAll(folder))
	})
	return c
}

// observeCluster has the receiver and k8s_enrich tell a processor what happens in a cluster.
func observeCluster(t *testing.T, c *cluster.Cluster) *core {
	t.Helper()
	config := defaultConfig()
	// Shells that fetch something are incidents while a workload is learned; in these workloads they are ordinary.
	config.Allow = []AllowConfig{{Workload: "*/app", Action: "exec"}}
	p := newPair(t, config)
	p.core.now = time.Now
	p.start(t)
	t.Cleanup(func() { p.shutdown(t) })
	background, host := context.WithoutCancel(t.Context()), componenttest.NewNopHost()

	enriching := k8senrichprocessor.NewFactory()
	enrichment := enriching.CreateDefaultConfig().(*k8senrichprocessor.Config)
	enrichment.Scope, enrichment.NodeName, enrichment.PodLabels, enrichment.ConnectionTracking = "cluster", cluster.NodeName, []string{"app"}, false
	enrichment.Source = "api_server"
	enrichment.APIServer.AuthType, enrichment.APIServer.Kubeconfig.Path = "kubeconfig", c.Kubeconfig()
	settings := processortest.NewNopSettings(enriching.Type())
	settings.Logger = zaptest.NewLogger(t)
	enriched, err := enriching.CreateLogs(t.Context(), settings, enrichment, p.pipelines[0])
	require.NoError(t, err)
	require.NoError(t, enriched.Start(background, host))
	t.Cleanup(func() { require.NoError(t, enriched.Shutdown(background)) })

	factory := ebpfreceiver.NewFactory()
	receiving := factory.CreateDefaultConfig().(*ebpfreceiver.Config)
	receiver, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(component.MustNewType("ebpf")), receiving, enriched)
	require.NoError(t, err)
	require.NoError(t, receiver.Start(background, host))
	t.Cleanup(func() { require.NoError(t, receiver.Shutdown(background)) })
	return p.core
}

// knows tells whether a habit of a workload is known.
func (c *core) knows(workload string, wanted func(s habit.Seen) bool) bool {
	known := false
	c.profiles.Each(func(p *profile.Profile) {
		if p.Workload() == workload {
			habits, _ := p.Habits()
			known = slices.ContainsFunc(habits, wanted)
		}
	})
	return known
}

// podOf returns the pod of a Deployment.
func podOf(ctx context.Context, t *testing.T, c *cluster.Cluster, namespace, name string) corev1.Pod {
	t.Helper()
	pods, err := c.WaitPods(ctx, namespace, "app="+name, 1)
	require.NoError(t, err)
	return pods[0]
}

// What was learned in a real cluster is applied by what applies NetworkPolicies there: connections of the workload go on, others are refused.
func TestClusterPolicy_network(t *testing.T) {
	engine, err := cluster.BuildPolicyEngine(t.Context())
	require.NoError(t, err)
	c := startCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	k := observeCluster(t, c)
	require.NoError(t, c.Apply(ctx, services+deploymentOf("data", "db", "true")+deploymentOf("data", "vault", "true")))
	web := deploymentOf("shop", "web", "timeout 5 wget -q -O /dev/null http://10.96.0.80/")
	require.NoError(t, c.Apply(ctx, web+deploymentOf("shop", "visitor", "timeout 5 wget -q -O /dev/null http://10.96.0.81/")+deploymentOf("shop", "stranger", "true")))
	vault, visitor, stranger := podOf(ctx, t, c, "data", "vault"), podOf(ctx, t, c, "shop", "visitor"), podOf(ctx, t, c, "shop", "stranger")
	guarded := podOf(ctx, t, c, "shop", "web")
	const workload = "shop/deployment/web/app"
	require.Eventually(t, func() bool {
		return k.knows(workload, func(s habit.Seen) bool { return s.Kind == habit.Connect && s.Peer.Name == "db" }) &&
			k.knows(workload, func(s habit.Seen) bool { return s.Kind == habit.Accept && s.Peer.Name == "visitor" }) &&
			k.knows("data/deployment/db/app", func(s habit.Seen) bool { return s.Kind == habit.Listen })
	}, 2*time.Minute, 100*time.Millisecond, "the habits are not known")
	k.profiles.Each(func(p *profile.Profile) { p.EndLearning() })
	k.config.Policy.Tracers = []string{"tcp", "udp"}
	document, _, err := k.policy(workload, policyNetwork, false)
	require.NoError(t, err)
	t.Logf("%s", document)

	ask := func(pod corev1.Pod, address string) bool {
		_, id, _ := strings.Cut(pod.Status.ContainerStatuses[0].ContainerID, "://")
		_, err := c.Run(ctx, "ctr", "-n", "k8s.io", "task", "exec", "--exec-id", "ask", id, "/bin/busybox", "timeout", "5", "wget", "-q", "-O",
			"/dev/null", "http://"+address+"/")
		return err == nil
	}
	const database, front = "10.96.0.80", "10.96.0.81"
	outcome := func() [5]bool {
		return [5]bool{
			ask(guarded, database), ask(visitor, front), ask(guarded, vault.Status.PodIP+":8080"), ask(stranger, front),
			ask(stranger, vault.Status.PodIP+":8080"),
		}
	}
	assert.Equal(t, [5]bool{true, true, true, true, true}, outcome(), "without a policy everybody talks to everybody")
	require.NoError(t, c.Apply(ctx, string(document)))
	require.NoError(t, c.ApplyPolicies(engine))
	require.Eventually(t, func() bool { return outcome() == [5]bool{true, true, false, false, true} }, 2*time.Minute, time.Second,
		"the workload asks the database and is asked by the visitor; nothing else; the policy is about no other pods")
}
