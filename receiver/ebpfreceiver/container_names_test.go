// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// pod stands for one of many pods that live for a moment, each with a container of the same number.
type pod int

// podsParent is the cgroup that the pods' cgroups are in.
const podsParent = "/meerkat-test-kubepods"

func (p pod) id() string  { return containerID(5000 + int(p)) }
func (p pod) uid() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", int(p)) }

// named is what events of the pod's container have to say.
func (p pod) named() map[string]string {
	return map[string]string{
		names.ContainerName:             fmt.Sprintf("container-%d", p),
		names.ContainerImageName:        fmt.Sprintf("registry.example.com/test/image-%d", p),
		names.ContainerImageTags:        fmt.Sprintf(`["v%d"]`, p),
		names.ContainerRuntimeName:      "containerd",
		names.K8sPodName:                fmt.Sprintf("pod-%d", p),
		names.K8sPodUID:                 p.uid(),
		names.K8sNamespaceName:          fmt.Sprintf("namespace-%d", p),
		names.K8sContainerName:          fmt.Sprintf("container-%d", p),
		names.ContainerImageRepoDigests: "", names.ContainerSandbox: "",
	}
}

// annotations are those that containerd's part for Kubernetes writes.
func (p pod) annotations() []string {
	return []string{
		"io.kubernetes.cri.container-type=container",
		fmt.Sprintf("io.kubernetes.cri.container-name=container-%d", p),
		fmt.Sprintf("io.kubernetes.cri.image-name=registry.example.com/test/image-%d:v%d", p, p),
		fmt.Sprintf("io.kubernetes.cri.sandbox-name=pod-%d", p),
		fmt.Sprintf("io.kubernetes.cri.sandbox-namespace=namespace-%d", p),
		"io.kubernetes.cri.sandbox-uid=" + p.uid(),
	}
}

// runIn runs a script in a container of a namespace of containerd.
func (c *containers) runIn(namespace, id, cgroup, script string, annotations ...string) error {
	arguments := []string{"--address", c.address, "--namespace", namespace, "run", "--rm", "--net-host", "--cgroup", cgroup}
	for _, annotation := range annotations {
		arguments = append(arguments, "--annotation", annotation)
	}
	output, err := exec.Command("ctr", append(arguments, "--rootfs", c.rootfs, id, "/bin/busybox", "sh", "-c", script)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}

func (c *containers) runPod(p pod) error {
	script := fmt.Sprintf("/bin/busybox true number-%d; /bin/busybox sleep 0.1; /bin/busybox false number-%d; exit 0", p, p)
	cgroup := fmt.Sprintf("%s/burstable/pod%s/%s", podsParent, p.uid(), p.id())
	return c.runIn("k8s.io", p.id(), cgroup, script, p.annotations()...)
}

// removePods removes the cgroups that a kubelet would remove.
func removePods(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		parents, err := filepath.Glob("/sys/fs/cgroup" + podsParent + "/burstable/pod*")
		require.NoError(t, err)
		onVersion1, err := filepath.Glob("/sys/fs/cgroup/*" + podsParent + "/burstable/pod*")
		require.NoError(t, err)
		for _, parent := range append(parents, onVersion1...) {
			require.NoError(t, os.Remove(parent))
			_ = os.Remove(filepath.Dir(parent))
			_ = os.Remove(filepath.Dir(filepath.Dir(parent)))
		}
	})
}

var numberIn = regexp.MustCompile(`number-(\d+)`)

