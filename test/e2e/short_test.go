// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

// shortPods is how many pods live a tenth of a second each, and namedShareMin the share of their events that have
// every name.
const (
	shortPods     = 200
	namedShareMin = 0.99
)

// shortJob runs them. Each says its own name as an argument, so that a wrong one can be told.
var shortJob = fmt.Sprintf(`
apiVersion: batch/v1
kind: Job
metadata: {name: moment, namespace: default}
spec:
  completions: %d
  parallelism: 12
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers:
        - name: short
          image: meerkat.test/busybox:1
          command: [/bin/sh, -c, "/bin/true $HOSTNAME; usleep 100000"]
`, shortPods)

// What containers do that are gone after a tenth of a second has the names of container, image, pod, namespace and
// owner.
func TestEnrich_containersOfAMoment(t *testing.T) {
	c := startCluster(t, cluster.Options{Pods: netip.MustParsePrefix("10.244.7.0/27")})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	s := startEnriched(ctx, t, c, "node")
	require.NoError(t, c.Apply(ctx, shortJob))
	known := waitCompleted(ctx, t, c, "default", "job-name=moment", shortPods)
	settle(ctx, t, s)

	table := tally{}
	seen := map[string]int{}
	for _, e := range s.events(t) {
		pod, of := known.byContainer(e)
		if !of || e.name != "meerkat.process.exec" && e.name != "meerkat.process.exit" {
			continue
		}
		seen[pod.Name]++
		if arguments, ok := e.attributes["process.command_args"].([]any); ok && len(arguments) == 2 && arguments[0] == "/bin/true" {
			assert.Equal(t, pod.Name, arguments[1], "the test itself is wrong about whose container it is")
		}
		table.count(e.name, judge(e, map[string]any{
			"container.name": "short", "container.image.name": "meerkat.test/busybox", "k8s.container.name": "short",
			"k8s.pod.name": pod.Name, "k8s.namespace.name": "default", "k8s.job.name": "moment", "k8s.node.name": cluster.NodeName,
			"meerkat.enrichment.status": "resolved",
		}))
	}
	t.Logf("events of %d containers of a moment\n%s", len(seen), table)
	assert.Len(t, seen, shortPods, "containers of which anything was seen")
	requireNamed(t, table)
}

// startEnriched starts the collector with the processor, which reads the pods of the node or the whole cluster.
func startEnriched(ctx context.Context, t *testing.T, c *cluster.Cluster, scope string) *collector {
	t.Helper()
	require.NoError(t, c.Apply(ctx, rights(t, scope)))
	return startCollector(ctx, t, c, strings.ReplaceAll(enriched, "{scope}", scope))
}

// enrichedByKubelet asks the kubelet of the node instead of the API server. Its certificate is one that nobody has
// signed.
const enrichedByKubelet = `
processors:
  k8s_enrich:
    source: kubelet
    kubelet: {endpoint: "https://${env:K8S_NODE_IP}:10250", insecure_skip_verify: true, interval: 1s}
service:
  pipelines:
    logs: {processors: [k8s_enrich]}
    metrics: {processors: [k8s_enrich]}
`

// Where the API server may not be asked, the kubelet tells of the pods of its node.
func TestEnrich_byTheKubelet(t *testing.T) {
	c := startCluster(t, cluster.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	require.NoError(t, c.Apply(ctx, rights(t, "kubelet")))
	s := startCollector(ctx, t, c, enrichedByKubelet)
	require.NoError(t, c.Apply(ctx, greeters))
	pods, err := c.WaitPods(ctx, "default", "app=greeter", 2)
	require.NoError(t, err)
	known := podsKnown{}
	known.add(pods)
	settle(ctx, t, s)
	table := tally{}
	for _, e := range s.events(t) {
		if pod, ok := known.byContainer(e); ok && e.name == "meerkat.process.exec" {
			table.count("exec", judge(e, map[string]any{
				"k8s.pod.name": pod.Name, "k8s.deployment.name": "greeter", "k8s.container.name": "greeter",
				"k8s.node.name": cluster.NodeName, "meerkat.enrichment.status": "resolved",
			}))
		}
	}
	t.Logf("by the kubelet\n%s", table)
	requireNamed(t, table)
}
