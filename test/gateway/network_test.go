// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gateway

import (
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The network is one bridge in a namespace of its own, and a namespace for each who is on it. It leads nowhere else.
const (
	namePrefix = "meerkat-gw-"
	switchName = namePrefix + "switch"

	agent0   = "agent-0"
	agent1   = "agent-1"
	gateway0 = "gateway-0"
	gateway1 = "gateway-1"
	backEnd  = "back-end"
)

// addresses are who is where.
func addresses() map[string]string {
	return map[string]string{agent0: "10.97.0.10", agent1: "10.97.0.11", gateway0: "10.97.0.20", gateway1: "10.97.0.21", backEnd: "10.97.0.30"}
}

// hosts is what names mean on this network: a file as /etc/hosts. A name of both gateways is what a headless Service is in a cluster.
func hosts() string {
	text := "127.0.0.1 localhost\n"
	for name, address := range addresses() {
		text += address + " " + name + "\n"
	}
	return text + addresses()[gateway0] + " gateways\n" + addresses()[gateway1] + " gateways\n"
}

func namespaceOf(name string) string { return namePrefix + name }

// newNetwork makes all of it, which goes when the test ends.
func newNetwork(t testing.TB) {
	t.Helper()
	addNamespace(t, switchName)
	ip(t, "-n "+switchName+" link add bridge type bridge")
	ip(t, "-n "+switchName+" link set bridge up")
	for name, address := range addresses() {
		namespace := namespaceOf(name)
		addNamespace(t, namespace)
		ip(t, fmt.Sprintf("-n %s link add %s type veth peer name eth0 netns %s", switchName, name, namespace))
		ip(t, fmt.Sprintf("-n %s link set %s master bridge up", switchName, name))
		ip(t, fmt.Sprintf("-n %s address add %s/24 dev eth0", namespace, address))
		ip(t, fmt.Sprintf("-n %s link set eth0 up", namespace))
	}
}

func addNamespace(t testing.TB, name string) {
	t.Helper()
	_ = exec.Command("ip", "netns", "delete", name).Run() // one that a test left that was killed
	ip(t, "netns add "+name)
	t.Cleanup(func() {
		output, err := exec.Command("ip", "netns", "delete", name).CombinedOutput()
		assert.NoError(t, err, string(output))
	})
	ip(t, "-n "+name+" link set lo up")
}

func ip(t testing.TB, command string) {
	t.Helper()
	output, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput()
	require.NoError(t, err, "ip %s: %s", command, output)
}

// cutOff takes somebody off the network, and joins them again.
func cutOff(t testing.TB, name string) {
	t.Helper()
	ip(t, fmt.Sprintf("-n %s link set %s down", switchName, name))
}

func join(t testing.TB, name string) {
	t.Helper()
	ip(t, fmt.Sprintf("-n %s link set %s up", switchName, name))
}

// listenAs opens a listening socket of this process in the namespace of somebody on the network.
func listenAs(t testing.TB, name, port string) net.Listener {
	t.Helper()
	return inNamespace(t, name, func() (net.Listener, error) { return net.Listen("tcp4", addresses()[name]+":"+port) })
}

// dialAs connects this process to an address, from the namespace of somebody on the network.
func dialAs(t testing.TB, name, address string) net.Conn {
	t.Helper()
	return inNamespace(t, name, func() (net.Conn, error) { return net.DialTimeout("tcp4", address, patience) })
}

// inNamespace opens a socket in the namespace of somebody on the network.
func inNamespace[S any](t testing.TB, name string, open func() (S, error)) S {
	t.Helper()
	type opened struct {
		socket S
		err    error
	}
	result := make(chan opened)
	go func() {
		// The thread is never unlocked, so it ends with the goroutine and nobody else runs in the namespace.
		runtime.LockOSThread()
		namespace, err := unix.Open("/run/netns/"+namespaceOf(name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(namespace, unix.CLONE_NEWNET)
			_ = unix.Close(namespace)
		}
		if err != nil {
			result <- opened{err: err}
			return
		}
		socket, err := open()
		result <- opened{socket, err}
	}()
	r := <-result
	require.NoError(t, r.err)
	return r.socket
}
