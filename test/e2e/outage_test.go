// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

// counters count on and on, one program for each number, and begin again as another container every few seconds.
const counters = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: counter, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: counter}}
  template:
    metadata: {labels: {app: counter}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: steady
          image: meerkat.test/busybox:1
          command: [/bin/sh, -c, "i=0; while true; do i=$((i+1)); /bin/true steady $HOSTNAME $i; usleep 20000; done"]
        - name: restless
          image: meerkat.test/busybox:1
          command: [/bin/sh, -c, "for i in 1 2 3; do /bin/true restless $HOSTNAME $i; usleep 100000; done"]
`

// outage is how long the API server is away.
const outage = time.Minute

// Without the API server nothing is lost, what is known stays known, and what is new is known when it is back.
func TestEnrich_withoutTheAPIServer(t *testing.T) {
	c := startCluster(t, cluster.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	s := startEnriched(ctx, t, c, "node")
	require.NoError(t, c.Apply(ctx, counters))
	pods, err := c.WaitPods(ctx, "default", "app=counter", 0)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		pods, err = c.Pods(ctx, "default", "app=counter")
		return err == nil && len(pods) == 2 && len(pods[0].Status.ContainerStatuses) == 2 && len(pods[1].Status.ContainerStatuses) == 2
	}, patience, pollEvery, "the counters don't run")

	s.execOf(t, "/bin/true", "steady", pods[0].Name, "20")
	s.execOf(t, "/bin/true", "steady", pods[1].Name, "20")
	require.NoError(t, c.KillAPIServer())
	away := time.Now()
	require.Eventually(t, func() bool { return time.Since(away) > outage }, 2*outage, time.Second)
	require.NoError(t, c.StartAPIServer(ctx))
	back := time.Now()
	require.Eventually(t, func() bool {
		return strings.Contains(s.telemetry(ctx), `otelcol_k8s_enrich_source_state{kind="pod",state="watching"} 1`)
	}, patience, pollEvery, "the watch does not go on")
	t.Logf("the watch went on %s after the API server was back", time.Since(back).Round(100*time.Millisecond))
	after, _, err := c.RunPod(ctx, cluster.ShellPod("after", "/bin/true after $HOSTNAME 1", false))
	require.NoError(t, err)
	require.NoError(t, c.Delete(ctx, counters))
	_, err = c.WaitPods(ctx, "default", "app=counter", 0)
	require.NoError(t, err)
	settle(ctx, t, s)

	table, counts := judgeCounters(t, s.events(t), away, back, after.Name)
	t.Logf("executions\n%s", table)
	require.Len(t, counts, 2)
	for pod, numbers := range counts {
		for n := range len(numbers) {
			if !numbers[n+1] {
				assert.Fail(t, "lost", "%s: %d of %d is missing", pod, n+1, len(numbers))
				break
			}
		}
	}
	requireNamed(t, table)
	for _, what := range []string{"steady before", "steady without the API server", "restless without the API server", "steady afterwards", "after afterwards"} {
		assert.Contains(t, table, what)
	}
}

// judgeCounters holds the executions of the counters against what they say of themselves, by the time before, within
// and after the absence of the API server. counts has the numbers of each pod's steady container.
func judgeCounters(t *testing.T, events []event, away, back time.Time, after string) (table tally, counts map[string]map[int]bool) {
	t.Helper()
	table, counts = tally{}, map[string]map[int]bool{}
	for _, e := range events {
		arguments, _ := e.attributes["process.command_args"].([]any)
		if e.name != "meerkat.process.exec" || len(arguments) != 4 || arguments[0] != "/bin/true" {
			continue
		}
		container, pod := fmt.Sprint(arguments[1]), fmt.Sprint(arguments[2])
		var n int
		_, err := fmt.Sscan(fmt.Sprint(arguments[3]), &n)
		require.NoError(t, err)
		if container == "steady" {
			if counts[pod] == nil {
				counts[pod] = map[int]bool{}
			}
			assert.False(t, counts[pod][n], "%s %d is told twice", pod, n)
			counts[pod][n] = true
		}
		when := "before"
		switch {
		case e.at.After(back):
			when = "afterwards"
		case e.at.After(away):
			when = "without the API server"
		}
		want := map[string]any{"k8s.pod.name": pod, "k8s.container.name": container, "k8s.namespace.name": "default"}
		if pod == after {
			want["k8s.container.name"], want["meerkat.enrichment.status"] = "shell", "resolved"
		} else {
			want["k8s.deployment.name"] = "counter"
		}
		table.count(container+" "+when, judge(e, want))
	}
	return table, counts
}

// A container of which nobody knows is marked, and its records go on.
func TestEnrich_strangers(t *testing.T) {
	c := startCluster(t, cluster.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := startEnriched(ctx, t, c, "node")
	run := func(id, says string, more ...string) {
		arguments := append([]string{"ctr", "-n", "k8s.io", "run", "--rm"}, more...)
		_, err := c.Run(ctx, append(arguments, cluster.BusyboxImage, id, "/bin/sh", "-c", "/bin/true "+says+"; usleep 200000")...)
		require.NoError(t, err)
	}
	const nobodysPod = "12345678-1234-1234-1234-123456789abc"
	t.Cleanup(func() {
		for _, pattern := range []string{"/sys/fs/cgroup/*/meerkat-e2e-ghost", "/sys/fs/cgroup/meerkat-e2e-ghost"} {
			folders, _ := filepath.Glob(pattern)
			for _, folder := range folders {
				assert.NoError(t, os.Remove(filepath.Join(folder, "pod"+nobodysPod)))
				assert.NoError(t, os.Remove(folder))
			}
		}
	})
	nobodysContainer := strings.Repeat("0123456789abcdef", 4)
	run("outside", "outside")
	// Below its own folder the kubelet ends what is of no pod that it knows.
	run(nobodysContainer, "nobodys", "--cgroup", "/meerkat-e2e-ghost/pod"+nobodysPod+"/"+nobodysContainer,
		"--annotation", "io.kubernetes.cri.container-type=container", "--annotation", "io.kubernetes.cri.container-name=ghost",
		"--annotation", "io.kubernetes.cri.sandbox-name=ghost-0", "--annotation", "io.kubernetes.cri.sandbox-namespace=nowhere")
	settle(ctx, t, s)

	outside := s.execOf(t, "/bin/true", "outside")
	assert.Equal(t, "not_applicable", outside.resource["meerkat.enrichment.status"])
	assert.NotContains(t, outside.resource, "k8s.pod.name")
	nobodys := s.execOf(t, "/bin/true", "nobodys")
	assert.Equal(t, nobodysPod, nobodys.resource["k8s.pod.uid"])
	assert.Equal(t, "partial", nobodys.resource["meerkat.enrichment.status"])
	assert.Equal(t, "pod_unknown", nobodys.resource["meerkat.enrichment.reason"])
	assert.Equal(t, "ghost-0", nobodys.resource["k8s.pod.name"])
	assert.NotContains(t, nobodys.resource, "k8s.deployment.name")
}
