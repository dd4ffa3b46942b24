// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// nodeCount executes one program for each number until it is told to end, and prints the last number.
func nodeCount(p nodePod) string {
	return fmt.Sprintf(`i=0; while [ ! -e /tmp/stop-%[1]s ]; do i=$((i+1)); /bin/busybox true %[1]s $i; /bin/busybox usleep 20000; done; echo $i`, p.name)
}

// nodeOnce executes three numbered programs.
func nodeOnce(p nodePod) string {
	return fmt.Sprintf("for i in 1 2 3; do /bin/busybox true %s $i; done; exit 0", p.name)
}

// numbered returns the number that a program was given, and the pod that it named; ok is false for other events.
func numbered(e nodeEvent) (pod string, number int, ok bool) {
	fields := strings.Fields(e.says())
	if len(fields) != 3 || fields[0] != "true" {
		return "", 0, false
	}
	number, err := strconv.Atoi(fields[2])
	return fields[1], number, err == nil
}

// nodeCounted is how many executions of each pod are waited for, in each part of the test.
const nodeCounted = 20

// Without the API server nothing is lost, what is known stays known, what the runtime tells is told, and what is new is
// known when the API server is back.
func TestNode_withoutTheAPIServer(t *testing.T) {
	c := startNodeContainerd(t)
	steady := []nodePod{{number: 200, name: "steady-0", job: "steady"}, {number: 201, name: "steady-1", job: "steady"}}
	known := nodePod{number: 202, name: "known", job: "known", address: "10.0.1.12"}
	fresh := nodePod{number: 203, name: "fresh", job: "fresh", address: "10.0.1.13"}
	after := nodePod{number: 204, name: "after", job: "after", address: "10.0.1.14"}
	all := append([]nodePod{known, fresh, after}, steady...)
	api := newNodeAPI(t, recordedNode)
	began := nodePodState{running: time.Now()}
	there := append(api.all(steady, began), api.says(known, nodePodState{}))
	n := startNode(t, api.first(there, "! hold"), func(config *Config) { config.Wait.Timeout = 500 * time.Millisecond })
	var ends []func() string
	for _, p := range steady {
		ends = append(ends, c.startPod(p, nodeCount(p)))
	}
	n.awaitCounted(steady, time.Time{})
	n.player.Down()
	away := time.Now()
	for _, p := range []nodePod{known, fresh} {
		_, err := c.runPod(p, nodeOnce(p))
		require.NoError(t, err)
	}
	n.awaitCounted(steady, away)
	n.await(&n.told, 3, "the new pod's records don't go on", ofCounted(fresh))

	n.player.Add(api.again(append(there, api.all([]nodePod{fresh, after}, nodePodState{})...), "! hold"))
	n.player.Up()
	require.Eventually(t, func() bool {
		return n.processor.core.Unwrap().inventory.PodByUID(after.uid()) != nil
	}, nodePatience, nodePollEvery, "the watch does not go on")
	back := time.Now()
	_, err := c.runPod(after, nodeOnce(after))
	require.NoError(t, err)
	n.awaitCounted(steady, back)
	counts := map[string]string{fresh.name: "3", known.name: "3", after.name: "3"}
	for i, p := range steady {
		counts[p.name] = ends[i]()
	}
	table := judgeCounted(t, n.finish(all), all, fresh, away, back, counts)
	t.Logf("numbered executions; the API server was away for %s\n%s", back.Sub(away).Round(time.Second/10), table)
	table.requireNamed(t, "steady before", "steady without the API server", "steady afterwards",
		"known without the API server", "fresh without the API server", "after afterwards")
}

func ofCounted(p nodePod) func(nodeEvent) bool {
	return func(e nodeEvent) bool {
		name, _, ok := numbered(e)
		return ok && name == p.name
	}
}

// awaitCounted waits until each pod has executed some programs after a time.
func (n *nodePipeline) awaitCounted(pods []nodePod, after time.Time) {
	n.t.Helper()
	for _, p := range pods {
		n.await(&n.told, nodeCounted, p.name+" does not count on", func(e nodeEvent) bool { return e.at.After(after) && ofCounted(p)(e) })
	}
}

// judgeCounted holds numbered executions against what they say of themselves, and their numbers against what the
// containers have counted themselves. Of the pod that came while the API server was away, the runtime alone tells.
func judgeCounted(t *testing.T, events []nodeEvent, pods []nodePod, fresh nodePod, away, back time.Time, counts map[string]string) nodeTable {
	t.Helper()
	table, next, byName := nodeTable{}, map[string]int{}, map[string]nodePod{}
	for _, p := range pods {
		byName[p.name] = p
	}
	for _, e := range events {
		name, number, ok := numbered(e)
		if !ok {
			continue
		}
		next[name]++
		assert.Equal(t, next[name], number, "%s: lost, told twice, or out of order", name)
		p, when := byName[name], "before"
		switch {
		case e.at.After(back):
			when = "afterwards"
		case e.at.After(away):
			when = "without the API server"
		}
		want := p.named()
		if p == fresh {
			want = p.runtimeNamed()
			maps.Copy(want, map[string]any{names.EnrichmentStatus: "partial", names.EnrichmentReason: "pod_unknown"})
		}
		table.judge(p.job+" "+when, e.resource, want, names.EnrichmentReason)
	}
	for name, count := range counts {
		assert.Equal(t, count, strconv.Itoa(next[name]), "%s: executions", name)
	}
	return table
}