// numbered returns the exec and exit events of the pods' containers: programs tell by their arguments whose they are,
// and exits by their process.
func (l *live) numbered() map[pod][]record {
	found, owners := map[pod][]record{}, map[string]pod{}
	process := func(r record) string { return r.str(names.ProcessPID) + " " + r.str(names.ProcessCreationTime) }
	for _, r := range l.find(names.EventProcessExec, func(record) bool { return true }) {
		// The name of ctr's own process has the number too, and is in no container.
		m := numberIn.FindStringSubmatch(strings.Join(r.strs(names.ProcessCommandArgs), " "))
		if m == nil || r.str(names.ProcessExecutableName) != "busybox" {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		found[pod(n)], owners[process(r)] = append(found[pod(n)], r), pod(n)
	}
	for _, r := range l.find(names.EventProcessExit, func(record) bool { return true }) {
		if p, ok := owners[process(r)]; ok {
			found[p] = append(found[p], r)
		}
	}
	return found
}

// eventsPerPod are the execs and exits of a shell and two programs.
const eventsPerPod = 6

// Containers that live for 100 milliseconds have their names, one after the other and several at once, and none has
// another's.
func TestContainer_shortLivedPodsAreNamed(t *testing.T) {
	const oneByOne, atOnce, pods = 25, 5, 50
	c := startContainerd(t)
	removePods(t)
	l := startLive(t, func(config *Config) {
		only("process")(config)
		config.MetricsInterval = metricsIntervalMin
	})
	for p := range pod(oneByOne) {
		require.NoError(t, c.runPod(p))
	}
	for first := pod(oneByOne); first < pods; first += atOnce {
		var group sync.WaitGroup
		for p := first; p < first+atOnce; p++ {
			group.Go(func() { assert.NoError(t, c.runPod(p)) })
		}
		group.Wait()
	}
	var all map[pod][]record
	assert.Eventually(t, func() bool {
		all = l.numbered()
		return len(all) == pods && countOf(all) >= pods*eventsPerPod
	}, patience, 100*time.Millisecond)

	complete, wrong := 0, 0
	for p, records := range all {
		for _, r := range records {
			named := true
			for name, want := range p.named() {
				got := l.resource(r, name)
				named = named && got == want
				if got != "" && got != want {
					wrong++
				}
			}
			if named && l.resource(r, names.ContainerID) == p.id() {
				complete++
			}
		}
	}
	t.Logf("%d of %d exec and exit events of %d containers are named, %d wrong names", complete, pods*eventsPerPod, pods, wrong)
	assert.Zero(t, wrong)
	assert.GreaterOrEqual(t, complete*100, pods*eventsPerPod*99)
	assert.GreaterOrEqual(t, l.ownMetric(names.ReceiverContainers())["found containerd"], float64(pods))
	l.assertOneResourceEach(pods)
}

func countOf(all map[pod][]record) (count int) {
	for _, records := range all {
		count += len(records)
	}
	return count
}

// assertOneResourceEach checks that the series of a container never change who they are of.
func (l *live) assertOneResourceEach(pods pod) {
	l.t.Helper()
	seen := map[string]map[string]bool{}
	for _, metrics := range l.metrics.AllMetrics() {
		for _, resource := range metrics.ResourceMetrics().All() {
			if id, ok := resource.Resource().Attributes().Get(names.ContainerID); ok {
				if seen[id.Str()] == nil {
					seen[id.Str()] = map[string]bool{}
				}
				seen[id.Str()][fmt.Sprint(resource.Resource().Attributes().AsRaw())] = true
			}
		}
	}
	for p := range pods {
		assert.LessOrEqual(l.t, len(seen[p.id()]), 1, "container %d", p)
	}
	assert.NotEmpty(l.t, seen)
}

// What else runs under containerd: a pod's sandbox, nerdctl's containers, and ctr's, of which no more is known than
// that they are there.
func TestContainer_sandboxAndOthersAreNamed(t *testing.T) {
	c := startContainerd(t)
	removePods(t)
	l := startLive(t, func(config *Config) {
		only("process")(config)
		config.Containers.Labels = []string{"nerdctl/names*", "nerdctl/token"}
	})
	exit := func(id string) record {
		return l.one(names.EventProcessExit, func(r record) bool { return inContainer(id)(r) && r.str(names.ProcessExecutableName) == "busybox" })
	}
	sandbox := pod(900)
	require.NoError(t, c.runIn("k8s.io", sandbox.id(), fmt.Sprintf("%s/burstable/pod%s/%s", podsParent, sandbox.uid(), sandbox.id()), "exit 0",
		"io.kubernetes.cri.container-type=sandbox", "io.kubernetes.cri.sandbox-name=pod-900", "io.kubernetes.cri.sandbox-namespace=shop",
		"io.kubernetes.cri.podsandbox.image-name=registry.k8s.io/pause:3.10"))
	r := exit(sandbox.id())
	assert.Equal(t, "true", l.resource(r, names.ContainerSandbox))
	assert.Equal(t, "pod-900", l.resource(r, names.K8sPodName))
	assert.Equal(t, "registry.k8s.io/pause", l.resource(r, names.ContainerImageName))
	assert.Empty(t, l.resource(r, names.ContainerName))

	nerdctl := containerID(901)
	require.NoError(t, c.runIn("default", nerdctl, "/default/"+nerdctl, "exit 0",
		"nerdctl/name=web", "nerdctl/namespace=default", "nerdctl/token=hunter2", "nerdctl/hostname=h"))
	r = exit(nerdctl)
	assert.Equal(t, "web", l.resource(r, names.ContainerName))
	assert.Equal(t, "default", l.resource(r, names.ContainerLabelPrefix+"nerdctl/namespace"))
	assert.Equal(t, "REDACTED", l.resource(r, names.ContainerLabelPrefix+"nerdctl/token"))
	assert.Empty(t, l.resource(r, names.ContainerLabelPrefix+"nerdctl/hostname"), "it was not asked for")

	require.NoError(t, c.runIn("default", "meerkat-test-plain", "/default/meerkat-test-plain", "exit 0"))
	r = exit("meerkat-test-plain")
	assert.Equal(t, "containerd", l.resource(r, names.ContainerRuntimeName))
	assert.Empty(t, l.resource(r, names.ContainerName))
}
