// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// A container of which nobody knows is marked, says why, and its records go on.
func TestNode_strangers(t *testing.T) {
	c := startNodeContainerd(t)
	api := newNodeAPI(t, recordedNode)
	n := startNode(t, api.first(nil, "! hold"), func(config *Config) { config.Wait.Timeout = 300 * time.Millisecond })
	ghost := nodePod{number: 100, name: "ghost-0", job: "ghost"}
	nameless := nodePod{number: 101, name: "nameless"}
	outside := nodePod{number: 102} // of which only the container's id is used
	_, err := c.runPod(ghost, "/bin/busybox true ghost; exit 0")
	require.NoError(t, err)
	_, err = c.run(nameless.containerID(), "/bin/busybox true nameless; exit 0", "--net-host",
		"--cgroup", nodePodsParent+"/besteffort/pod"+nameless.uid()+"/"+nameless.containerID())
	require.NoError(t, err)
	_, err = c.run(outside.containerID(), "/bin/busybox true outside; exit 0", "--net-host", "--cgroup", nodePodsParent+"/"+outside.containerID())
	require.NoError(t, err)

	inside := func(id string) func(nodeEvent) bool { return func(e nodeEvent) bool { return e.container() == id } }
	strangers := []nodePod{ghost, nameless, outside}
	for _, p := range strangers {
		n.await(&n.told, 4, "the executions and ends of a shell and a program", func(e nodeEvent) bool {
			return inside(p.containerID())(e) && e.attributes[names.ProcessExecutableName] == nodeProgram
		})
	}
	n.finish(strangers)

	table := nodeTable{}
	partly := ghost.runtimeNamed()
	maps.Copy(partly, map[string]any{names.EnrichmentStatus: "partial", names.EnrichmentReason: "pod_unknown"})
	for what, wanted := range map[string]struct {
		id   string
		says map[string]any
	}{
		"pod that never becomes known": {ghost.containerID(), partly},
		"pod of which only the id is known": {nameless.containerID(), map[string]any{
			names.K8sPodUID: nameless.uid(), names.EnrichmentStatus: "unresolved", names.EnrichmentReason: "pod_unknown",
		}},
		"container outside of Kubernetes": {outside.containerID(), map[string]any{names.EnrichmentStatus: "not_applicable"}},
	} {
		for _, e := range n.told.events(inside(wanted.id)) {
			table.judge(what, e.resource, wanted.says, names.EnrichmentReason)
			for _, never := range []string{names.K8sJobName, names.K8sNodeName} {
				assert.NotContains(t, e.resource, never, what)
			}
			if wanted.id != ghost.containerID() {
				assert.NotContains(t, e.resource, names.K8sPodName, what)
			}
		}
	}
	t.Logf("events of strangers\n%s", table)
	table.requireNamed(t, "pod that never becomes known", "pod of which only the id is known", "container outside of Kubernetes")
	for what, row := range table {
		assert.Equal(t, row.all, row.named, what)
	}
}
