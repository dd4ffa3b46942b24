// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// owners are what a pod may belong to, the outermost first: it is what all replicas share.
var owners = [...]struct{ attribute, kind string }{
	{names.K8sDeploymentName, "deployment"}, {names.K8sStatefulSetName, "statefulset"}, {names.K8sDaemonSetName, "daemonset"},
	{names.K8sCronJobName, "cronjob"}, {names.K8sJobName, "job"}, {names.K8sReplicaSetName, "replicaset"},
}

// whose is what a resource tells of whose its records are.
type whose struct {
	// workload is empty if it is not known, or if only the process tells it.
	workload, version, instance string
	// unresolved tells that it may be known later: until then nothing is judged.
	unresolved bool
	// host tells that it is no container's.
	host bool
}

// SetResource makes the reader read records of a resource.
func (r *Reader) SetResource(resource pcommon.Resource) {
	attributes := resource.Attributes()
	r.resource = attributes
	w := whose{version: version(attributes), instance: firstText(attributes, names.ContainerID, names.K8sPodUID, names.HostID, names.HostName)}
	status := name(attributes, names.EnrichmentStatus)
	pod := name(attributes, names.K8sPodUID) != "" || name(attributes, names.K8sPodName) != ""
	container := firstText(attributes, names.K8sContainerName, names.ContainerName)
	switch {
	case status == "unresolved" || status == "partial":
		w.unresolved = true
	case status == "resolved":
		w.workload = r.ofPod(attributes, container)
	case name(attributes, names.ContainerID) != "" || pod:
		// Nobody asked the cluster. Without a name and an image there is nothing that replicas share.
		image := name(attributes, names.ContainerImageName)
		if container != "" && image != "" {
			w.workload = r.join("container", name(attributes, names.K8sNamespaceName), image, container)
		}
		w.unresolved = w.workload == ""
	default:
		w.host = true
		if unit := unit(text(attributes, names.CgroupPath)); unit != "" {
			w.workload = r.join("host", unit)
		}
	}
	r.whose, r.labelled = w, false
}

// ofPod returns the key of the owner of a pod that is known. A pod without an owner is its own.
func (r *Reader) ofPod(attributes pcommon.Map, container string) string {
	namespace := name(attributes, names.K8sNamespaceName)
	cluster := firstText(attributes, names.K8sClusterName, names.K8sClusterUID)
	for _, owner := range owners {
		if of := name(attributes, owner.attribute); of != "" {
			return r.join(cluster, namespace, owner.kind, of, container)
		}
	}
	if pod := name(attributes, names.K8sPodName); pod != "" {
		return r.join(cluster, namespace, "pod", pod, container)
	}
	return ""
}

// unit returns what of the host a cgroup belongs to: the systemd unit, instances of a template as one; else the slice or scope at the top.
func unit(cgroup string) string {
	top, found := "", ""
	for part := range strings.SplitSeq(cgroup, "/") {
		if top == "" {
			top = part
		}
		if strings.HasSuffix(part, ".service") {
			found = part
		}
	}
	if found == "" {
		return top
	}
	if at := strings.IndexByte(found, '@'); at > 0 {
		return found[:at+1]
	}
	return found
}

// version returns the digest of the image, or its tag.
func version(attributes pcommon.Map) string {
	for _, attribute := range [...]string{names.ContainerImageRepoDigests, names.ContainerImageTags} {
		value, ok := attributes.Get(attribute)
		if !ok || value.Type() != pcommon.ValueTypeSlice || value.Slice().Len() == 0 {
			continue
		}
		if first := value.Slice().At(0); first.Type() == pcommon.ValueTypeStr && len(first.Str()) <= textBytesMax {
			return first.Str()
		}
	}
	return ""
}

// text returns the value of an attribute that is a text and not too long, else an empty one.
func text(attributes pcommon.Map, attribute string) string {
	value, ok := attributes.Get(attribute)
	if !ok {
		return ""
	}
	return textOf(value)
}

func textOf(value pcommon.Value) string {
	if value.Type() != pcommon.ValueTypeStr || len(value.Str()) > textBytesMax {
		return ""
	}
	return value.Str()
}

// name is text for what is a part of a key.
func name(attributes pcommon.Map, attribute string) string {
	value := text(attributes, attribute)
	if len(value) > nameBytesMax {
		return ""
	}
	return value
}

// firstText returns the first that is not empty.
func firstText(attributes pcommon.Map, all ...string) string {
	for _, attribute := range all {
		if value := name(attributes, attribute); value != "" {
			return value
		}
	}
	return ""
}

// join puts names together, empty ones left out. It allocates only what it has not put together before.
func (r *Reader) join(parts ...string) string {
	r.scratch = r.scratch[:0]
	for _, part := range parts {
		if part == "" {
			continue
		}
		if len(r.scratch) > 0 {
			r.scratch = append(r.scratch, '/')
		}
		r.scratch = append(r.scratch, part...)
	}
	if joined, ok := r.joined[string(r.scratch)]; ok {
		return joined
	}
	if len(r.joined) >= joinedMax {
		clear(r.joined)
	}
	joined := string(r.scratch)
	r.joined[joined] = joined
	return joined
}

// Whose returns whose what the present resource has is, besides its records: the workload, which of its instances, and whether that may be known only
// later. Without more than a host, the workload is the host as such.
func (r *Reader) Whose() (workload, instance string, unresolved bool) {
	w := &r.whose
	if w.workload == "" && w.host {
		return "host", w.instance, false
	}
	return w.workload, w.instance, w.workload == ""
}
