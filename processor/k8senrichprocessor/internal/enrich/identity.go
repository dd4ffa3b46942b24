// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// identity is what a resource says of whose it is. Absent attributes are empty, and so are those of another type.
type identity struct {
	containerID, podUID, podIP string
	podName, containerName     string
	sandbox, fromCgroup        bool
}

func identityOf(resource pcommon.Map) identity {
	var id identity
	for key, value := range resource.All() {
		switch key {
		case names.ContainerID:
			id.containerID = value.Str()
		case names.K8sPodUID:
			id.podUID = value.Str()
		case names.K8sPodIP:
			id.podIP = value.Str()
		case names.K8sPodName:
			id.podName = value.Str()
		case names.K8sContainerName:
			id.containerName = value.Str()
		case names.ContainerSandbox:
			id.sandbox = value.Bool()
		case names.CgroupPath, names.CgroupID, names.HostID:
			// A source on the host that saw the process itself: what it does not say isn't so.
			id.fromCgroup = true
		}
	}
	return id
}

// mayBePods tells whether somebody's pod may be behind it. A container that was seen from the host and has no
// pod in its cgroup is none's.
func (id *identity) mayBePods() bool {
	if id.podUID != "" || id.podIP != "" || id.podName != "" {
		return true
	}
	return id.containerID != "" && !id.fromCgroup
}

// Key tells the workloads apart that a resource may be of, to keep their records in order. It is empty for a
// resource that is nobody's.
func (n *Near) Key() string {
	id := &n.identity
	return cmp.Or(id.containerID, id.podUID, id.podIP, id.podName)
}
