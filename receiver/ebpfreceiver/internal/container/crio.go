// SPDX-License-Identifier: Apache-2.0

package container

import (
	"encoding/json"
	"strings"
)

// What CRI-O writes into bundles, before it starts the container's monitor.
// Source: github.com/cri-o/cri-o, pkg/annotations/internal.go, internal/factory/container/container.go
// (SpecAddAnnotations) and server/sandbox_run_linux.go.
const (
	crioType             = "io.kubernetes.cri-o.ContainerType"
	crioRuntimeName      = "io.kubernetes.cri-o.Name"
	crioSandboxContainer = "io.kubernetes.cri-o.ContainerName"
	crioKubeName         = "io.kubernetes.cri-o.KubeName"
	crioNamespace        = "io.kubernetes.cri-o.Namespace"
	crioLabels           = "io.kubernetes.cri-o.Labels"
	// crioImageAsked is what the pod's specification says, crioImageName some name of the image that it led to.
	crioImageAsked   = "io.kubernetes.cri-o.Image"
	crioImageName    = "io.kubernetes.cri-o.ImageName"
	crioImageRef     = "io.kubernetes.cri-o.ImageRef"
	crioImageDigests = "io.kubernetes.cri-o.ImageRepoDigests"
)

func (f *Finder) fromCRIO(at folder, _ string, c *Container) error {
	bundle, err := storageBundle(at, c.ID)
	if err != nil {
		return err
	}
	image, err := f.parseCRIO(bundle, c)
	if err != nil {
		return err
	}
	f.addStorageImage(f.settings.CRIO, image, &c.Image)
	return nil
}

// parseCRIO takes what an OCI configuration says, and returns the id of the image.
func (f *Finder) parseCRIO(bundle []byte, c *Container) (imageID string, err error) {
	kept, err := parseAnnotations(bundle, among([]string{
		crioType, crioRuntimeName, crioSandboxContainer, crioKubeName, crioNamespace, crioLabels, crioImageAsked, crioImageName,
		crioImageRef, crioImageDigests, kubeContainer, kubePodName, kubePodNamespace, kubePodUID,
	}))
	if err != nil {
		return "", err
	}
	if kept[crioType] == "" {
		return "", errNotListed // somebody else's, such as Podman's
	}
	c.Sandbox = kept[crioType] == typeSandbox
	c.Name = kept[crioRuntimeName]
	if c.Sandbox {
		c.Name = kept.first(crioSandboxContainer, crioRuntimeName)
		c.PodName = kept[crioKubeName]
	}
	c.PodNamespace = kept[crioNamespace]
	for _, key := range []string{kubeContainer, kubePodName, kubePodNamespace, kubePodUID} {
		if kept[key] != "" {
			c.takeKubeLabel(key, kept[key])
		}
	}
	if err := f.parseCRIOLabels(kept[crioLabels], c); err != nil {
		return "", err
	}
	c.Image = askedFor(kept[crioImageName])
	if asked := askedFor(kept[crioImageAsked]); asked.Name != "" {
		c.Image = asked
	}
	for digest := range strings.SplitSeq(kept[crioImageDigests], ",") {
		if name, _, at := parseReference(strings.TrimSpace(digest)); name != "" && at != "" {
			c.Image.RepoDigests = append(c.Image.RepoDigests, name+"@"+at)
		}
	}
	return kept[crioImageRef], nil
}

// parseCRIOLabels takes the labels, which are JSON in JSON.
func (f *Finder) parseCRIOLabels(labels string, c *Container) error {
	if labels == "" {
		return nil
	}
	if !json.Valid([]byte(labels)) {
		return errNoObject
	}
	return eachText(json.RawMessage(labels), func(key, value string) {
		f.addLabel(c, key, value)
		c.takeKubeLabel(key, value)
	})
}
