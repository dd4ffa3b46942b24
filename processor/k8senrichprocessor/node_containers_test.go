// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// nodePod is a pod of a Job, with one container. Its number makes its ids and all names but its own.
type nodePod struct {
	number int
	name   string
	job    string
	// address is the pod's own; one without shares the node's network.
	address string
	// network is the network namespace it runs in; empty is that of this machine.
	network string
}

func (p nodePod) uid() string         { return fmt.Sprintf("00000000-0000-4000-8000-%012d", 700+p.number) }
func (p nodePod) containerID() string { return fmt.Sprintf("%064x", 0xbeef0000+p.number) }
func (p nodePod) container() string   { return fmt.Sprintf("container-%d", p.number) }
func (p nodePod) image() string       { return fmt.Sprintf("registry.example.com/test/image-%d", p.number) }
func (p nodePod) namespace() string   { return fmt.Sprintf("namespace-%d", p.number) }

// runtimeNamed is what the runtime's state on this node tells of the container.
func (p nodePod) runtimeNamed() map[string]any {
	return map[string]any{
		names.ContainerID: p.containerID(), names.ContainerName: p.container(), names.ContainerImageName: p.image(),
		names.K8sContainerName: p.container(), names.K8sPodName: p.name, names.K8sPodUID: p.uid(), names.K8sNamespaceName: p.namespace(),
	}
}

// named is all that there is to tell.
func (p nodePod) named() map[string]any {
	all := p.runtimeNamed()
	all[names.K8sJobName], all[names.K8sNodeName], all[names.EnrichmentStatus] = p.job, nodeName, "resolved"
	return all
}

// asFarEnd is what is to be said of the pod at the other end of its connections.
func (p nodePod) asFarEnd() map[string]any {
	return map[string]any{
		names.PeerKind: "job", names.PeerName: p.job, names.PeerNamespaceName: p.namespace(), names.PeerPodName: p.name,
		names.PeerPodUID: p.uid(), names.PeerNodeName: nodeName,
	}
}

// annotations are those that containerd's part for Kubernetes writes.
func (p nodePod) annotations() []string {
	return []string{
		"io.kubernetes.cri.container-type=container", "io.kubernetes.cri.container-name=" + p.container(),
		"io.kubernetes.cri.image-name=" + p.image() + ":1", "io.kubernetes.cri.sandbox-name=" + p.name,
		"io.kubernetes.cri.sandbox-namespace=" + p.namespace(), "io.kubernetes.cri.sandbox-uid=" + p.uid(),
	}
}

// ofPods wants the events of some pods' containers.
func ofPods(pods []nodePod) func(nodeEvent) bool {
	known := byContainer(pods)
	return func(e nodeEvent) bool { _, ok := known[e.container()]; return ok }
}

func byContainer(pods []nodePod) map[string]nodePod {
	known := map[string]nodePod{}
	for _, p := range pods {
		known[p.containerID()] = p
	}
	return known
}

// nodeContainerd is a containerd of its own. The receiver's tests have one too; the lock keeps them apart, since every
// containerd has its state in the same place.
type nodeContainerd struct {
	t               *testing.T
	address, rootfs string
}

const (
	nodeContainerdLock = "/run/lock/meerkat-test-containerd"
	// nodePodsParent is the cgroup that the pods' cgroups are in.
	nodePodsParent = "/meerkat-test-node-kubepods"
)

func startNodeContainerd(t *testing.T) *nodeContainerd {
	t.Helper()
	lock, err := os.OpenFile(nodeContainerdLock, os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { _ = lock.Close() })
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	d := t.TempDir()
	c := &nodeContainerd{t, filepath.Join(d, "containerd.sock"), filepath.Join(d, "rootfs")}
	logFile, err := os.Create(filepath.Join(d, "containerd.log"))
	require.NoError(t, err)
	daemon := exec.Command("containerd", "--config", "/dev/null", "--root", filepath.Join(d, "root"), "--address", c.address)
	daemon.Stdout, daemon.Stderr = logFile, logFile
	require.NoError(t, daemon.Start(), "install containerd")
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
		_ = logFile.Close()
	})
	t.Cleanup(func() { removeNodeCgroups(t) })
	require.Eventually(t, func() bool {
		return exec.Command("ctr", "--address", c.address, "version").Run() == nil
	}, nodePatience, nodePollEvery, "containerd does not answer; its log is %s", logFile.Name())
	for _, folder := range []string{"bin", "proc", "sys", "dev", "tmp", "etc"} {
		require.NoError(t, os.MkdirAll(filepath.Join(c.rootfs, folder), 0o755))
	}
	program, err := os.ReadFile("/bin/busybox")
	require.NoError(t, err, "install busybox-static")
	require.NoError(t, os.WriteFile(filepath.Join(c.rootfs, "bin/busybox"), program, 0o755))
	return c
}

// removeNodeCgroups removes those that a kubelet would remove.
func removeNodeCgroups(t *testing.T) {
	t.Helper()
	for _, hierarchy := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} {
		for _, below := range []string{"/besteffort/pod*", "/besteffort", ""} {
			found, err := filepath.Glob(hierarchy + nodePodsParent + below)
			require.NoError(t, err)
			for _, folder := range found {
				assert.NoError(t, os.Remove(folder))
			}
		}
	}
}

// run runs a script in a container, and returns what it printed.
func (c *nodeContainerd) run(id, script string, options ...string) (string, error) {
	arguments := append([]string{"--address", c.address, "--namespace", "k8s.io", "run", "--rm"}, options...)
	command := exec.Command("ctr", append(arguments, "--rootfs", c.rootfs, id, "/bin/busybox", "sh", "-c", script)...)
	// What ctr complains of stands beside it: a newer one warns of every version 1 of cgroups.
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s%s", err, output, &complaints)
	}
	return strings.TrimSpace(string(output)), nil
}

// runPod runs a script in the container of a pod, as the kubelet has it run.
func (c *nodeContainerd) runPod(p nodePod, script string) (string, error) {
	options := []string{"--cgroup", fmt.Sprintf("%s/besteffort/pod%s/%s", nodePodsParent, p.uid(), p.containerID()), "--net-host"}
	if p.network != "" {
		options = append(options[:2], "--with-ns", "network:/run/netns/"+p.network)
	}
	for _, annotation := range p.annotations() {
		options = append(options, "--annotation", annotation)
	}
	return c.run(p.containerID(), script, options...)
}

// startPod runs a script that ends when there is the file /tmp/stop-<name of the pod>. Its end is called for with what
// is returned, which returns what the script printed.
func (c *nodeContainerd) startPod(p nodePod, script string) (end func() string) {
	printed := make(chan string, 1)
	go func() {
		output, err := c.runPod(p, script)
		assert.NoError(c.t, err, p.name)
		printed <- output
	}()
	end = sync.OnceValue(func() string {
		c.leave("stop-" + p.name)
		return <-printed
	})
	c.t.Cleanup(func() { end() })
	return end
}

// leave makes a file that containers find in /tmp.
func (c *nodeContainerd) leave(name string) {
	assert.NoError(c.t, os.WriteFile(filepath.Join(c.rootfs, "tmp", name), nil, 0o600))
}
