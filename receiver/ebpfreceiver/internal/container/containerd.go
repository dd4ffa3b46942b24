// SPDX-License-Identifier: Apache-2.0

package container

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// containerdTasks is where containerd keeps a bundle per namespace and running container, in its folder of state. The
// bundle is complete before the container's cgroup is made, and goes when the container does.
// Source: github.com/containerd/containerd, core/runtime/v2/bundle.go (NewBundle) and plugins/types.go.
const containerdTasks = "io.containerd.runtime.v2.task"

// dockerNamespace is the namespace that Docker has its containers in.
// Source: github.com/moby/moby, daemon/config/config.go (DefaultContainersNamespace).
const dockerNamespace = "moby"

// What containerd's part for Kubernetes writes into bundles.
// Source: github.com/containerd/containerd, internal/cri/annotations/annotations.go.
const (
	criType             = "io.kubernetes.cri.container-type"
	criContainer        = "io.kubernetes.cri.container-name"
	criImage            = "io.kubernetes.cri.image-name"
	criSandboxImage     = "io.kubernetes.cri.podsandbox.image-name"
	criSandboxName      = "io.kubernetes.cri.sandbox-name"
	criSandboxNamespace = "io.kubernetes.cri.sandbox-namespace"
	criSandboxUID       = "io.kubernetes.cri.sandbox-uid"
	// typeSandbox is a pod's container that holds its namespaces. CRI-O has the same word.
	typeSandbox = "sandbox"
)

// nerdctl writes its own labels, and no others, into bundles as annotations.
// Source: github.com/containerd/nerdctl, pkg/labels/labels.go and pkg/cmd/container/create.go
// (propagateInternalContainerdLabelsToOCIAnnotations).
const (
	nerdctlPrefix = "nerdctl/"
	nerdctlName   = nerdctlPrefix + "name"
)

// containerdBundle is the name of a container's OCI configuration.
func containerdBundle(namespace, id string) string {
	return filepath.Join(containerdTasks, namespace, id, "config.json")
}

// fromContainerd reads a bundle. Where the namespace is not known, the id is one that no other container has.
func (f *Finder) fromContainerd(at folder, _ string, c *Container) error {
	namespaces := []string{c.namespace}
	if c.namespace == "" {
		namespaces = at.list(containerdTasks, namespacesMax)
		slices.Sort(namespaces)
	}
	failed := errNotListed
	for _, namespace := range namespaces {
		if c.namespace == "" && namespace == dockerNamespace {
			continue // Docker knows more of its containers than these bundles
		}
		bundle, err := readBundle(at, containerdBundle(namespace, c.ID))
		if err == nil {
			return f.parseContainerd(bundle, c)
		}
		if !errors.Is(err, errNotListed) {
			failed = err
		}
	}
	return failed
}

// parseContainerd takes what an OCI configuration says.
func (f *Finder) parseContainerd(bundle []byte, c *Container) error {
	cri := among([]string{criType, criContainer, criImage, criSandboxImage, criSandboxName, criSandboxNamespace, criSandboxUID, nerdctlName})
	kept, err := parseAnnotations(bundle, func(key string) bool {
		return cri(key) || f.labels != nil && strings.HasPrefix(key, nerdctlPrefix) && f.labels.MatchString(key)
	})
	if err != nil {
		return err
	}
	c.Sandbox = kept[criType] == typeSandbox
	c.PodContainer = kept[criContainer]
	c.Name = kept.first(criContainer, nerdctlName)
	c.Image = askedFor(kept.first(criImage, criSandboxImage))
	c.PodName, c.PodNamespace = kept[criSandboxName], kept[criSandboxNamespace]
	if c.PodUID == "" {
		c.PodUID = kept[criSandboxUID]
	}
	for _, key := range slices.Sorted(maps.Keys(kept)) {
		if strings.HasPrefix(key, nerdctlPrefix) {
			f.addLabel(c, key, kept[key])
		}
	}
	return nil
}
