// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package cluster builds and runs a real Kubernetes of one node for tests: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, kubelet, kube-proxy, containerd and runc.
//
// The node is a mount namespace and a network namespace of its own, in which all of these run with their
// usual folders and ports: interfaces, rules of the packet filter, mounts, sockets and state vanish with it.
// Processes and cgroups are the machine's, so that what watches the machine's kernel sees them as on any node.
// It never leaves anything behind when it is stopped, never changes a cluster that the machine may be part of
// (it refuses to start beside one), never reaches another network, and takes nothing from a registry of images.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/client-go/rest"
)

// Options say how a cluster is started. Kubernetes, State and Logs are needed.
type Options struct {
	// Kubernetes is what Build returned.
	Kubernetes Kubernetes
	// State is a folder for everything that the cluster keeps. Start makes it and Stop removes it. It must
	// not be below /run, /var/lib or /var/log, for the node has such folders of its own.
	State string
	// Logs is a folder for what the components say, in files <component>.log. It stays.
	Logs string
	// Pods is the range that pods have their addresses from, DefaultPods if not set. From a small one, such as a
	// /27, addresses are used again soon: they are given out in turn, each to one pod at a time.
	Pods netip.Prefix
}

// NodeName is the name of the node.
const NodeName = "node1"

// Addresses of the node's network.
var (
	// hostAddress and nodeAddress are the two ends of the cable between this machine and the node. The range is
	// reserved for tests of networks.
	hostAddress = netip.MustParsePrefix("198.18.77.1/30")
	nodeAddress = netip.MustParsePrefix("198.18.77.2/30")
	// NodeAddress is the node's address, which this machine reaches too.
	NodeAddress = nodeAddress.Addr()
	// MachineAddress is this machine's, which to the cluster is somewhere outside.
	MachineAddress = hostAddress.Addr()
	// DefaultPods is enough for all pods that a kubelet runs.
	DefaultPods = netip.MustParsePrefix("10.244.0.0/24")
	// Services is the range of the Services' addresses, ServiceOfAPI what the API server has of it.
	Services     = netip.MustParsePrefix("10.96.0.0/24")
	ServiceOfAPI = netip.MustParseAddr("10.96.0.1")
)

// Deadlines; what they bound takes a few seconds on an idle machine.
const (
	startTimeout = 3 * time.Minute
	stopTimeout  = time.Minute
	pollEvery    = 50 * time.Millisecond
)

// Cluster is one that was started. Its methods may be called from one goroutine at a time.
type Cluster struct {
	options     Options
	node        *node
	credentials credentials
	components  []*component
	api         client
}

// Start returns when the node is ready for pods. What was started is stopped if that fails.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	if !options.Pods.IsValid() {
		options.Pods = DefaultPods
	}
	if err := checkMachine(); err != nil {
		return nil, err
	}
	c := &Cluster{options: options}
	startCtx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.start(startCtx); err != nil {
		return nil, errors.Join(fmt.Errorf("start a cluster: %w; see the logs in %s", err, options.Logs), c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	for _, folder := range []string{c.options.State, c.options.Logs} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	var err error
	if c.credentials, err = makeCredentials(c.options.State); err != nil {
		return fmt.Errorf("make certificates and tokens: %w", err)
	}
	if c.api, err = newClient(c.Config()); err != nil {
		return err
	}
	if c.node, err = startNode(ctx, c.options.State, c.options.Logs); err != nil {
		return fmt.Errorf("start the node's namespaces: %w", err)
	}
	if err := c.configure(); err != nil {
		return fmt.Errorf("configure the components: %w", err)
	}
	for _, start := range []func(context.Context) error{c.startRuntime, c.startControlPlane, c.startKubelet} {
		if err := start(ctx); err != nil {
			return err
		}
	}
	return c.waitNode(ctx)
}

// Config is for clients on this machine that may do everything.
func (c *Cluster) Config() *rest.Config {
	return &rest.Config{
		Host: c.credentials.server, BearerToken: c.credentials.tokens[adminUser],
		TLSClientConfig: rest.TLSClientConfig{CAFile: c.credentials.authority}, QPS: -1,
	}
}

// Kubeconfig is the path of such a client's configuration as a file, for kubectl and the like.
func (c *Cluster) Kubeconfig() string { return c.credentials.kubeconfig(adminUser) }

// AdminToken is what such a client proves itself with.
func (c *Cluster) AdminToken() string { return c.credentials.tokens[adminUser] }

// Authority is the path of the certificate that the API server and the kubelet are known by.
func (c *Cluster) Authority() string { return c.credentials.authority }

// Log is the file that a component's log is in: containerd, etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler, kubelet, kube-proxy or node.
func (c *Cluster) Log(component string) string {
	return filepath.Join(c.options.Logs, component+".log")
}

// HostPath is where this machine sees the file that has this path on the node.
func (c *Cluster) HostPath(path string) string { return c.node.hostPath(path) }

// KillAPIServer kills the API server and returns when it is gone. What it knew stays in etcd.
func (c *Cluster) KillAPIServer() error {
	i := slices.IndexFunc(c.components, func(p *component) bool { return p.name == apiServer })
	if i < 0 {
		return errors.New("kill the API server: it does not run")
	}
	killed := c.components[i]
	c.components = slices.Delete(c.components, i, i+1)
	return killed.kill()
}

// StartAPIServer starts it again after KillAPIServer, and returns when it is ready.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	if err := c.run(c.apiServerCommand()...); err != nil {
		return err
	}
	return c.waitAPIServer(ctx)
}
