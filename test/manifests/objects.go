// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Objects reads the objects of a YAML text, by their kinds and names such as "Service meerkat/meerkat-gateway". It is an error if two are
// called the same.
func Objects(text string) (map[string]*unstructured.Unstructured, error) {
	objects := map[string]*unstructured.Unstructured{}
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(document), &content); err != nil {
			return nil, fmt.Errorf("read an object: %w", err)
		}
		if len(content) == 0 {
			continue
		}
		object := &unstructured.Unstructured{Object: content}
		name := object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
		if objects[name] != nil {
			return nil, fmt.Errorf("there are two: %s", name)
		}
		objects[name] = object
	}
	return objects, nil
}

// PodOf is what a Deployment or DaemonSet runs. A field that Kubernetes does not know is an error.
func PodOf(object *unstructured.Unstructured) (corev1.PodSpec, error) {
	var pod corev1.PodSpec
	spec, found, err := unstructured.NestedMap(object.Object, "spec", "template", "spec")
	if err != nil || !found {
		return pod, fmt.Errorf("the pod of %s: there is none: %w", object.GetName(), err)
	}
	encoded, err := json.Marshal(spec)
	if err != nil {
		return pod, err
	}
	return pod, yaml.UnmarshalStrict(encoded, &pod)
}
