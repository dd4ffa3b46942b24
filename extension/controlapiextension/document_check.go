// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// What documents of mounts may refer to, and how they say who may do something.
const (
	problemResponse = "#/components/responses/Problem"
	roleField       = "x-meerkat-role"
)

// check holds a document against the routes that it describes: all of them, nothing else, with the role that each
// needs, with a body or without, with its parameters, and with what is answered when something is wrong.
func (d *document) check(routes []controlapi.Route) error {
	described := map[string]operation{}
	var errs []error
	for _, o := range d.operations() {
		described[o.name] = o
		if !slices.ContainsFunc(routes, func(r controlapi.Route) bool { return r.Method+" "+r.Path == o.name }) {
			errs = append(errs, fmt.Errorf("the document describes %s, and there is no such route", o.name))
		}
	}
	for _, route := range routes {
		name := route.Method + " " + route.Path
		o, ok := described[name]
		if !ok {
			errs = append(errs, fmt.Errorf("the document does not describe %s", name))
			continue
		}
		for _, complaint := range d.complaints(o, route) {
			errs = append(errs, fmt.Errorf("the document on %s: %s", name, complaint))
		}
	}
	for _, reference := range d.dangling() {
		errs = append(errs, fmt.Errorf("the document refers to %q, which is not in it", reference))
	}
	return errors.Join(errs...)
}

// complaints are what is wrong with the description of a route.
func (d *document) complaints(o operation, route controlapi.Route) []string {
	var all []string
	if role := o.fields[roleField]; role != route.Role.String() {
		all = append(all, fmt.Sprintf("%s is %v, and the route needs %q", roleField, quoted(role), route.Role))
	}
	if _, ok := o.fields["requestBody"]; ok != (route.BodyBytesMax > 0) {
		all = append(all, "requestBody has to be there exactly if the route reads a body")
	}
	if o.id() == "" {
		all = append(all, "operationId is missing, after which clients name their functions")
	}
	for _, parameter := range pathParameter.FindAllStringSubmatch(o.path, -1) {
		if !slices.ContainsFunc(o.parameters, func(p any) bool { return d.isPathParameter(p, parameter[1]) }) {
			all = append(all, "parameters lacks the part of the path "+parameter[1])
		}
	}
	responses, _ := o.fields["responses"].(map[string]any)
	if !isProblem(responses["default"]) && !isProblem(responses["4XX"]) {
		all = append(all, "responses lacks \"4XX\" or \"default\" with the $ref "+problemResponse)
	}
	if !hasSuccess(responses) {
		all = append(all, "responses lacks what is answered when all is well")
	}
	return all
}

func quoted(value any) string {
	if value == nil {
		return "missing"
	}
	return fmt.Sprintf("%q", fmt.Sprint(value))
}

var pathParameter = regexp.MustCompile(`\{([^}]*)\}`)

func (d *document) isPathParameter(parameter any, name string) bool {
	fields, _ := d.resolve(parameter).(map[string]any)
	return fields["in"] == "path" && fields["name"] == name && fields["required"] == true
}

// resolve follows a reference to a component of this document.
func (d *document) resolve(value any) any {
	fields, _ := value.(map[string]any)
	reference, ok := fields["$ref"].(string)
	if !ok {
		return value
	}
	section, name, _ := strings.Cut(strings.TrimPrefix(reference, "#/components/"), "/")
	return d.components[section][name]
}

func isProblem(response any) bool {
	fields, _ := response.(map[string]any)
	return fields["$ref"] == problemResponse
}

func hasSuccess(responses map[string]any) bool {
	for status := range responses {
		if strings.HasPrefix(status, "2") {
			return true
		}
	}
	return false
}

// dangling returns the references that lead nowhere: not to this document, and not to the server's own.
func (d *document) dangling() []string {
	own, err := readDocument(ownDocument)
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	visit := func(reference string) {
		section, name, _ := strings.Cut(strings.TrimPrefix(reference, "#/components/"), "/")
		name, _, _ = strings.Cut(name, "/")
		_, isOwn := own.components[section][name]
		_, isTheirs := d.components[section][name]
		if !strings.HasPrefix(reference, "#/components/") || (!isOwn && !isTheirs) {
			all = append(all, reference)
		}
	}
	for _, part := range []map[string]map[string]any{d.paths, d.components} {
		for _, object := range part {
			visitReferences(object, visit)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func visitReferences(value any, visit func(string)) {
	switch value := value.(type) {
	case map[string]any:
		if reference, ok := value["$ref"].(string); ok {
			visit(reference)
		}
		for _, inner := range value {
			visitReferences(inner, visit)
		}
	case []any:
		for _, inner := range value {
			visitReferences(inner, visit)
		}
	}
}
