// SPDX-License-Identifier: Apache-2.0

package container

import (
	"encoding/json"
	"path/filepath"
)

// podmanContainer is an entry of the index of containers. Podman writes it when it makes the container.
// Source: containers/storage, containers.go (Container).
type podmanContainer struct {
	ID    string   `json:"id"`
	Names []string `json:"names"`
	Image string   `json:"image"`
	// Metadata is JSON again.
	// Source: github.com/containers/podman, libpod/storage.go (RuntimeContainerMetadata).
	Metadata string `json:"metadata"`
}

// podmanContainers are containers by their ids.
type podmanContainers map[string]podmanContainer

// podmanIndexes are the files that list containers: those that stay, and those that are gone after a reboot, such as
// all that are run with --rm.
// Source: containers/storage, containers.go (newContainerStore).
var podmanIndexes = []string{"containers.json", "volatile-containers.json"}

// fromPodman reads the index of containers. Labels stand in Podman's database, which is not read.
func (f *Finder) fromPodman(at folder, path string, c *Container) error {
	entry, err := f.podmanEntry(at, path, c.ID)
	if err != nil {
		return err
	}
	if err := entry.describe(c); err != nil {
		return err
	}
	f.addStorageImage(f.settings.Podman, entry.Image, &c.Image)
	// The bundle tells a pod's container that only holds namespaces; without it nothing else is missing. It is in
	// the folder that stays, as the index is, or in the other one.
	for _, other := range f.settings.Podman {
		_ = f.inFolder(other, func(at folder) error { return readPodmanBundle(at, c) })
	}
	return nil
}

func (f *Finder) podmanEntry(at folder, path, id string) (podmanContainer, error) {
	failed := errNotListed
	for _, driver := range storageDrivers {
		for _, index := range podmanIndexes {
			name := filepath.Join(driver+"-containers", index)
			containers, err := readShared(&f.shared, at, filepath.Join(path, name), name, parsePodmanContainers)
			if entry, ok := containers[id]; ok && err == nil {
				return entry, nil
			}
			if err != nil && outcomeOf(err) != Absent {
				failed = err
			}
		}
	}
	return podmanContainer{}, failed
}

// parsePodmanContainers reads an index of containers.
func parsePodmanContainers(content []byte) (podmanContainers, error) {
	var list []podmanContainer
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, err
	}
	containers := podmanContainers{}
	for _, container := range list {
		containers[container.ID] = container
	}
	return containers, nil
}

// describe takes what an entry says.
func (p podmanContainer) describe(c *Container) error {
	var metadata struct {
		ImageName string `json:"image-name"`
		Name      string `json:"name"`
	}
	if p.Metadata != "" {
		if err := json.Unmarshal([]byte(p.Metadata), &metadata); err != nil {
			return err
		}
	}
	c.Name = metadata.Name
	if c.Name == "" && len(p.Names) > 0 {
		c.Name = p.Names[0]
	}
	c.Image = askedFor(metadata.ImageName)
	return nil
}

// readPodmanBundle tells a pod's container that holds its namespaces, by the annotation that Podman has from CRI-O.
// Source: github.com/containers/podman, pkg/annotations/annotations.go and libpod/container_internal_common.go.
func readPodmanBundle(at folder, c *Container) error {
	bundle, err := storageBundle(at, c.ID)
	if err != nil {
		return err
	}
	kept, err := parseAnnotations(bundle, among([]string{crioType}))
	if err != nil {
		return err
	}
	c.Sandbox = c.Sandbox || kept[crioType] == typeSandbox
	return nil
}
