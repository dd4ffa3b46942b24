// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/internal/names"
)

const (
	// nodeShortPods is how many pods live a tenth of a second each, nodeAtOnce how many at a time.
	nodeShortPods = 50
	nodeAtOnce    = 5
	// nodeShortEvents are the execs and exits of a shell and of two programs.
	nodeShortEvents = 6
)

// nodeMoment has each program say whose it is. The third one, which does not, is judged by its container.
func nodeMoment(p nodePod) string {
	return fmt.Sprintf("/bin/busybox true %[1]s; /bin/busybox sleep 0.1; /bin/busybox false %[1]s; exit 0", p.name)
}

// What containers do that are gone after a tenth of a second has every name, whether the API server tells of their
// pods before they run, meanwhile, or when they are gone.
func TestNode_containersOfAMoment(t *testing.T) {
	c := startNodeContainerd(t)
	var pods []nodePod
	for n := range nodeShortPods {
		pods = append(pods, nodePod{number: n, name: fmt.Sprintf("moment-%d", n), job: "moment", address: fmt.Sprintf("10.0.1.%d", 50+n)})
	}
	before, meanwhile, late := pods[:20], pods[20:35], pods[35:]
	api := newNodeAPI(t, recordedNode)
	lines := append([]string{"! wait meanwhile"}, api.all(meanwhile, nodePodState{})...)
	lines = append(append(lines, "! wait late"), api.all(late, nodePodState{running: time.Now(), ended: time.Now().Add(time.Second)})...)
	n := startNode(t, api.first(api.all(before, nodePodState{}), append(lines, "! hold")...), func(config *Config) {
		config.Wait.Timeout = time.Minute // however slow this machine is
	})
	var group sync.WaitGroup
	for some := range slices.Chunk(pods, nodeAtOnce) {
		for _, p := range some {
			group.Go(func() {
				_, err := c.runPod(p, nodeMoment(p))
				assert.NoError(t, err)
			})
		}
		if some[0] == meanwhile[0] {
			n.await(&n.seen, 1, "the first container is not seen", ofPods(some))
			n.player.Open("meanwhile")
		}
		group.Wait()
	}
	n.await(&n.seen, len(late)*nodeShortEvents, "the last containers are not seen", ofPods(late))
	assert.Empty(t, n.told.events(ofPods(late)), "nobody knows them yet")
	n.player.Open("late")
	n.await(&n.told, len(late)*nodeShortEvents, "what waited does not go on", ofPods(late))
	n.finish(pods)

	known := map[string]string{}
	for text, some := range map[string][]nodePod{"before": before, "meanwhile": meanwhile, "afterwards": late} {
		for _, p := range some {
			known[p.name] = text
		}
	}
	table := judgeShort(n.told.events(func(nodeEvent) bool { return true }), pods, known)
	t.Logf("events of %d containers of a moment\n%s", len(pods), table)
	for _, text := range []string{"before", "meanwhile", "afterwards"} {
		for _, event := range []string{names.EventProcessExec, names.EventProcessExit} {
			table.requireNamed(t, event+", known "+text)
		}
	}
	all := 0
	for what, row := range table {
		if what != otherEvents {
			all += row.all
		}
	}
	assert.Equal(t, nodeShortPods*nodeShortEvents, all, "every event is there, once")
}

var shortName = regexp.MustCompile(`moment-\d+`)

const otherEvents = "others of their containers"

// judgeShort holds events against the pods that their programs say they are of; exits have the process of an exec.
func judgeShort(events []nodeEvent, pods []nodePod, known map[string]string) nodeTable {
	table, owners, containers := nodeTable{}, map[[2]any]nodePod{}, byContainer(pods)
	byName := map[string]nodePod{}
	for _, p := range pods {
		byName[p.name] = p
	}
	for _, e := range events {
		if p, ok := byName[shortName.FindString(e.says())]; ok {
			owners[e.process()] = p
		}
		p, says := owners[e.process()]
		switch {
		case says:
			table.judge(e.name+", known "+known[p.name], e.resource, p.named(), names.EnrichmentReason)
		case containers[e.container()].name != "":
			table.judge(otherEvents, e.resource, containers[e.container()].named(), names.EnrichmentReason)
		}
	}
	return table
}
