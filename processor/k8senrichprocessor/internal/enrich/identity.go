// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// identity is what a resource says of whose it is. Absent attributes are empty, and so are those of another type.
type identity struct {
	containerID, podUID, podIP string
	podName, containerName     string
	sandbox, fromCgroup        bool
	// saidStatus and saidReason are those of an earlier enrichment, on the node say.
	saidStatus Status
	saidReason Reason
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
		case names.EnrichmentStatus:
			id.saidStatus = Status(value.Str())
		case names.EnrichmentReason:
			id.saidReason = Reason(value.Str())
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

// named tells whether the resource says whose it is at all.
func (id *identity) named() bool { return id.containerID != "" || id.podUID != "" || id.podName != "" }

// mayBe tells whether a resource that is not known by its pod's UID may be of a pod that has its address now. One that names
// another had the address earlier.
func (id *identity) mayBe(pod *inventory.Pod) bool {
	return id.podUID == "" && (id.podName == "" || id.podName == pod.Name)
}

// Key tells the workloads apart that a resource may be of, to keep their records in order. It is empty for a
// resource that is nobody's.
func (n *Near) Key() string {
	id := &n.identity
	return cmp.Or(id.containerID, id.podUID, id.podIP, id.podName)
}
