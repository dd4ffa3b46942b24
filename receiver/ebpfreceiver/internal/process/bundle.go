// SPDX-License-Identifier: Apache-2.0

package process

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// bundleBytesMax bounds what is read of a container's OCI configuration. Ordinary ones have some tens of
// kilobytes; one that is longer tells nothing.
const bundleBytesMax = 1 << 20

// Annotations by which runtimes tell in the OCI configuration whose container it is: those of the
// Kubernetes runtime interface as containerd and CRI-O write them, and nerdctl's.
var (
	nameAnnotations = []string{
		"io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name",
	}
	imageAnnotations     = []string{"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"}
	namespaceAnnotations = []string{"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"}
)

// describe adds what the bundle of a containerd container says of it. The bundle is complete before the
// container's cgroup is made.
func (r Runtimes) describe(c *Container) {
	if r.ContainerdState == "" || leadsElsewhere(c.ID) {
		return
	}
	bundles, err := filepath.Glob(filepath.Join(r.ContainerdState, "*", c.ID, "config.json"))
	if err != nil || len(bundles) == 0 {
		return
	}
	annotations := annotationsOf(bundles[0])
	c.Name = firstOf(annotations, nameAnnotations)
	c.Image = firstOf(annotations, imageAnnotations)
	c.PodNamespace = firstOf(annotations, namespaceAnnotations)
}

// annotationsOf reads an OCI configuration. One that can't be read has none.
func annotationsOf(path string) map[string]string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	var configuration struct {
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.NewDecoder(io.LimitReader(file, bundleBytesMax)).Decode(&configuration); err != nil {
		return nil
	}
	return configuration.Annotations
}

func firstOf(annotations map[string]string, names []string) string {
	for _, name := range names {
		if value := annotations[name]; value != "" {
			return value
		}
	}
	return ""
}
