// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"strings"
)

// The configurations of what runs pods. Words in braces are replaced.
var (
	//go:embed containerd.toml
	containerdConfiguration string
	//go:embed network.json
	networkConfiguration string
	//go:embed kubelet.yaml
	kubeletConfiguration string
	//go:embed proxy.yaml
	proxyConfiguration string
)

const containerdSocket = "/run/containerd/containerd.sock"

func (c *Cluster) configuration(name string) string {
	return filepath.Join(c.options.State, "configuration", name)
}

// configure writes the configurations.
func (c *Cluster) configure() error {
	certificate, key := c.credentials.pair(servingPair)
	replace := strings.NewReplacer(
		"{networks}", c.configuration("networks"), "{pause}", PauseImage, "{pods}", c.options.Pods.String(),
		"{authority}", c.credentials.authority, "{certificate}", certificate, "{key}", key,
		"{socket}", containerdSocket, "{port}", decimal(KubeletPort), "{readOnlyPort}", decimal(KubeletReadOnlyPort),
		"{resolver}", c.configuration("resolv.conf"), "{kubeconfig}", c.credentials.kubeconfig(proxyName), "{node}", NodeName,
	)
	for name, content := range map[string]string{
		"containerd.toml": containerdConfiguration, "networks/10-pods.conflist": networkConfiguration,
		"kubelet.yaml": kubeletConfiguration, "proxy.yaml": proxyConfiguration,
		// Nobody resolves names.
		"resolv.conf": "nameserver " + MachineAddress.String() + "\n",
	} {
		path := c.configuration(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(replace.Replace(content)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// startRuntime starts containerd and gives it the images that every cluster has.
func (c *Cluster) startRuntime(ctx context.Context) error {
	if err := c.run("/usr/bin/containerd", "--config", c.configuration("containerd.toml")); err != nil {
		return err
	}
	if err := c.poll(ctx, "containerd", func() error {
		_, err := c.Run(ctx, "ctr", "version")
		return err
	}); err != nil {
		return err
	}
	for _, image := range []Image{pauseImage(), Busybox()} {
		if err := c.ImportImage(ctx, image); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) startKubelet(context.Context) error {
	kubernetes := c.options.Kubernetes
	if err := c.run(kubernetes.path(kubeletName),
		"--config="+c.configuration("kubelet.yaml"), "--kubeconfig="+c.credentials.kubeconfig(kubeletName),
		"--hostname-override="+NodeName, "--node-ip="+NodeAddress.String()); err != nil {
		return err
	}
	return c.run(kubernetes.path(proxyName), "--config="+c.configuration("proxy.yaml"))
}
