// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
)

// Ports within the node's network.
const (
	apiPort  = 6443
	etcdPort = 2379
	peerPort = 2380
	// KubeletPort is where the kubelet answers who proves itself with a token of the cluster.
	KubeletPort = 10250
	// KubeletReadOnlyPort is where the kubelet answers everybody.
	KubeletReadOnlyPort = 10255
)

// startControlPlane starts what the cluster is managed by.
func (c *Cluster) startControlPlane(ctx context.Context) error {
	if err := errors.Join(c.run(c.etcdCommand()...), c.run(c.apiServerCommand()...)); err != nil {
		return err
	}
	// The others end if they come before the API server has made its roles.
	if err := c.waitAPIServer(ctx); err != nil {
		return err
	}
	return errors.Join(c.run(c.controllerManagerCommand()...), c.run(c.schedulerCommand()...))
}

func (c *Cluster) waitAPIServer(ctx context.Context) error {
	return c.poll(ctx, "the API server", func() error {
		_, err := c.api.get(ctx, "/readyz")
		return err
	})
}

func loopback(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

func (c *Cluster) etcdCommand() []string {
	return []string{
		"/usr/bin/etcd", "--data-dir=/var/lib/etcd",
		"--listen-client-urls=" + loopback(etcdPort), "--advertise-client-urls=" + loopback(etcdPort),
		"--listen-peer-urls=" + loopback(peerPort), "--initial-advertise-peer-urls=" + loopback(peerPort),
		"--initial-cluster=default=" + loopback(peerPort),
	}
}

func (c *Cluster) apiServerCommand() []string {
	certificate, key := c.credentials.pair(servingPair)
	clientCertificate, clientKey := c.credentials.pair(apiClientPair)
	accountCertificate, accountKey := c.credentials.pair(serviceKey)
	return []string{
		c.options.Kubernetes.path(apiServer),
		"--etcd-servers=" + loopback(etcdPort),
		"--advertise-address=" + NodeAddress.String(), "--secure-port=" + decimal(apiPort),
		"--tls-cert-file=" + certificate, "--tls-private-key-file=" + key,
		"--client-ca-file=" + c.credentials.authority,
		"--token-auth-file=" + c.credentials.path(tokenFile),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + accountCertificate, "--service-account-signing-key-file=" + accountKey,
		"--service-cluster-ip-range=" + Services.String(),
		"--kubelet-certificate-authority=" + c.credentials.authority,
		"--kubelet-client-certificate=" + clientCertificate, "--kubelet-client-key=" + clientKey,
		"--kubelet-preferred-address-types=InternalIP",
		"--allow-privileged",
		// The shortest time that a server which ends leaves its watchers.
		"--shutdown-delay-duration=0s",
	}
}

func (c *Cluster) controllerManagerCommand() []string {
	_, accountKey := c.credentials.pair(serviceKey)
	user := c.credentials.kubeconfig(controllerManager)
	return []string{
		c.options.Kubernetes.path(controllerManager),
		"--kubeconfig=" + user, "--authentication-kubeconfig=" + user, "--authorization-kubeconfig=" + user,
		"--use-service-account-credentials", "--service-account-private-key-file=" + accountKey,
		"--root-ca-file=" + c.credentials.authority,
		"--leader-elect=false", "--bind-address=127.0.0.1", "--cert-dir=/var/lib/" + controllerManager,
	}
}

func (c *Cluster) schedulerCommand() []string {
	user := c.credentials.kubeconfig(schedulerName)
	return []string{
		c.options.Kubernetes.path(schedulerName),
		"--kubeconfig=" + user, "--authentication-kubeconfig=" + user, "--authorization-kubeconfig=" + user,
		"--leader-elect=false", "--bind-address=127.0.0.1", "--cert-dir=/var/lib/" + schedulerName,
	}
}
