// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// resource is a kind of objects: where it is read, and where in the inventory it goes.
type resource struct {
	// kind is as in package inventory.
	kind, path                   string
	fieldSelector, labelSelector string
	newList                      func() runtime.Object
	// convert returns what the inventory keeps of an object.
	convert func(runtime.Object) (any, error)
	put     func(object any, now time.Time)
	remove  func(object any, now time.Time)
	replace func(objects []any, now time.Time)
}

// resources are those that the settings ask for.
func resources(settings *Settings, into *inventory.Inventory, converter *apiobject.Converter) []resource {
	pods := podResource(settings, into, converter)
	if !settings.Cluster {
		pods.fieldSelector = "spec.nodeName=" + settings.NodeName
		return []resource{pods}
	}
	return []resource{pods, serviceResource(into, converter), sliceResource(into, converter), nodeResource(into, converter)}
}

func podResource(settings *Settings, into *inventory.Inventory, converter *apiobject.Converter) resource {
	keep := podKeeper{into: into}
	if settings.Cluster {
		keep.farFrom = func(p *inventory.Pod) bool { return p.Node == "" || p.Node != settings.NodeName }
	}
	return resource{
		kind: inventory.KindPod, path: "/api/v1/pods",
		newList: func() runtime.Object { return &apiobject.PodList{} },
		convert: as(converter.Pod), put: keep.put, remove: keep.remove, replace: keep.replace,
	}
}

// podKeeper leaves out the finished pods of other nodes: there may be many, and nobody connects to them.
type podKeeper struct {
	into    *inventory.Inventory
	farFrom func(*inventory.Pod) bool
}

func (k podKeeper) unwanted(p *inventory.Pod) bool {
	return k.farFrom != nil && k.farFrom(p) && !p.Ended.IsZero()
}

func (k podKeeper) put(object any, now time.Time) {
	p := object.(*inventory.Pod)
	if k.unwanted(p) {
		k.remove(p, now)
		return
	}
	k.into.PutPod(p, now)
}

// remove puts what the pod was at last: it may be the first that is heard of one that lived a moment.
func (k podKeeper) remove(object any, now time.Time) {
	p := object.(*inventory.Pod)
	if !k.unwanted(p) || k.into.PodByUID(p.UID) != nil {
		k.into.PutPod(p, now)
	}
	k.into.RemovePod(p.UID, now)
}

func (k podKeeper) replace(objects []any, now time.Time) {
	pods := make([]*inventory.Pod, 0, len(objects))
	for _, object := range objects {
		if p := object.(*inventory.Pod); !k.unwanted(p) {
			pods = append(pods, p)
		}
	}
	k.into.ReplacePods(pods, now)
}

func serviceResource(into *inventory.Inventory, converter *apiobject.Converter) resource {
	return resource{
		kind: inventory.KindService, path: "/api/v1/services",
		newList: func() runtime.Object { return &apiobject.ServiceList{} },
		convert: as(converter.Service),
		put:     func(object any, _ time.Time) { into.PutService(object.(*inventory.Service)) },
		remove: func(object any, _ time.Time) {
			s := object.(*inventory.Service)
			into.RemoveService(s.Namespace, s.Name)
		},
		replace: func(objects []any, _ time.Time) { into.ReplaceServices(all[*inventory.Service](objects)) },
	}
}

func sliceResource(into *inventory.Inventory, converter *apiobject.Converter) resource {
	return resource{
		kind: inventory.KindEndpointSlice, path: "/apis/discovery.k8s.io/v1/endpointslices",
		labelSelector: "kubernetes.io/service-name", // those that belong to a Service
		newList:       func() runtime.Object { return &apiobject.EndpointSliceList{} },
		convert:       as(converter.EndpointSlice),
		put:           func(object any, _ time.Time) { into.PutEndpointSlice(object.(*inventory.EndpointSlice)) },
		remove: func(object any, _ time.Time) {
			s := object.(*inventory.EndpointSlice)
			into.RemoveEndpointSlice(s.Namespace, s.Name)
		},
		replace: func(objects []any, _ time.Time) {
			into.ReplaceEndpointSlices(all[*inventory.EndpointSlice](objects))
		},
	}
}

func nodeResource(into *inventory.Inventory, converter *apiobject.Converter) resource {
	return resource{
		kind: inventory.KindNode, path: "/api/v1/nodes",
		newList: func() runtime.Object { return &apiobject.NodeList{} },
		convert: as(converter.Node),
		put:     func(object any, _ time.Time) { into.PutNode(object.(*inventory.Node)) },
		remove:  func(object any, _ time.Time) { into.RemoveNode(object.(*inventory.Node).Name) },
		replace: func(objects []any, _ time.Time) { into.ReplaceNodes(all[*inventory.Node](objects)) },
	}
}

// as makes a function for one kind of objects one for any, which refuses the others.
func as[From runtime.Object, To any](convert func(From) (To, error)) func(runtime.Object) (any, error) {
	return func(object runtime.Object) (any, error) {
		from, ok := object.(From)
		if !ok {
			return nil, fmt.Errorf("a %T came instead of a %T", object, from)
		}
		return convert(from)
	}
}

func all[T any](objects []any) []T {
	typed := make([]T, 0, len(objects))
	for _, object := range objects {
		typed = append(typed, object.(T))
	}
	return typed
}
