// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"os"
	"runtime"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// Host describes the machine, in the terms of the semantic conventions.
type Host struct {
	Name string
	ID   string
	Arch string
}

// ThisHost reads what describes this machine. What can't be read stays empty.
func ThisHost() Host {
	host := Host{Arch: runtime.GOARCH}
	if host.Name, _ = os.Hostname(); host.Name == "" {
		host.Name = "localhost"
	}
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
	if w.Container.ID != "" {
		attributes.PutStr(names.ContainerID, w.Container.ID)
	}
	if w.Container.Runtime != "" {
		attributes.PutStr(names.ContainerRuntimeName, w.Container.Runtime)
	}
	if w.Container.PodUID != "" {
		attributes.PutStr(names.K8sPodUID, w.Container.PodUID)
	}
}
