// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// nodeScript makes the node's mounts and then keeps its namespaces.
//
//go:embed node.sh
var nodeScript string

// Names of the two ends of the cable.
const (
	hostInterface = "meerkat-e2e"
	nodeInterface = "uplink"
)

// node is the namespaces that the node consists of.
type node struct {
	// keeper is its first process, which ends all others when life is closed, or when the test's process is gone.
	keeper *component
	life   io.Closer
}

// startNode makes the namespaces and the cable to them. The caller stops the node, also if there is an error too.
func startNode(ctx context.Context, state, logs string) (*node, error) {
	log := filepath.Join(logs, nodeProcess+".log")
	if err := os.RemoveAll(log); err != nil {
		return nil, err
	}
	life, closer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer life.Close()
	keeper, err := startComponent(nodeProcess, logs, life, "unshare", "--mount", "--net", "--propagation", "slave",
		"sh", "-c", nodeScript, "node.sh", state)
	if err != nil {
		return nil, errors.Join(err, closer.Close())
	}
	n := &node{keeper: keeper, life: closer}
	if err := n.waitReady(ctx, log); err != nil {
		return n, err
	}
	return n, n.connect(ctx)
}

func (n *node) waitReady(ctx context.Context, log string) error {
	for {
		said, err := os.ReadFile(log)
		if err != nil || bytes.HasSuffix(said, []byte("ready\n")) {
			return err
		}
		select {
		case <-n.keeper.ended:
			return fmt.Errorf("it has ended and says: %s", said)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// connect lays a cable between this machine and the node. Nothing is routed over it, so that the node reaches
// this machine and no more.
func (n *node) connect(ctx context.Context) error {
	pid := decimal(n.keeper.pid())
	for _, arguments := range [][]string{
		{"ip", "link", "add", hostInterface, "type", "veth", "peer", "name", nodeInterface, "netns", pid},
		{"ip", "address", "add", hostAddress.String(), "dev", hostInterface},
		{"ip", "link", "set", hostInterface, "up"},
		n.enter("ip", "address", "add", nodeAddress.String(), "dev", nodeInterface),
		n.enter("ip", "link", "set", nodeInterface, "up"),
		n.enter("ip", "route", "add", "default", "via", MachineAddress.String()),
	} {
		if _, err := output(exec.CommandContext(ctx, arguments[0], arguments[1:]...)); err != nil {
			return err
		}
	}
	return nil
}

// enter is a command that runs another on the node, in the same process.
func (n *node) enter(arguments ...string) []string {
	return append([]string{"nsenter", "--target", decimal(n.keeper.pid()), "--mount", "--net", "--"}, arguments...)
}

func (n *node) hostPath(path string) string {
	return filepath.Join("/proc", decimal(n.keeper.pid()), "root", path)
}

// Run runs a command on the node, outside of all pods, and returns what it printed.
func (c *Cluster) Run(ctx context.Context, arguments ...string) (string, error) {
	entered := c.node.enter(arguments...)
	return output(exec.CommandContext(ctx, entered[0], entered[1:]...))
}

// checkMachine refuses a machine on which the cluster would meet another.
func checkMachine() error {
	if os.Geteuid() != 0 {
		return errors.New("start a cluster: only root can")
	}
	if found := traces(); len(found) > 0 {
		return fmt.Errorf("start a cluster: another one runs here, or one was not stopped well: there is %s "+
			"(stop it; if nothing uses them, remove cgroups with rmdir and the interface with ip link delete)", found)
	}
	return nil
}
