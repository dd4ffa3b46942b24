// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"context"
	_ "embed"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

const (
	collectorBinary = "../../bin/otelcol-meerkat"
	collectorImage  = "meerkat.test/otelcol-meerkat:1"
	// eventsFile is where the collector's events are, on the node.
	eventsFile = "/var/lib/meerkat/events.json"
	// telemetry is where the collector tells of itself, within the node's network.
	telemetry = "http://127.0.0.1:8888/metrics"
)

// daemonSet is the collector as it runs on every node, with what it needs and no more.
//
//go:embed testdata/daemonset.yaml
var daemonSet string

// collector is one that runs as a DaemonSet.
type collector struct {
	cluster *cluster.Cluster
	pod     corev1.Pod
}

// startCollector returns when the tracers run. The overlay is a configuration of the collector that is laid over the one of
// the DaemonSet: another receiver's settings, processors, and pipelines that have them.
func startCollector(ctx context.Context, t *testing.T, c *cluster.Cluster, overlay string) *collector {
	t.Helper()
	require.NoError(t, c.ImportImage(ctx, cluster.Image{
		Name: collectorImage, Entrypoint: []string{"/otelcol-meerkat"},
		Files: []cluster.File{{Path: "/otelcol-meerkat", Source: collectorBinary}},
	}))
	indented := "    " + strings.ReplaceAll(strings.TrimSpace(overlay), "\n", "\n    ")
	require.NoError(t, c.Apply(ctx, strings.Replace(daemonSet, "    {overlay}", indented, 1)))
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := c.Run(context.Background(), "sh", "-c", "tail -n 30 /var/log/pods/meerkat_*/*/*.log")
			t.Logf("the collector says:\n%s", log)
		}
	})
	pods, err := c.WaitPods(ctx, "meerkat", "app=meerkat", 1)
	require.NoError(t, err)
	s := &collector{cluster: c, pod: pods[0]}
	require.Eventually(t, func() bool {
		return strings.Contains(s.telemetry(ctx), `otelcol_ebpf_tracer_state{state="running",tracer="process"} 1`)
	}, patience, pollEvery, "the tracers don't run")
	return s
}

// tracers are those that are on by default.
func tracers() []string {
	return []string{
		"crash", "dns", "file", "injection", "mount", "oom", "privilege", "process", "signal", "socket", "tcp", "udp",
	}
}

// telemetry is what the collector tells of itself, empty if it does not.
func (s *collector) telemetry(ctx context.Context) string {
	said, err := s.cluster.Run(ctx, "busybox", "wget", "-q", "-O", "-", telemetry)
	if err != nil {
		return ""
	}
	return said
}

// events returns all events so far.
func (s *collector) events(t *testing.T) []event {
	t.Helper()
	all, err := readEvents(s.cluster.HostPath(eventsFile))
	require.NoError(t, err)
	return all
}

// execOf waits for the exec of a command in a container, which is to be there once.
func (s *collector) execOf(t *testing.T, command ...any) event {
	t.Helper()
	var found []event
	require.Eventually(t, func() bool {
		found = selectEvents(s.events(t), "meerkat.process.exec", func(e event) bool {
			return reflect.DeepEqual(e.attributes["process.command_args"], command) && e.resource["container.id"] != nil
		})
		return len(found) > 0
	}, patience, pollEvery, "the exec is not among the events")
	require.Len(t, found, 1)
	return found[0]
}

func TestCollector(t *testing.T) {
	c := startCluster(t, cluster.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	s := startCollector(ctx, t, c, "")

	const marker = "meerkat-e2e-marker"
	pod, _, err := c.RunPod(ctx, cluster.ShellPod("short", "/bin/true "+marker, false))
	require.NoError(t, err)
	_, id, _ := strings.Cut(pod.Status.ContainerStatuses[0].ContainerID, "://")

	exec := s.execOf(t, "/bin/true", marker)
	assert.Equal(t, id, exec.resource["container.id"])
	assert.Equal(t, string(pod.UID), exec.resource["k8s.pod.uid"])
	assert.Equal(t, "containerd", exec.resource["container.runtime.name"])
	said := s.telemetry(ctx)
	for _, tracer := range tracers() {
		assert.Contains(t, said, `otelcol_ebpf_tracer_state{state="running",tracer="`+tracer+`"} 1`)
	}
	tellMemory(t, c)
}

// enriched lays the processor k8s_enrich over the collector's configuration.
const enriched = `
processors:
  k8s_enrich: {cluster_name: e2e, scope: {scope}}
service:
  pipelines:
    logs: {processors: [k8s_enrich]}
    metrics: {processors: [k8s_enrich]}
`
