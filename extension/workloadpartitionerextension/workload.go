// SPDX-License-Identifier: Apache-2.0

package workloadpartitionerextension

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// owners are the attributes that name what owns a pod, the one that lasts first: a Job of a CronJob is another one each time.
var owners = [...]string{
	names.K8sDeploymentName, names.K8sStatefulSetName, names.K8sDaemonSetName, names.K8sCronJobName, names.K8sJobName, names.K8sReplicaSetName, names.K8sPodName,
}

// workloadOf names what all replicas share: in Kubernetes cluster, namespace and owner of the pod; elsewhere image and name of the container; on a
// host the host and the unit. It is empty if the resource says nothing of these.
func workloadOf(resource pcommon.Map) string {
	for _, owner := range owners {
		if name := text(resource, owner); name != "" {
			return join("pod", text(resource, names.K8sClusterName), text(resource, names.K8sNamespaceName), owner, name)
		}
	}
	if image, name := text(resource, names.ContainerImageName), text(resource, names.ContainerName); image != "" || name != "" {
		return join("container", image, name)
	}
	if id := text(resource, names.ContainerID); id != "" {
		return join("container", id)
	}
	if host, unit := text(resource, names.HostName), text(resource, names.CgroupPath); host != "" || unit != "" {
		return join("host", host, unit)
	}
	return ""
}

func text(resource pcommon.Map, key string) string {
	value, ok := resource.Get(key)
	if !ok || value.Type() != pcommon.ValueTypeStr {
		return ""
	}
	return value.Str()
}

// join puts parts together that may have any characters but this one.
func join(parts ...string) string { return strings.Join(parts, "\x00") }
