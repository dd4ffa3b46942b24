// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nodeNetwork is the network namespace that stands for the node's own: no traffic is seen outside of what the test
// made.
const nodeNetwork = "meerkat-test-node"

// networkOf is the network namespace of the pods with an address.
func networkOf(address string) string {
	if address == "" {
		return nodeNetwork
	}
	return "meerkat-test-" + address
}

// makeNodeNetwork makes the network of a node: a bridge, and on it a network namespace for each address of a pod, as
// the usual plugins do.
func makeNodeNetwork(t *testing.T, addresses ...string) {
	t.Helper()
	addNetwork(t, nodeNetwork)
	inNode := "-n " + nodeNetwork + " "
	ip(t, inNode+"link add bridge type bridge")
	ip(t, inNode+"address add 10.0.1.1/24 dev bridge")
	ip(t, inNode+"address add 192.168.0.1/32 dev lo")
	ip(t, inNode+"link set bridge up")
	for number, address := range addresses {
		pod := networkOf(address)
		addNetwork(t, pod)
		inPod := "-n " + pod + " "
		ip(t, fmt.Sprintf("%slink add pod%d type veth peer name eth0 netns %s", inNode, number, pod))
		ip(t, fmt.Sprintf("%slink set pod%d master bridge up", inNode, number))
		ip(t, inPod+"address add "+address+"/24 dev eth0")
		ip(t, inPod+"link set eth0 up")
		ip(t, inPod+"route add default via 10.0.1.1")
	}
}

// addNetwork makes a network namespace, which goes when the test ends.
func addNetwork(t *testing.T, name string) {
	t.Helper()
	_ = exec.Command("ip", "netns", "delete", name).Run() // one that a test left that was killed
	ip(t, "netns add "+name)
	t.Cleanup(func() {
		output, err := exec.Command("ip", "netns", "delete", name).CombinedOutput()
		assert.NoError(t, err, string(output))
	})
	ip(t, "-n "+name+" link set lo up")
}

func ip(t *testing.T, command string) {
	t.Helper()
	output, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput()
	require.NoError(t, err, "ip %s: %s", command, output)
}

// nodeAnswers tells whether there is an answer at an address, asked from a network namespace.
func nodeAnswers(network, address string) bool {
	return exec.Command("ip", "netns", "exec", network, "busybox", "wget", "-q", "-O", "/dev/null", "http://"+address+"/answer").Run() == nil
}
