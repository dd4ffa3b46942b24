// SPDX-License-Identifier: Apache-2.0

//go:build linux

package anomalyprocessor

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver"
)

// patience is how long tests wait for what has to come.
const patience = time.Minute

const (
	busybox = "/bin/busybox"
	// containerdLock keeps other tests that run containerd waiting: it keeps its state where every containerd does.
	containerdLock = "/run/lock/meerkat-test-containerd"
)

// containers runs containers under a containerd of its own.
type containers struct {
	t       *testing.T
	address string
	rootfs  string
}

func startContainerd(t *testing.T) *containers {
	t.Helper()
	lock, err := os.OpenFile(containerdLock, os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	t.Cleanup(func() { _ = lock.Close() })
	d := t.TempDir()
	c := &containers{t: t, address: filepath.Join(d, "containerd.sock"), rootfs: filepath.Join(d, "rootfs")}
	daemon := exec.Command("containerd", "--config", "/dev/null", "--root", filepath.Join(d, "root"), "--address", c.address)
	require.NoError(t, daemon.Start(), "install containerd")
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
	})
	require.Eventually(t, func() bool {
		return exec.Command("ctr", "--address", c.address, "version").Run() == nil
	}, patience, 50*time.Millisecond, "containerd does not answer")
	for _, folder := range []string{"bin", "proc", "sys", "dev", "tmp", "etc"} {
		require.NoError(t, os.MkdirAll(filepath.Join(c.rootfs, folder), 0o755))
	}
	program, err := os.ReadFile(busybox)
	require.NoError(t, err, "install busybox-static")
	require.NoError(t, os.WriteFile(filepath.Join(c.rootfs, "bin/busybox"), program, 0o755))
	build := exec.Command("go", "build", "-o", filepath.Join(c.rootfs, "bin/attempt"), "./testdata/attempt")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return c
}

// run runs a command in a container with a network of its own. It returns what was printed, and what became of it.
func (c *containers) run(id string, options []string, command ...string) (string, error) {
	c.t.Helper()
	arguments := append([]string{"--address", c.address, "run", "--rm"}, options...)
	arguments = append(append(arguments, "--rootfs", c.rootfs, id), command...)
	output, err := exec.Command("ctr", arguments...).CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		require.NoError(c.t, err, string(output))
	}
	return string(output), err
}

// enrichment plays k8s_enrich: it says of each container that it is one of the workload. It hands on nothing of anybody else.
type enrichment struct {
	mu   sync.Mutex
	ids  map[string]bool
	next consumer.Logs
}

func (*enrichment) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeLogs implements consumer.Logs.
func (e *enrichment) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	data.ResourceLogs().RemoveIf(func(resource plog.ResourceLogs) bool {
		attributes := resource.Resource().Attributes()
		id, ok := attributes.Get(names.ContainerID)
		if !ok || !e.ids[id.Str()] {
			return true
		}
		for name, value := range map[string]string{
			names.EnrichmentStatus: "resolved", names.K8sNamespaceName: "shop", names.K8sDeploymentName: "web", names.K8sContainerName: "app",
		} {
			attributes.PutStr(name, value)
		}
		return false
	})
	return e.next.ConsumeLogs(ctx, data)
}

func (e *enrichment) of(id string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ids[id] = true
	return id
}

// observe has a receiver observe this kernel for a processor.
func observe(t *testing.T, next consumer.Logs, change func(*ebpfreceiver.Config)) *enrichment {
	t.Helper()
	e := &enrichment{ids: map[string]bool{}, next: next}
	factory := ebpfreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*ebpfreceiver.Config)
	config.Filters.OwnActivity = true
	change(config)
	receiver, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(component.MustNewType("ebpf")), config, e)
	require.NoError(t, err)
	require.NoError(t, receiver.Start(context.WithoutCancel(t.Context()), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, receiver.Shutdown(context.WithoutCancel(t.Context()))) })
	return e
}
