// SPDX-License-Identifier: Apache-2.0

package process

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Container says which container a cgroup belongs to. The zero value stands for none.
type Container struct {
	ID string
	// Runtime is "docker", "containerd", "cri-o" or "podman", and empty where the path doesn't tell.
	Runtime string
	// PodUID is the Kubernetes pod's, in the form of the API, empty outside Kubernetes.
	PodUID string
	// Name, Image and PodNamespace are empty where the runtime's state doesn't tell them.
	Name, Image, PodNamespace string
}

// Runtimes finds containers by the paths of their cgroups.
type Runtimes struct {
	// ContainerdState is the directory in which containerd keeps a folder per namespace and
	// running container; it tells containers that have names of people's choice.
	ContainerdState string
}

// DefaultRuntimes looks where the runtimes' own defaults are.
func DefaultRuntimes() Runtimes {
	return Runtimes{ContainerdState: "/run/containerd/io.containerd.runtime.v2.task"}
}

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
	"docker": "docker", "cri-containerd": "containerd", "containerd": "containerd", "nerdctl": "containerd",
	"crio": "cri-o", "libpod": "podman",
}

// find tells the container from the path of a cgroup: its own, or that of a cgroup inside it, as systemd in a
// container or a nested runtime makes them. The innermost container wins. It is root if the cgroup is the
// container's own, with nothing in between.
func (r Runtimes) find(cgroupPath string) (container Container, root bool) {
	elements := strings.Split(strings.Trim(cgroupPath, "/"), "/")
	for last := range slices.Backward(elements) {
		if c := r.containerAt(elements[:last+1]); c.ID != "" {
			c.PodUID = podOf(elements[:last])
			r.describe(&c)
			return c, last == len(elements)-1
		}
	}
	return Container{}, false
}

// containerAt looks at the last element, with those before it as its surroundings.
func (r Runtimes) containerAt(elements []string) Container {
	name := elements[len(elements)-1]
	if m := scopeName.FindStringSubmatch(name); m != nil {
		if strings.Contains(name, "-conmon-") {
			return Container{} // podman's and CRI-O's monitor runs beside the container
		}
		return Container{ID: m[2], Runtime: scopeRuntimes[m[1]]}
	}
	if m := libpodName.FindStringSubmatch(name); m != nil {
		return Container{ID: m[1], Runtime: "podman"}
	}
	if m := crioName.FindStringSubmatch(name); m != nil {
		return Container{ID: m[1], Runtime: "cri-o"}
	}
	if len(elements) >= 2 && r.isContainerd(elements[len(elements)-2], name) {
		return Container{ID: name, Runtime: "containerd"}
	}
	if plainID.MatchString(name) {
		c := Container{ID: name}
		switch {
		case len(elements) >= 2 && elements[len(elements)-2] == "docker":
			c.Runtime = "docker"
		case r.isContainerd("k8s.io", name):
			c.Runtime = "containerd"
		}
		return c
	}
	return Container{}
}

// isContainerd asks containerd's own state, which exists before the cgroup does.
func (r Runtimes) isContainerd(namespace, id string) bool {
	if r.ContainerdState == "" || leadsElsewhere(namespace) || leadsElsewhere(id) {
		return false
	}
	info, err := os.Stat(filepath.Join(r.ContainerdState, namespace, id))
	return err == nil && info.IsDir()
}

// leadsElsewhere tells the names that are no folder's own.
func leadsElsewhere(name string) bool { return name == "" || name == "." || name == ".." }

func podOf(elements []string) string {
	for _, element := range slices.Backward(elements) {
		if m := podName.FindStringSubmatch(element); m != nil {
			return strings.ReplaceAll(m[1], "_", "-")
		}
	}
	return ""
}
