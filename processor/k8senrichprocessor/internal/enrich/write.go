// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// writer adds to attributes, and leaves alone what is there, if nothing else is said.
type writer struct{ attributes pcommon.Map }

func (w writer) text(key, value string) {
	if value == "" {
		return
	}
	if _, there := w.attributes.Get(key); !there {
		w.attributes.PutStr(key, value)
	}
}

func (w writer) texts(key string, values ...string) {
	if _, there := w.attributes.Get(key); there {
		return
	}
	list := w.attributes.PutEmptySlice(key)
	for _, value := range values {
		list.AppendEmpty().SetStr(value)
	}
}

func (w writer) number(key string, value int64) {
	if _, there := w.attributes.Get(key); !there {
		w.attributes.PutInt(key, value)
	}
}

// instead writes over what an earlier enrichment said, and takes it away if there is nothing to say any more.
func (w writer) instead(key, value string) {
	if value == "" {
		w.attributes.Remove(key)
		return
	}
	w.attributes.PutStr(key, value)
}

// ownerNames are the attributes of an owner's name and UID, by its kind.
var ownerNames = map[inventory.Kind][2]string{
	inventory.Deployment:  {names.K8sDeploymentName, ""},
	inventory.ReplicaSet:  {names.K8sReplicaSetName, names.K8sReplicaSetUID},
	inventory.StatefulSet: {names.K8sStatefulSetName, names.K8sStatefulSetUID},
	inventory.DaemonSet:   {names.K8sDaemonSetName, names.K8sDaemonSetUID},
	inventory.Job:         {names.K8sJobName, names.K8sJobUID},
	inventory.CronJob:     {names.K8sCronJobName, ""},
}

func (w writer) pod(p *inventory.Pod) {
	w.text(names.K8sNamespaceName, p.Namespace)
	w.text(names.K8sPodName, p.Name)
	w.text(names.K8sPodUID, p.UID)
	w.text(names.K8sNodeName, p.Node)
	if len(p.Addresses) > 0 {
		w.text(names.K8sPodIP, p.Addresses[0].String())
	}
	if !p.Started.IsZero() {
		w.text(names.K8sPodStartTime, p.Started.UTC().Format(time.RFC3339))
	}
	for _, owner := range p.Owners {
		if keys, ok := ownerNames[owner.Kind]; ok {
			w.text(keys[0], owner.Name)
			if keys[1] != "" {
				w.text(keys[1], owner.UID)
			}
		}
	}
	for _, attribute := range p.Attributes {
		w.text(attribute.Name, attribute.Value)
	}
}

func (w writer) container(c *inventory.Container) {
	if c == nil {
		return
	}
	w.text(names.K8sContainerName, c.Name)
	w.text(names.ContainerName, c.Name)
	w.text(names.ContainerID, c.ID)
	if c.ID != "" {
		w.number(names.K8sContainerRestartCount, c.Restarts)
	}
	image := parseImage(c.Image)
	w.text(names.ContainerImageName, image.name)
	if image.tag != "" {
		w.texts(names.ContainerImageTags, image.tag)
	}
	if digest := parseImage(c.ImageID); digest.digest != "" {
		w.texts(names.ContainerImageRepoDigests, digest.name+"@"+digest.digest)
	}
}

// image is the reference of an image, taken apart.
type image struct{ name, tag, digest string }

// parseImage takes apart a reference such as registry:5000/shop/cart:1.2@sha256:…, and the kubelet's image id,
// which some runtimes give a scheme.
func parseImage(reference string) image {
	if _, after, ok := strings.Cut(reference, "://"); ok {
		reference = after
	}
	var parts image
	parts.name, parts.digest, _ = strings.Cut(reference, "@")
	if colon := strings.LastIndexByte(parts.name, ':'); colon > strings.LastIndexByte(parts.name, '/') {
		parts.name, parts.tag = parts.name[:colon], parts.name[colon+1:]
	}
	if parts.name == "sha256" {
		return image{} // the id of an image that no registry has
	}
	return parts
}

func (i image) version() string {
	if i.tag != "" && i.digest != "" {
		return i.tag + "@" + i.digest
	}
	return i.tag + i.digest
}

// service names the service by the conventions' rules. Annotations have been written with the pod's attributes.
//
// Source: https://opentelemetry.io/docs/specs/semconv/non-normative/k8s-attributes/
func (w writer) service(near *Near) {
	p, c := near.pod, near.container
	if present, ok := w.attributes.Get(names.ServiceName); ok && strings.HasPrefix(present.Str(), "unknown_service") {
		w.attributes.Remove(names.ServiceName) // what SDKs say when nobody has told them
	}
	if owner, ok := p.Workload(); ok {
		w.text(names.ServiceName, owner.Name)
	}
	w.text(names.ServiceName, p.Name)
	w.text(names.ServiceNamespace, p.Namespace)
	if c == nil {
		return
	}
	w.text(names.ServiceVersion, parseImage(c.Image).version())
	w.text(names.ServiceInstanceID, p.Namespace+"."+p.Name+"."+c.Name)
}
