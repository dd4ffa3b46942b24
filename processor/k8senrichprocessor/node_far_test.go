// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// nodeCalls is how often each client asks each server, and each prober knocks at a port where nobody listens.
const nodeCalls = 10

// The pods of the test, by what they do. Both passers have the same address, one after the other.
var (
	greeter     = nodePod{number: 300, name: "greeter-0", job: "greeter", address: "10.0.1.2"}
	nodeGreeter = nodePod{number: 301, name: "node-greeter-0", job: "node-greeter"}
	caller      = nodePod{number: 302, name: "caller-0", job: "caller", address: "10.0.1.3"}
	nodeCaller  = nodePod{number: 303, name: "node-caller-0", job: "node-caller"}
	passers     = []nodePod{
		{number: 304, name: "first-0", job: "first", address: "10.0.1.4"},
		{number: 305, name: "second-0", job: "second", address: "10.0.1.4"},
	}
	prober = nodePod{number: 306, name: "prober-0", job: "prober", address: "10.0.1.5"}
)

// nodeServe answers requests on a port, and nodeAsk makes some to both servers.
func nodeServe(p nodePod, port int) string {
	return fmt.Sprintf("/bin/busybox httpd -f -p %d -h /tmp & while [ ! -e /tmp/stop-%s ]; do /bin/busybox usleep 50000; done; kill $!", port, p.name)
}

func nodeAsk() string {
	return fmt.Sprintf("i=0; while [ $i -lt %d ]; do i=$((i+1)); for at in 10.0.1.2:8080 192.168.0.1:8081; do "+
		"/bin/busybox wget -q -O /dev/null http://$at/answer || exit 1; done; done; exit 0", nodeCalls)
}

// nodeAskAndStay goes on afterwards.
func nodeAskAndStay(p nodePod) string {
	return fmt.Sprintf("(%s); while [ ! -e /tmp/stop-%s ]; do /bin/busybox usleep 50000; done", nodeAsk(), p.name)
}

// nodeProbe knocks at the passers' address, at port 1 and then at port 2, each when it is told to.
func nodeProbe(p nodePod) string {
	return fmt.Sprintf("for port in 1 2; do while [ ! -e /tmp/probe-$port ]; do if [ -e /tmp/stop-%s ]; then exit 0; fi; /bin/busybox usleep 50000; done; "+
		"i=0; while [ $i -lt %d ]; do i=$((i+1)); /bin/busybox nc -w 5 %s $port; done; done; exit 0", p.name, nodeCalls, passers[0].address)
}

// inNodeNetwork puts pods where their addresses are.
func inNodeNetwork(pods ...nodePod) []nodePod {
	var placed []nodePod
	for _, p := range pods {
		p.network = networkOf(p.address)
		placed = append(placed, p)
	}
	return placed
}

// Who is at the other end of a connection is known at both, in the network of pods and in the node's, while an address
// goes from one pod to another. What an address alone tells, the API server tells only afterwards.
func TestNode_farEnds(t *testing.T) {
	c := startNodeContainerd(t)
	makeNodeNetwork(t, "10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.1.5")
	c.leave("answer")
	pods := inNodeNetwork(greeter, nodeGreeter, caller, nodeCaller, passers[0], passers[1], prober)
	lasting := slices.Concat(pods[:4], pods[6:])
	api := newNodeAPI(t, recordedCluster)
	there := api.all(lasting, nodePodState{running: time.Now()})
	n := startNode(t, api.first(there, "! wait news"), func(config *Config) {
		config.Scope, config.Wait.Timeout = scopeCluster, time.Minute
	})
	c.startPod(pods[0], nodeServe(pods[0], 8080))
	c.startPod(pods[1], nodeServe(pods[1], 8081))
	for _, address := range []string{"10.0.1.2:8080", "192.168.0.1:8081"} {
		require.Eventually(t, func() bool {
			return nodeAnswers(nodeNetwork, address)
		}, nodePatience, nodePollEvery, "%s does not answer", address)
	}
	endProber := c.startPod(pods[6], nodeProbe(pods[6]))
	for _, p := range pods[2:4] {
		_, err := c.runPod(p, nodeAsk())
		require.NoError(t, err)
	}
	first := n.pass(c, pods[4], 1)
	// The kubelet tells of times in whole seconds, so a second more is what it takes to tell the two apart.
	require.Eventually(t, func() bool { return time.Since(first.ended) > 2*time.Second }, nodePatience, nodePollEvery)
	second := n.pass(c, pods[5], 2)
	endProber()
	n.player.Add(api.again(append(there, api.says(pods[4], first), api.says(pods[5], second)), "! hold"))
	n.player.Open("news")

	table := judgeNodeEnds(n.finish(pods), pods)
	t.Logf("records of connections; two pods had the address %s\n%s", passers[0].address, table)
	assertEnds(t, table)
}

