// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

// callers ask the greeters all the time, by the Service's address and by a pod's own, from the network of pods and
// from that of the node.
const callers = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: caller, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: caller}}
  template:
    metadata: {labels: {app: caller}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: caller, image: meerkat.test/busybox:1, command: [/bin/sh, -c, "{asking}"]}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-caller, namespace: default}
spec:
  selector: {matchLabels: {app: node-caller}}
  template:
    metadata: {labels: {app: node-caller}}
    spec:
      hostNetwork: true
      terminationGracePeriodSeconds: 0
      containers: [{name: caller, image: meerkat.test/busybox:1, command: [/bin/sh, -c, "{asking}"]}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: passer, namespace: default}
spec:
  completions: 60
  parallelism: 8
  backoffLimit: 1000
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers: [{name: passer, image: meerkat.test/busybox:1, command: [/bin/sh, -c, "{once}"]}]
`

// everyConnection has each connection told by itself, so that both ends of it can be compared.
const everyConnection = `
receivers:
  ebpf: {tracers: {tcp: {deduplication_window: 0s}}}
`

// end is one end of a connection.
type end struct {
	address string
	port    int64
}

func clientOf(e event) end {
	address, _ := e.attributes["client.address"].(string)
	port, _ := e.attributes["client.port"].(int64)
	return end{address, port}
}

// Who is at the other end of a connection is known at both, by whatever way it came, while addresses go from pod to
// pod.
func TestEnrich_farEnds(t *testing.T) {
	c := startCluster(t, cluster.Options{Pods: netip.MustParsePrefix("10.244.7.0/27")})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	require.NoError(t, c.Apply(ctx, rights(t, "cluster")))
	s := startCollector(ctx, t, c, strings.ReplaceAll(enriched, "{scope}", "cluster")+everyConnection)
	require.NoError(t, c.Apply(ctx, greeters))
	servers, err := c.WaitPods(ctx, "default", "app=greeter", 2)
	require.NoError(t, err)
	require.NoError(t, c.WaitService(ctx, "default", "greeter", 2))
	ask := func(address string) string { return "timeout 5 wget -q -O - http://" + address + "/ >/dev/null" }
	once := ask(greeterService) + "; " + ask(servers[0].Status.PodIP+":8080")
	text := strings.NewReplacer("{asking}", "while true; do "+once+"; sleep 0.2; done", "{once}", once).Replace(callers)
	require.NoError(t, c.Apply(ctx, text))
	known := waitCompleted(ctx, t, c, "default", "job-name=passer", 60)
	for _, selector := range []string{"app=greeter", "app=caller", "app=node-caller"} {
		pods, err := c.Pods(ctx, "default", selector)
		require.NoError(t, err)
		known.add(pods)
	}
	require.NoError(t, c.Delete(ctx, text))
	settle(ctx, t, s)

	table := judgeEnds(known, s.events(t), servers)
	t.Logf("records of connections\n%s\nused addresses of pods: %d of %d pods", table, len(addresses(known)), len(known))
	assert.Less(t, len(addresses(known)), len(known), "no address was used twice")
	for _, what := range []string{
		"connect of caller to the Service", "connect of caller to a pod", "connect of node-caller to the Service",
		"connect of node-caller to a pod", "connect of passer to the Service", "accept of caller", "accept of node-caller", "accept of passer", "accept of somebody that the node hides",
	} {
		assert.Contains(t, table, what)
	}
	requireNamed(t, table)
}

func addresses(known podsKnown) map[string]bool {
	all := map[string]bool{}
	for _, pod := range known {
		if !pod.Spec.HostNetwork {
			all[pod.Status.PodIP] = true
		}
	}
	return all
}

// judgeEnds holds what each record says of its far end against what the record of the other end says of itself, by
// the container that the kernel saw there.
func judgeEnds(known podsKnown, events []event, servers []corev1.Pod) tally {
	connects, accepts := map[end]event{}, map[end]event{}
	for _, e := range events {
		switch e.name {
		case "meerkat.tcp.connect":
			connects[clientOf(e)] = e
		case "meerkat.tcp.accept":
			accepts[clientOf(e)] = e
		}
	}
	table := tally{}
	for client, e := range connects {
		pod, ok := known.byContainer(e)
		if !ok || e.attributes["error.type"] != nil || workload(pod) == "greeter" {
			continue
		}
		what, want := "a pod", farOf(servers[0])
		if e.attributes["server.address"] == strings.Split(greeterService, ":")[0] {
			what, want = "the Service", map[string]any{
				"meerkat.peer.kind": "deployment", "meerkat.peer.name": "greeter", "meerkat.peer.namespace.name": "default", "meerkat.peer.service.name": "greeter",
			}
			if other, ok := accepts[client]; ok { // not if the node hides the client's address
				if server, ok := known.byContainer(other); ok {
					maps.Copy(want, farOf(server))
				}
			}
		}
		table.count(fmt.Sprintf("connect of %s to %s", workload(pod), what), hold(e.attributes, want, "meerkat.peer.enrichment.reason"))
	}
	for client, e := range accepts {
		if pod, ok := known.byContainer(e); !ok || workload(pod) != "greeter" {
			continue
		}
		what := "somebody that the node hides"
		want := map[string]any{"meerkat.peer.kind": "daemonset", "meerkat.peer.name": "node-caller", "meerkat.peer.namespace.name": "default"}
		if other, ok := connects[client]; ok {
			pod, ok := known.byContainer(other)
			if !ok {
				continue // the kubelet's probes, which are no pod's
			}
			want, what = farOf(pod), workload(pod)
		} else if client.address != gateway {
			continue // a probe too, of which there is no connect with this address
		}
		table.count("accept of "+what, hold(e.attributes, want, "meerkat.peer.enrichment.reason"))
	}
	return table
}

// gateway is the address behind which the node hides those of its own processes that go through a Service; the port
// is another one too. Only node-caller does that.
const gateway = "10.244.7.1"

// farOf is what is to be said of a pod at a far end.
func farOf(pod corev1.Pod) map[string]any {
	kinds := map[string]string{"greeter": "deployment", "caller": "deployment", "node-caller": "daemonset", "passer": "job"}
	return map[string]any{
		"meerkat.peer.kind": kinds[workload(pod)], "meerkat.peer.name": workload(pod), "meerkat.peer.namespace.name": "default",
		"meerkat.peer.pod.name": pod.Name, "meerkat.peer.pod.uid": string(pod.UID), "meerkat.peer.node.name": cluster.NodeName,
	}
}

// workload is the Deployment, DaemonSet or Job of a pod of this test.
func workload(pod corev1.Pod) string {
	for _, label := range []string{"app", "job-name"} {
		if name := pod.Labels[label]; name != "" {
			return name
		}
	}
	return ""
}
