// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Metadata is what is read of an object's metadata. It leaves out managedFields, which are most of it.
type Metadata struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               string            `json:"uid"`
	ResourceVersion   string            `json:"resourceVersion"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
	CreationTimestamp metav1.Time       `json:"creationTimestamp"`
	OwnerReferences   []OwnerReference  `json:"ownerReferences"`
}

// OwnerReference names an object that owns another.
type OwnerReference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
}

// GetObjectMeta is how client-go reads names and versions. What it returns is a copy.
func (m *Metadata) GetObjectMeta() metav1.Object {
	return &metav1.ObjectMeta{
		Name: m.Name, Namespace: m.Namespace, UID: types.UID(m.UID), ResourceVersion: m.ResourceVersion,
		Labels: m.Labels, Annotations: m.Annotations, CreationTimestamp: m.CreationTimestamp,
	}
}
