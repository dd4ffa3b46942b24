// SPDX-License-Identifier: Apache-2.0

package container

import (
	"encoding/json"
	"path/filepath"
	"strings"
)

// dockerConfig is the file in which Docker keeps a container. It is there from the container's creation to its
// removal, longer than the container runs.
// Source: github.com/moby/moby, daemon/container/container.go (Container, toDisk, ConfigPath) and
// api/types/container/config.go (Config).
type dockerConfig struct {
	Name string
	// Image is the id of the image, Driver that of the storage, which is a folder's name too.
	Image  string
	Driver string
	Config struct {
		// Image is what was asked for.
		Image  string
		Labels json.RawMessage
	}
}

// What the kubelet's and cri-dockerd's labels say of a pod's containers.
// Source: github.com/Mirantis/cri-dockerd, core/docker_service.go and libdocker, and
// github.com/kubernetes/kubernetes, staging/src/k8s.io/kubelet/pkg/types/labels.go.
const (
	dockerType        = "io.kubernetes.docker.type"
	dockerTypeSandbox = "podsandbox"
	kubeContainer     = "io.kubernetes.container.name"
	kubePodName       = "io.kubernetes.pod.name"
	kubePodNamespace  = "io.kubernetes.pod.namespace"
	kubePodUID        = "io.kubernetes.pod.uid"
)

// dockerReferences are the names of images by their ids.
type dockerReferences map[string][]string

// dockerContainer is the name of a container's folder.
func dockerContainer(id string) string { return filepath.Join("containers", id) }

func (f *Finder) fromDocker(at folder, path string, c *Container) error {
	content, err := readBundle(at, filepath.Join(dockerContainer(c.ID), "config.v2.json"))
	if err != nil {
		return err
	}
	config, err := f.parseDocker(content, c)
	if err != nil {
		return err
	}
	if leadsElsewhere(config.Driver) {
		return nil
	}
	// Images that containerd keeps for Docker have no such file; then no more is known than what was asked for.
	name := filepath.Join("image", config.Driver, "repositories.json")
	references, err := readShared(&f.shared, at, filepath.Join(path, name), name, parseDockerReferences)
	if err == nil {
		c.Image.add(references[config.Image], nil)
	}
	return nil
}

// parseDocker takes what Docker's own file says.
func (f *Finder) parseDocker(content []byte, c *Container) (dockerConfig, error) {
	var config dockerConfig
	if err := json.Unmarshal(content, &config); err != nil {
		return config, err
	}
	c.Name = strings.TrimPrefix(config.Name, "/")
	c.Image = askedFor(config.Config.Image)
	return config, eachText(config.Config.Labels, func(key, value string) {
		f.addLabel(c, key, value)
		c.takeKubeLabel(key, value)
	})
}

// takeKubeLabel takes what a label of the kubelet's or cri-dockerd's says.
func (c *Container) takeKubeLabel(key, value string) {
	switch key {
	case dockerType:
		c.Sandbox = value == dockerTypeSandbox
	case kubeContainer:
		// A sandbox has the name "POD", which no specification knows.
		if value != "POD" {
			c.PodContainer = value
		}
	case kubePodName:
		c.PodName = value
	case kubePodNamespace:
		c.PodNamespace = value
	case kubePodUID:
		if c.PodUID == "" {
			c.PodUID = value
		}
	}
}

// parseDockerReferences reads the names that Docker has for images.
// Source: github.com/moby/moby, daemon/internal/refstore/store.go (before: reference/store.go), which has for each
// repository a map of tags and digests, repository included, to ids.
func parseDockerReferences(content []byte) (dockerReferences, error) {
	var store struct{ Repositories map[string]map[string]string }
	if err := json.Unmarshal(content, &store); err != nil {
		return nil, err
	}
	references := dockerReferences{}
	for _, repository := range store.Repositories {
		for reference, id := range repository {
			references[id] = append(references[id], reference)
		}
	}
	return references, nil
}
