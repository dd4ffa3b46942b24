// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// item is what the reflector sees of an object: a name, a version, and what goes into the inventory. The object that
// was read is not kept.
type item struct {
	namespace, name, version string
	// initialEnd is true of the bookmark after the last object that there was when a watch began.
	initialEnd bool
	// object is nil of bookmarks, and of objects that can't be told from others.
	object any
}

// GetObjectMeta is how the reflector reads an item.
func (i *item) GetObjectMeta() metav1.Object {
	meta := &metav1.ObjectMeta{Namespace: i.namespace, Name: i.name, ResourceVersion: i.version}
	if i.initialEnd {
		meta.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
	}
	return meta
}

// GetObjectKind says nothing: nobody encodes items.
func (i *item) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject returns i, which nobody changes.
func (i *item) DeepCopyObject() runtime.Object { return i }

// itemList is one page of a list.
type itemList struct {
	metav1.ListMeta
	Items []runtime.Object
}

// GetObjectKind says nothing: nobody encodes lists.
func (l *itemList) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject shares the items, which nobody changes.
func (l *itemList) DeepCopyObject() runtime.Object { c := *l; return &c }
