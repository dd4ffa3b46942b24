// SPDX-License-Identifier: Apache-2.0

package container

import (
	"encoding/json"
	"path/filepath"
	"strings"
)

// CRI-O and Podman keep their containers with github.com/containers/storage (now go.podman.io/storage): below a folder
// that stays and one that goes with a reboot there is, for each storage driver, a folder for containers and one for
// images, each with an index and a folder per entry.
// Source: containers/storage, store.go (ContainerDirectory, ContainerRunDirectory), containers.go and images.go.

// storageDrivers are those whose names folders begin with, the usual one first.
var storageDrivers = []string{"overlay", "vfs", "btrfs"}

// storageBundle reads a container's OCI configuration.
func storageBundle(at folder, id string) ([]byte, error) {
	failed := errNotListed
	for _, driver := range storageDrivers {
		bundle, err := readBundle(at, filepath.Join(driver+"-containers", id, "userdata", "config.json"))
		if err == nil {
			return bundle, nil
		}
		if outcomeOf(err) != Absent {
			failed = err
		}
	}
	return nil, failed
}

// storageImage is an entry of the index of images.
type storageImage struct {
	ID     string   `json:"id"`
	Digest string   `json:"digest"`
	Names  []string `json:"names"`
	// BigDataDigests are those of things that belong to the image, of manifests among them.
	BigDataDigests map[string]string `json:"big-data-digests"`
}

// storageManifest is how the names of manifests begin. An image has several if it was pulled by several digests.
// Source: containers/storage, store.go (ImageDigestBigDataKey, ImageDigestManifestBigDataNamePrefix).
const storageManifest = "manifest"

// digests are those that registries have the image by.
func (i storageImage) digests() []string {
	var digests []string
	if i.Digest != "" {
		digests = append(digests, i.Digest)
	}
	for name, digest := range i.BigDataDigests {
		if strings.HasPrefix(name, storageManifest) {
			digests = append(digests, digest)
		}
	}
	return digests
}

// imageNames are the names that a storage has for an image, and its digests.
type imageNames struct{ references, digests []string }

// storageImages are images by their ids.
type storageImages map[string]imageNames

// parseStorageImages reads an index of images.
func parseStorageImages(content []byte) (storageImages, error) {
	var list []storageImage
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, err
	}
	images := storageImages{}
	for _, image := range list {
		images[image.ID] = imageNames{references: image.Names, digests: image.digests()}
	}
	return images, nil
}

// addStorageImage adds what the index knows of an image. It is in the folder that stays.
func (f *Finder) addStorageImage(folders []string, id string, image *Image) {
	id = strings.TrimPrefix(id, "sha256:")
	for _, path := range folders {
		_ = f.inFolder(path, func(at folder) error {
			for _, driver := range storageDrivers {
				name := filepath.Join(driver+"-images", "images.json")
				images, err := readShared(&f.shared, at, filepath.Join(path, name), name, parseStorageImages)
				if known, ok := images[id]; ok && err == nil {
					image.add(known.references, known.digests)
				}
			}
			return nil
		})
	}
}
