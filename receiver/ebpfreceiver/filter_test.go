// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// What the collector does itself makes no events, unless that is asked for.
func TestFilter_ownActivity(t *testing.T) {
	for name, wanted := range map[string]bool{"left out": false, "asked for": true} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, func(c *Config) {
				only("file")(c)
				c.Filters.OwnActivity = wanted
			})
			d := t.TempDir()
			for i := range 3 {
				require.NoError(t, os.WriteFile(filepath.Join(d, strconv.Itoa(i)), nil, 0o600))
			}
			shell(t, d, `echo > mark`)
			l.one(names.EventFileCreate, at(filepath.Join(d, "mark")))
			if wanted {
				l.one(names.EventFileCreate, at(filepath.Join(d, "2")))
				return
			}
			assert.Empty(t, l.find(names.EventFileCreate, byPID(os.Getpid())))
			assert.GreaterOrEqual(t, l.balance("file")["create"].KeptInKernel, uint64(3))
		})
	}
}

// shellAs runs a script as a user.
func shellAs(t *testing.T, user uint32, d, script string) {
	t.Helper()
	command := exec.Command("/bin/sh", "-ec", script)
	command.Dir = d
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
}

// openFolder is one in which every user can make files.
func openFolder(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("", "meerkat-filter-") //nolint:usetesting // Others may not enter a folder of the test.
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(d)) })
	require.NoError(t, os.Chmod(d, 0o777))
	return d
}

func TestFilter_users(t *testing.T) {
	const user, other = 4321, 4322
	for name, c := range map[string]struct {
		change      func(*FiltersConfig)
		wanted, not uint32
	}{
		"excluded": {func(c *FiltersConfig) { c.Exclude.Users = []uint32{user} }, other, user},
		"included": {func(c *FiltersConfig) { c.Include.Users = []uint32{user} }, user, other},
		"both": {func(c *FiltersConfig) {
			c.Include.Users, c.Exclude.Users = []uint32{user, other}, []uint32{other}
		}, user, other},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, func(config *Config) {
				only("file", "process")(config)
				c.change(&config.Filters)
			})
			d := openFolder(t)
			shellAs(t, c.not, d, `echo > unwanted; /bin/true`)
			shellAs(t, c.wanted, d, `echo > wanted; /bin/true`)
			l.one(names.EventFileCreate, at(filepath.Join(d, "wanted")))
			byUser := func(user uint32) func(record) bool {
				return func(r record) bool { return r.num(names.ProcessUserID) == int64(user) }
			}
			require.Eventually(t, func() bool { return len(l.find(names.EventProcessExec, byUser(c.wanted))) >= 2 }, patience, 10*time.Millisecond)
			l.balance("process")
			for _, event := range []string{names.EventFileCreate, names.EventProcessExec, names.EventProcessExit} {
				assert.Empty(t, l.find(event, byUser(c.not)), event)
			}
			// The kernel half keeps what it can; of processes it tells everything, for their identity.
			assert.Positive(t, l.balance("file")["create"].KeptInKernel)
			assert.Zero(t, l.balance("process")["exec"].KeptInKernel)
		})
	}
}

// From the second event on the kernel half knows that a program is not wanted, and that its children that
// execute nothing are the same program; another one that they execute is.
func TestFilter_executables(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("file", "process")(c)
		c.Filters.Exclude.Executables = []string{"/*/unwanted"}
	})
	d := t.TempDir()
	program, err := os.ReadFile("/bin/sh")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(d, "unwanted"), program, 0o755))
	script := `i=0; while [ $i -lt 20 ]; do echo > u$i; i=$((i+1)); sleep 0.05; done; (echo > u20; exec ` + busybox + ` touch wanted)`
	command := exec.Command(filepath.Join(d, "unwanted"), "-ec", script)
	command.Dir = d
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))

	l.one(names.EventFileCreate, at(filepath.Join(d, "wanted")))
	created := l.balance("file")["create"]
	assert.Positive(t, created.KeptInKernel)
	assert.Empty(t, l.find(names.EventFileCreate, func(r record) bool {
		return strings.HasPrefix(r.str(names.FilePath), d+"/u") && r.str(names.FilePath) != filepath.Join(d, "unwanted")
	}))
	assert.Empty(t, l.find(names.EventProcessExec, func(r record) bool {
		return filepath.Base(r.str(names.ProcessExecutablePath)) == "unwanted"
	}))
}

func TestFilter_networksAndPorts(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*FiltersConfig)
		address string
		wanted  bool
	}{
		"excluded network": {func(c *FiltersConfig) { c.Exclude.Networks = []string{"127.0.0.0/8"} }, "127.0.0.1", false},
		"the longest prefix wins": {func(c *FiltersConfig) {
			c.Exclude.Networks = []string{"127.0.0.0/8"}
			c.Include.Networks = []string{"127.0.0.2"}
		}, "127.0.0.2", true},
		"included network":     {func(c *FiltersConfig) { c.Include.Networks = []string{"::1"} }, "::1", true},
		"not included network": {func(c *FiltersConfig) { c.Include.Networks = []string{"::1"} }, "127.0.0.1", false},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, func(config *Config) {
				only("tcp")(config)
				c.change(&config.Filters)
			})
			client, _ := exchange(t, "tcp", net.JoinHostPort(c.address, "0"), c.address, 10, 10)
			if c.wanted {
				l.one(names.EventTCPConnect, byClientPort(portOf(client)))
				return
			}
			l.balance("tcp")
			assert.Empty(t, l.find(names.EventTCPConnect, byClientPort(portOf(client))))
			assert.Positive(t, l.balance("tcp")["connect"].KeptInKernel)
		})
	}
	t.Run("excluded port", func(t *testing.T) {
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		port := portOf(listener.Addr())
		l := startLive(t, func(c *Config) {
			only("tcp")(c)
			c.Filters.Exclude.Ports = []uint16{uint16(port)}
		})
		connection, err := net.Dial("tcp4", listener.Addr().String())
		require.NoError(t, err)
		require.NoError(t, connection.Close())
		client, _ := exchange(t, "tcp4", "127.0.0.1:0", "127.0.0.1", 10, 10)
		l.one(names.EventTCPConnect, byClientPort(portOf(client)))
		assert.Empty(t, l.find(names.EventTCPConnect, func(r record) bool { return r.num(names.ServerPort) == port }))
	})
}

