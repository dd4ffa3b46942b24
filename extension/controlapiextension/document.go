// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"bytes"
	_ "embed" // for the document of the server itself
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ownDocument describes the server's own routes, and what all answers have in common.
//
//go:embed openapi.json
var ownDocument []byte

// document is what a mount says of its routes: the parts of an OpenAPI document that are merged. Objects are kept
// as they were read; order does not matter in them.
type document struct {
	// head is everything else. Only that of the server itself is served.
	head map[string]any
	// paths are path items by path.
	paths map[string]map[string]any
	// components are by section, such as "schemas", and by name.
	components map[string]map[string]any
}

func readDocument(text []byte) (*document, error) {
	if len(text) > documentBytesMax {
		return nil, fmt.Errorf("read the document: %d bytes are more than %d", len(text), documentBytesMax)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var d document
	if err := decoder.Decode(&d.head); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("read the document: there is something behind the JSON value")
	}
	if version, _ := d.head["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		return nil, fmt.Errorf("read the document: openapi: %q is not version 3.1", version)
	}
	var err error
	if d.paths, err = objectOfObjects(d.head, "paths"); err != nil {
		return nil, err
	}
	if d.components, err = objectOfObjects(d.head, "components"); err != nil {
		return nil, err
	}
	return &d, nil
}

// objectOfObjects takes a part out of the head.
func objectOfObjects(head map[string]any, key string) (map[string]map[string]any, error) {
	objects := map[string]map[string]any{}
	value, ok := head[key]
	delete(head, key)
	if !ok {
		return objects, nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("read the document: %s is not an object", key)
	}
	for name, value := range object {
		inner, ok := value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("read the document: %s: %s is not an object", key, name)
		}
		objects[name] = inner
	}
	return objects, nil
}

// mergeDocuments makes one document of many, the same bytes for the same mounts in whatever order. The first is the
// server's own, which has the head.
func mergeDocuments(all []*document) ([]byte, error) {
	whole := maps.Clone(all[0].head)
	paths, components := map[string]map[string]any{}, map[string]map[string]any{}
	named := map[string]string{}
	for _, d := range all {
		for _, o := range d.operations() {
			id := o.id()
			if other, ok := named[id]; ok {
				return nil, fmt.Errorf("merge the documents: operationId %q is that of %s and of %s", id, other, o.name)
			}
			named[id] = o.name
		}
		if err := mergeInto(paths, d.paths, "paths"); err != nil {
			return nil, err
		}
		if err := mergeInto(components, d.components, "components"); err != nil {
			return nil, err
		}
	}
	whole["paths"], whole["components"] = paths, components
	// Keys of maps are sorted.
	text, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	return append(text, '\n'), nil
}

// mergeInto adds objects. What has the same name has to be the same.
func mergeInto(whole, added map[string]map[string]any, part string) error {
	for name, object := range added {
		if whole[name] == nil {
			whole[name] = map[string]any{}
		}
		for key, value := range object {
			if other, ok := whole[name][key]; ok && !reflect.DeepEqual(other, value) {
				return fmt.Errorf("merge the documents: %s: %s: %s is described twice, in different words", part, name, key)
			}
			whole[name][key] = value
		}
	}
	return nil
}

// operation is a method at a path, as the document has it.
type operation struct {
	name   string
	path   string
	fields map[string]any
	// parameters are those of the path too.
	parameters []any
}

// id is what clients name their function after.
func (o operation) id() string {
	id, _ := o.fields["operationId"].(string)
	return id
}

// operations returns all that the document describes, in order.
func (d *document) operations() []operation {
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(d.paths)) {
		item := d.paths[path]
		shared, _ := item["parameters"].([]any)
		for _, key := range slices.Sorted(maps.Keys(item)) {
			fields, ok := item[key].(map[string]any)
			if !ok || !isMethod(key) {
				continue
			}
			own, _ := fields["parameters"].([]any)
			all = append(all, operation{strings.ToUpper(key) + " " + path, path, fields, slices.Concat(shared, own)})
		}
	}
	return all
}

// isMethod tells operations of a path item from its other fields.
func isMethod(key string) bool {
	return slices.Contains([]string{"delete", "get", "head", "options", "patch", "post", "put", "trace"}, key)
}
