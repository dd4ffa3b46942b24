// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"cmp"
	"os"
	"runtime"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// Host describes the machine, in the terms of the semantic conventions.
type Host struct {
	Name string
	ID   string
	Arch string
}

// nodeNameVariable names the node that a pod runs on, for the processor k8s_enrich too.
const nodeNameVariable = "K8S_NODE_NAME"

// ThisHost reads what describes this machine. What can't be read stays empty.
func ThisHost() Host {
	host := Host{Arch: runtime.GOARCH}
	// In a pod that has a network of its own the kernel has the pod's name, which is another one after each restart.
	if host.Name = os.Getenv(nodeNameVariable); host.Name == "" {
		host.Name, _ = os.Hostname()
	}
	host.Name = cmp.Or(host.Name, "localhost")
	// The conventions name these two files, in this order.
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(file); err == nil {
			host.ID = string(bytes.TrimSpace(id))
			break
		}
	}
	return host
}

func (h Host) put(attributes pcommon.Map) {
	attributes.EnsureCapacity(8)
	attributes.PutStr(names.HostName, h.Name)
	if h.ID != "" {
		attributes.PutStr(names.HostID, h.ID)
	}
	attributes.PutStr(names.HostArch, h.Arch)
	attributes.PutStr(names.OSType, "linux")
}

func putWorkload(attributes pcommon.Map, w *process.Workload) {
	switch {
	case w.CgroupPath != "":
		attributes.PutStr(names.CgroupPath, text([]byte(w.CgroupPath)))
	case w.CgroupID != 0:
		// Without it the series of all unknown workloads would be one.
		attributes.PutInt(names.CgroupID, int64(w.CgroupID))
	}
	putContainer(attributes, &w.Container)
}

// putContainer adds what is known of a container; nothing if it is none.
func putContainer(attributes pcommon.Map, c *container.Container) {
	if c.ID == "" {
		return
	}
	attributes.EnsureCapacity(attributes.Len() + 11 + len(c.Labels))
	for _, a := range [...]struct{ name, value string }{
		{names.ContainerID, c.ID},
		{names.ContainerRuntimeName, c.Runtime},
		{names.ContainerName, c.Name},
		{names.ContainerImageName, c.Image.Name},
		{names.K8sPodUID, c.PodUID},
		{names.K8sPodName, c.PodName},
		{names.K8sNamespaceName, c.PodNamespace},
		{names.K8sContainerName, c.PodContainer},
	} {
		if a.value != "" {
			attributes.PutStr(a.name, a.value)
		}
	}
	putTexts(attributes, names.ContainerImageTags, c.Image.Tags)
	putTexts(attributes, names.ContainerImageRepoDigests, c.Image.RepoDigests)
	for _, label := range c.Labels {
		attributes.PutStr(names.ContainerLabelPrefix+label.Key, label.Value)
	}
	if c.Sandbox {
		attributes.PutBool(names.ContainerSandbox, true)
	}
}

func putTexts(attributes pcommon.Map, name string, texts []string) {
	if len(texts) == 0 {
		return
	}
	list := attributes.PutEmptySlice(name)
	list.EnsureCapacity(len(texts))
	for _, entry := range texts {
		list.AppendEmpty().SetStr(entry)
	}
}
