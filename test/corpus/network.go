// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// The network of the recording is a namespace with a bridge, on which everything lies that is outside of containers. It leads nowhere else.
const (
	outsideName = "meerkat-corpus"
	bridge      = "corpus0"
	// insideAddress has what belongs to the workloads' owners, attackerAddress what does not. Both are reserved for documents or private.
	insideAddress   = "10.88.0.1"
	resolverAddress = "10.88.0.53"
	attackerAddress = "198.51.100.7"
	poolAddress     = "203.0.113.9"
)

// network is the namespace of everything outside of containers.
type network struct {
	own, outside int // descriptors of namespaces
	devices      atomic.Uint32
}

func command(name string, arguments ...string) error {
	output, err := exec.Command(name, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments, " "), err, output)
	}
	return nil
}

// ip runs several commands of ip, one a line.
func ip(lines string) error {
	for line := range strings.Lines(lines) {
		if fields := strings.Fields(line); len(fields) > 0 {
			if err := command("ip", fields...); err != nil {
				return err
			}
		}
	}
	return nil
}

func newNetwork() (*network, error) {
	_ = exec.Command("ip", "netns", "delete", outsideName).Run() // of a recording that was ended
	n := &network{}
	// A bridge without an address of its own has that of a port, which changes with containers.
	lines := []string{"netns add NS\n-n NS link set lo up\n-n NS link add BR address 02:00:00:00:00:01 type bridge\n-n NS link set BR up\n-n NS addr add " + insideAddress + "/16 dev BR\n"}
	for _, address := range []string{resolverAddress, attackerAddress, poolAddress} {
		lines = append(lines, "-n NS addr add "+address+"/32 dev BR\n")
	}
	if err := ip(strings.NewReplacer("NS", outsideName, "BR", bridge).Replace(strings.Join(lines, ""))); err != nil {
		return nil, err
	}
	var err error
	if n.own, err = unix.Open("/proc/self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return nil, err
	}
	n.outside, err = unix.Open("/run/netns/"+outsideName, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return n, err
}

// add makes the namespace of a container with an address on the bridge.
func (n *network) add(name, address string) error {
	_ = exec.Command("ip", "netns", "delete", name).Run()
	// The kernel takes devices away some time after their namespace, so that names are not used again.
	// The hardware's address follows from the other one, since neighbours remember it when another container has that.
	parsed := net.ParseIP(address).To4()
	hardware := fmt.Sprintf("02:00:0a:58:%02x:%02x", parsed[2], parsed[3])
	device := fmt.Sprint("corpusv", n.devices.Add(1))
	return ip(strings.NewReplacer("NS", name, "OUT", outsideName, "VETH", device, "BR", bridge, "ADDRESS", address, "HARDWARE", hardware, "GATE", insideAddress).Replace(
		"netns add NS\n-n NS link set lo up\n-n OUT link add VETH type veth peer name eth0 address HARDWARE netns NS\n-n OUT link set VETH master BR up\n" +
			"-n NS addr add ADDRESS/16 dev eth0\n-n NS link set eth0 up\n-n NS route add default via GATE\n"))
}

func (n *network) remove(name string) error { return command("ip", "netns", "delete", name) }

func (n *network) close() error {
	return errors.Join(n.remove(outsideName), unix.Close(n.outside), unix.Close(n.own))
}

// within runs a function outside of containers. Sockets that it makes stay there.
func (n *network) within(f func() error) error {
	runtime.LockOSThread()
	if err := unix.Setns(n.outside, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	err := f()
	if back := unix.Setns(n.own, unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, back) // the thread ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// dial connects to a container from outside.
func (n *network) dial(address string) (connection net.Conn, err error) {
	err = n.within(func() (err error) {
		connection, err = net.DialTimeout("tcp4", address, patience)
		return err
	})
	return connection, err
}

// exists tells whether there is a file.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
