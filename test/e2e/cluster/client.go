// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// manager is who the API server is told has applied an object.
const manager = "meerkat-e2e"

// client talks to the API server.
type client struct {
	dynamic dynamic.Interface
	raw     rest.Interface
}

func newClient(config *rest.Config) (client, error) {
	d, err := dynamic.NewForConfig(config)
	if err != nil {
		return client{}, fmt.Errorf("make a client: %w", err)
	}
	r, err := rest.UnversionedRESTClientFor(dynamic.ConfigFor(config))
	if err != nil {
		return client{}, fmt.Errorf("make a client: %w", err)
	}
	return client{dynamic: d, raw: r}, nil
}

func (c client) get(ctx context.Context, path string) ([]byte, error) {
	return c.raw.Get().AbsPath(path).DoRaw(ctx)
}

// resourceOf asks what the API server calls objects of a kind.
func (c client) resourceOf(ctx context.Context, kind schema.GroupVersionKind) (resource schema.GroupVersionResource, namespaced bool, err error) {
	path := "/apis/" + kind.GroupVersion().String()
	if kind.Group == "" {
		path = "/api/" + kind.Version
	}
	content, err := c.get(ctx, path)
	if err != nil {
		return resource, false, err
	}
	var list metav1.APIResourceList
	if err := json.Unmarshal(content, &list); err != nil {
		return resource, false, err
	}
	for _, r := range list.APIResources {
		if r.Kind == kind.Kind && !strings.Contains(r.Name, "/") {
			return kind.GroupVersion().WithResource(r.Name), r.Namespaced, nil
		}
	}
	return resource, false, fmt.Errorf("the API server has no %s", kind)
}

// of is where objects like this one are.
func (c client) of(ctx context.Context, object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	resource, namespaced, err := c.resourceOf(ctx, object.GroupVersionKind())
	if err != nil || !namespaced {
		return c.dynamic.Resource(resource), err
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return c.dynamic.Resource(resource).Namespace(namespace), nil
}

func nameOf(object *unstructured.Unstructured) string {
	return strings.ToLower(object.GetKind()) + " " + object.GetNamespace() + "/" + object.GetName()
}

// objectsOf reads a YAML text of one or more objects.
func objectsOf(text string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(document), &content); err != nil {
			return nil, fmt.Errorf("read an object: %w", err)
		}
		if len(content) > 0 {
			objects = append(objects, &unstructured.Unstructured{Object: content})
		}
	}
	return objects, nil
}

// Apply creates or changes the objects of a YAML text, in its order.
func (c *Cluster) Apply(ctx context.Context, text string) error { return c.apply(ctx, text) }

// Try asks the API server whether it takes the objects of a YAML text, in full, and changes nothing. Their namespaces must be there.
func (c *Cluster) Try(ctx context.Context, text string) error {
	return c.apply(ctx, text, metav1.DryRunAll)
}

func (c *Cluster) apply(ctx context.Context, text string, dryRun ...string) error {
	objects, err := objectsOf(text)
	if err != nil {
		return err
	}
	for _, object := range objects {
		at, err := c.api.of(ctx, object)
		if err == nil {
			_, err = at.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: true, DryRun: dryRun})
		}
		if err != nil {
			return fmt.Errorf("apply %s: %w", nameOf(object), err)
		}
	}
	return nil
}

// Delete deletes the objects of a YAML text with what belongs to them, and returns when these objects are gone.
func (c *Cluster) Delete(ctx context.Context, text string) error {
	objects, err := objectsOf(text)
	if err != nil {
		return err
	}
	foreground := metav1.DeletePropagationForeground
	for _, object := range objects {
		at, err := c.api.of(ctx, object)
		if err == nil {
			err = at.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &foreground})
		}
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete %s: %w", nameOf(object), err)
		}
		if err := c.poll(ctx, nameOf(object)+" to be gone", func() error {
			_, err := at.Get(ctx, object.GetName(), metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil
			}
			return fmt.Errorf("it is there: %w", err)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Objects is where objects of a kind are, for what has no method here.
func (c *Cluster) Objects(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	return c.api.dynamic.Resource(resource)
}
