// SPDX-License-Identifier: Apache-2.0

//go:build linux

package anomalyprocessor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver"
)

const learnedWorkload = "shop/deployment/web/app"

// runtimeCapabilities are what containerd gives to a container.
var runtimeCapabilities = []string{
	"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE",
	"CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
}

// script is what the workload does: it needs CAP_CHOWN, and creates processes, files, pipes and a connection to itself.
const script = `set -e
busybox mkdir -p /tmp/data
echo order | busybox tee /tmp/data/order >/dev/null
busybox chown 7:7 /tmp/data/order
busybox nc -l -p 18437 -e /bin/busybox cat &
for try in 1 2 3 4 5 6 7 8 9; do
	echoed=$(busybox cat /tmp/data/order | busybox nc 127.0.0.1 18437) && break
	busybox usleep 200000
done
wait
[ "$echoed" = order ]
busybox rm -r /tmp/data
echo it works`

// learnedCore observes the workload in a real container until its habits are known.
func learnedCore(t *testing.T, c *containers) *core {
	t.Helper()
	config := defaultConfig()
	config.Policy = PolicyConfig{
		Tracers: []string{"privilege", "injection", "mount", "socket"}, Capabilities: append(watchedCapabilities(), runtimeCapabilities...),
	}
	p := newPair(t, config)
	p.core.now = time.Now
	p.start(t)
	t.Cleanup(func() { p.shutdown(t) })
	e := observe(t, p.pipelines[0], func(config *ebpfreceiver.Config) {
		config.Tracers.Privilege.Capabilities = append(watchedCapabilities(), runtimeCapabilities...)
	})
	output, err := c.run(e.of("meerkat-test-learned"), nil, "/bin/busybox", "sh", "-c", script)
	require.NoError(t, err, output)
	require.Contains(t, output, "it works")
	require.Eventually(t, func() bool {
		profile := p.core.profiles.Acquire(learnedWorkload)
		defer profile.Release()
		habits, _ := profile.Habits()
		return slices.ContainsFunc(habits, func(s habit.Seen) bool { return s.Kind == habit.Listen && s.Port == 18437 }) &&
			slices.ContainsFunc(habits, func(s habit.Seen) bool { return s.Name == "CAP_CHOWN" })
	}, patience, 50*time.Millisecond)
	return p.core
}

// What was learned from real events is applied by a real runtime: the workload works as before, and what it has never done the kernel refuses.
func TestPolicy_inContainers(t *testing.T) {
	c := startContainerd(t)
	k := learnedCore(t, c)
	_, _, err := k.policy(learnedWorkload, policySeccomp, false)
	require.ErrorContains(t, err, "still being learned")
	known := k.profiles.Acquire(learnedWorkload)
	known.EndLearning()
	assert.Equal(t, profile.Watching, known.State())
	known.Release()

	seccomp, contentType, err := k.policy(learnedWorkload, policySeccomp, false)
	require.NoError(t, err)
	assert.Equal(t, "application/json", contentType)
	file := filepath.Join(t.TempDir(), "seccomp.json")
	require.NoError(t, os.WriteFile(file, seccomp, 0o600))
	filtered := []string{"--seccomp", "--seccomp-profile", file}
	list, _, err := k.policy(learnedWorkload, policyCapabilities, false)
	require.NoError(t, err)
	added := addedCapabilities(t, list)
	assert.Equal(t, []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE"}, added, "rm asks for the second about a file of somebody else")
	var dropped []string
	for _, name := range runtimeCapabilities {
		if !slices.Contains(added, name) {
			dropped = append(dropped, "--cap-drop", name)
		}
	}

	output, err := c.run("meerkat-test-guarded", append(dropped, filtered...), "/bin/busybox", "sh", "-c", script)
	require.NoError(t, err, output)
	assert.Contains(t, output, "it works")

	attempts := []string{
		"tcp_socket", "udp_socket", "chown", "ptrace", "raw_socket", "packet_socket", "memfd", "io_uring", "bpf", "clone_namespace", "mknod",
		"unshare", "mount", "chroot",
	}
	command := append([]string{"/bin/attempt"}, attempts...)
	unguarded, err := c.run("meerkat-test-unguarded", []string{"--privileged"}, command...)
	require.NoError(t, err, unguarded)
	assert.NotContains(t, unguarded, "EPERM", "without policies nothing is refused")

	byFilter, err := c.run("meerkat-test-filtered", append([]string{"--privileged"}, filtered...), command...)
	require.NoError(t, err, byFilter)
	assert.Equal(t, []string{
		"ptrace", "raw_socket", "packet_socket", "memfd", "io_uring", "bpf", "clone_namespace", "unshare", "mount", "chroot",
	}, refusedOf(byFilter), byFilter)

	byCapabilities, err := c.run("meerkat-test-dropped", dropped, command...)
	require.NoError(t, err, byCapabilities)
	assert.Subset(t, refusedOf(byCapabilities), []string{"raw_socket", "packet_socket", "mknod", "unshare", "mount", "chroot"}, byCapabilities)
	assert.NotContains(t, refusedOf(byCapabilities), "chown")
}

// refusedOf returns what was attempted and refused by the kernel with EPERM.
func refusedOf(output string) []string {
	var all []string
	for line := range strings.Lines(output) {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), " EPERM"); ok {
			all = append(all, name)
		}
	}
	return all
}

// addedCapabilities reads what is added in the part of a container's specification.
func addedCapabilities(t *testing.T, document []byte) []string {
	t.Helper()
	var read struct {
		SecurityContext struct {
			Capabilities struct{ Drop, Add []string }
		} `yaml:"securityContext"`
	}
	require.NoError(t, yaml.Unmarshal(document, &read))
	assert.Equal(t, []string{"ALL"}, read.SecurityContext.Capabilities.Drop)
	var all []string
	for _, name := range read.SecurityContext.Capabilities.Add {
		all = append(all, "CAP_"+name)
	}
	return all
}