// A container that is not wanted is never seen, from its first process on, and is left to the kernel.
func TestContainer_filter(t *testing.T) {
	c := startContainerd(t)
	for name, change := range map[string]func(*FiltersConfig){
		"by id":        func(c *FiltersConfig) { c.Exclude.Containers = []string{"unwanted-*"} },
		"by name":      func(c *FiltersConfig) { c.Exclude.Containers = []string{"a name"} },
		"by image":     func(c *FiltersConfig) { c.Exclude.Images = []string{"registry.example/unwanted:*"} },
		"by namespace": func(c *FiltersConfig) { c.Include.Namespaces = []string{"shop"} },
		"by cgroup":    func(c *FiltersConfig) { c.Exclude.Cgroups = []string{"*/unwanted-*"} },
	} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, func(config *Config) {
				only("file", "process")(config)
				change(&config.Filters)
			})
			const script = `rm -f /tmp/f*; i=0; while [ $i -lt 20 ]; do echo > /tmp/f$i; i=$((i+1)); done; /bin/busybox sleep 0.2; echo > /tmp/f20`
			c.run("unwanted-1", script, "--annotation", "io.kubernetes.cri.container-name=a name",
				"--annotation", "io.kubernetes.cri.image-name=registry.example/unwanted:1.2")
			c.run("wanted-1", script, "--annotation", "io.kubernetes.cri.sandbox-namespace=shop")
			written := func(r record) bool {
				return inContainer("wanted-1")(r) && strings.HasPrefix(r.str(names.FilePath), "/tmp/f")
			}
			require.Eventually(t, func() bool { return len(l.find(names.EventFileCreate, written)) == 21 }, patience, 10*time.Millisecond)
			for _, event := range []string{names.EventFileCreate, names.EventFileOpen, names.EventProcessExec, names.EventProcessExit} {
				assert.Empty(t, l.find(event, inContainer("unwanted-1")), event)
			}
			assert.Positive(t, l.balance("file")["create"].KeptInKernel)
		})
	}
}

// More than the rate stays in the kernel, and is counted exactly, for all tracers and for the workload.
func TestFilter_rate(t *testing.T) {
	const rate, files = 10, 500
	l := startLive(t, func(c *Config) {
		only("file", "process")(c)
		c.Filters.EventsPerSecondMax = rate
		c.MetricsInterval = metricsIntervalMin
		c.Tracers.File.DeduplicationWindow = 0
	})
	before := l.balance("file")["delete"]
	d := t.TempDir()
	shell(t, d, `i=0; while [ $i -lt `+strconv.Itoa(files)+` ]; do : > $i; `+busybox+` rm $i; i=$((i+1)); done`)
	after := l.balance("file")["delete"]
	heldBack := after.HeldBack - before.HeldBack
	assert.GreaterOrEqual(t, after.Offered-before.Offered, uint64(files))
	assert.Positive(t, heldBack)
	assert.Equal(t, after.Offered-before.Offered, heldBack+after.Delivered-before.Delivered+after.Filtered-before.Filtered)
	executed := l.balance("process")["exec"]
	assert.Positive(t, executed.HeldBack, "read for identity, and not reported")
	assert.Zero(t, executed.KeptInKernel)
	// rm's identity is known all the same.
	for _, r := range l.find(names.EventFileDelete, func(r record) bool { return strings.HasPrefix(r.str(names.FilePath), d) }) {
		assert.Equal(t, "busybox", r.str(names.ProcessExecutableName))
		assert.Empty(t, r.str(names.IdentityStatus))
	}
	require.Eventually(t, func() bool {
		return l.heldBack("meerkat.file.delete") >= int64(heldBack)
	}, patience, 50*time.Millisecond)
}

// heldBack is the newest sum over workloads of the events that the rate limit has held back.
func (l *live) heldBack(event string) int64 {
	sums := map[string]int64{}
	for _, metrics := range l.metrics.AllMetrics() {
		for _, resource := range metrics.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, m := range scope.Metrics().All() {
					if m.Name() != names.EventsHeldBack().Name {
						continue
					}
					for _, point := range m.Sum().DataPoints().All() {
						if v, _ := point.Attributes().Get(names.EventName); v.Str() == event {
							path, _ := resource.Resource().Attributes().Get(names.CgroupPath)
							sums[path.Str()] = point.IntValue()
						}
					}
				}
			}
		}
	}
	var sum int64
	for _, value := range sums {
		sum += value
	}
	return sum
}
