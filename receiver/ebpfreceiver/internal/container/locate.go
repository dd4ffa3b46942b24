// SPDX-License-Identifier: Apache-2.0

package container

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Names of container cgroups, as the runtimes write them.
var (
	// <runtime>-<id>.scope: the systemd driver of every runtime.
	scopeName = regexp.MustCompile(`^(docker|cri-containerd|crio|libpod|containerd|nerdctl)-(?:conmon-)?([0-9a-f]{64})\.scope$`)
	// A plain id: the cgroupfs driver.
	plainID = regexp.MustCompile(`^[0-9a-f]{64}$`)
	// libpod-<id> without .scope: podman with the cgroupfs driver. libpod-payload-<id>: inside the
	// cgroup of the service that started it, as quadlets do.
	libpodName = regexp.MustCompile(`^libpod-(?:payload-)?([0-9a-f]{64})$`)
	// crio-<id> without .scope: CRI-O with the cgroupfs driver.
	crioName = regexp.MustCompile(`^crio-([0-9a-f]{64})$`)
	// pod<uid> of the cgroupfs driver, kubepods-<class>-pod<uid>.slice of the systemd driver, where
	// the uid's dashes are underscores.
	podName = regexp.MustCompile(`pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$`)
)

var scopeRuntimes = map[string]string{
	"docker": Docker, "cri-containerd": Containerd, "containerd": Containerd, "nerdctl": Containerd,
	"crio": CRIO, "libpod": Podman,
}

// Locate tells the container from the path of a cgroup: its own, or that of a cgroup inside it, as systemd in a
// container or a nested runtime makes them. The innermost container wins. It is root if the cgroup is the
// container's own, with nothing in between. Only what the path tells is known then; where that leaves a choice, it
// looks which folders of runtimes are there.
func (f *Finder) Locate(cgroupPath string) (c Container, root bool) {
	elements := strings.Split(strings.Trim(cgroupPath, "/"), "/")
	state := state{finder: f}
	defer state.close()
	for last := range slices.Backward(elements) {
		if c := state.containerAt(elements[:last+1]); c.ID != "" {
			c.PodUID = podOf(elements[:last])
			return c, last == len(elements)-1
		}
	}
	return Container{}, false
}

// state is what decides where paths leave a choice: folders of runtimes, which are opened when one is needed.
type state struct {
	finder   *Finder
	isOpened bool

	containerd, docker []folder
}

func (s *state) open() {
	if s.isOpened {
		return
	}
	s.isOpened = true
	openAll := func(paths []string) (opened []folder) {
		for _, path := range paths {
			if at, err := openFolder(s.finder.settings.RootPath, path); err == nil {
				opened = append(opened, at)
			}
		}
		return opened
	}
	s.containerd, s.docker = openAll(s.finder.settings.Containerd), openAll(s.finder.settings.Docker)
}

func (s *state) close() {
	for _, at := range slices.Concat(s.containerd, s.docker) {
		at.close()
	}
}

// containerAt looks at the last element, with those before it as its surroundings.
func (s *state) containerAt(elements []string) Container {
	name := elements[len(elements)-1]
	if m := scopeName.FindStringSubmatch(name); m != nil {
		if strings.Contains(name, "-conmon-") {
			return Container{} // podman's and CRI-O's monitor runs beside the container
		}
		return Container{ID: m[2], Runtime: scopeRuntimes[m[1]]}
	}
	if m := libpodName.FindStringSubmatch(name); m != nil {
		return Container{ID: m[1], Runtime: Podman}
	}
	if m := crioName.FindStringSubmatch(name); m != nil {
		return Container{ID: m[1], Runtime: CRIO}
	}
	parent := ""
	if len(elements) >= 2 {
		parent = elements[len(elements)-2]
	}
	if s.isContainerd(parent, name) {
		return Container{ID: name, Runtime: Containerd, namespace: parent}
	}
	if plainID.MatchString(name) {
		return Container{ID: name, Runtime: s.runtimeOf(parent, name)}
	}
	return Container{}
}

// runtimeOf tells the runtime of a container whose cgroup is named by its id alone; empty if nothing tells.
func (s *state) runtimeOf(parent, id string) string {
	switch {
	case parent == "docker":
		return Docker
	case s.isContainerd(kubernetesNamespace, id):
		return Containerd
	case slices.ContainsFunc(s.docker, func(at folder) bool { return at.has(dockerContainer(id)) }):
		return Docker
	default:
		return ""
	}
}

// kubernetesNamespace is the namespace that containerd has the containers of pods in.
// Source: github.com/containerd/containerd, internal/cri/constants/constants.go (K8sContainerdNamespace).
const kubernetesNamespace = "k8s.io"

// isContainerd asks containerd's own state, which exists before the cgroup does.
func (s *state) isContainerd(namespace, id string) bool {
	if leadsElsewhere(namespace) || leadsElsewhere(id) {
		return false
	}
	s.open()
	bundle := filepath.Join(containerdTasks, namespace, id)
	return slices.ContainsFunc(s.containerd, func(at folder) bool { return at.has(bundle) })
}

// leadsElsewhere tells the names that are no folder's own.
func leadsElsewhere(name string) bool {
	return name == "" || name == "." || name == ".." || strings.Contains(name, "/")
}

func podOf(elements []string) string {
	for _, element := range slices.Backward(elements) {
		if m := podName.FindStringSubmatch(element); m != nil {
			return strings.ReplaceAll(m[1], "_", "-")
		}
	}
	return ""
}