// assertEnds holds the table against what the clients have done.
func assertEnds(t *testing.T, table nodeTable) {
	t.Helper()
	table.requireNamed(t)
	for _, client := range []string{"caller", "node-caller", "first", "second"} {
		for _, server := range []string{"greeter", "node-greeter"} {
			for _, what := range []string{"tcp.connect of %s to %s", "tcp.close of %s to %s", "tcp.accept at %[2]s from %[1]s", "tcp.close at %[2]s from %[1]s"} {
				row := "meerkat." + fmt.Sprintf(what, client, server)
				if assert.Contains(t, table, row) {
					assert.Equal(t, nodeCalls, table[row].all, row)
				}
			}
		}
	}
	for _, row := range []string{"refused by the address while first had it", "refused by the address while second had it"} {
		if assert.Contains(t, table, row) {
			assert.Equal(t, nodeCalls, table[row].all, row)
		}
	}
}

// pass lets a pod come, make its calls, be knocked at and go, and returns when that was.
func (n *nodePipeline) pass(c *nodeContainerd, p nodePod, port int64) (ran nodePodState) {
	n.t.Helper()
	ran.running = time.Now()
	end := c.startPod(p, nodeAskAndStay(p))
	n.await(&n.seen, 2*nodeCalls, p.name+" does not call", func(e nodeEvent) bool {
		return e.container() == p.containerID() && e.name == names.EventTCPClose
	})
	c.leave(fmt.Sprintf("probe-%d", port))
	n.await(&n.seen, nodeCalls, p.name+" is not knocked at", func(e nodeEvent) bool {
		return e.name == names.EventTCPConnect && e.attributes[names.ServerPort] == port
	})
	end()
	ran.ended = time.Now()
	return ran
}

// judgeNodeEnds holds what each record says of its far end against the container that the kernel saw there.
func judgeNodeEnds(events []nodeEvent, pods []nodePod) nodeTable {
	table, known := nodeTable{}, byContainer(pods)
	ends := map[string]map[[4]any]nodePod{"client": {}, "server": {}}
	for _, e := range events {
		if e.name == names.EventTCPConnect || e.name == names.EventTCPAccept {
			ends[e.side()][e.connection()] = known[e.container()]
		}
	}
	for _, e := range events {
		near, server, client := known[e.container()].job, ends["server"][e.connection()], ends["client"][e.connection()]
		port, _ := e.attributes[names.ServerPort].(int64)
		switch {
		case e.side() == "":
		case e.side() == "client" && (port == 1 || port == 2):
			at := passers[port-1]
			table.judge("refused by the address while "+at.job+" had it", e.attributes, at.asFarEnd(), names.PeerEnrichmentReason)
		case e.side() == "client" && server.job != "":
			table.judge(fmt.Sprintf("%s of %s to %s", e.name, near, server.job), e.attributes, server.asFarEnd(), names.PeerEnrichmentReason)
		case e.side() == "server" && client.job != "":
			table.judge(fmt.Sprintf("%s at %s from %s", e.name, near, client.job), e.attributes, client.asFarEnd(), names.PeerEnrichmentReason)
		}
	}
	return table
}
