// SPDX-License-Identifier: Apache-2.0

// Package controlapitest holds answers of the control API against the document that describes them: the status, the
// type of the content, and the content. It is for tests of whatever mounts handlers, and never sends requests.
package controlapitest

import (
	"bytes"
	_ "embed" // for the schema of documents
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/openapi-3.1.schema.json
var schemaOfDocuments []byte

const (
	documentSchemaURL = "https://spec.openapis.org/oas/3.1/schema/2025-11-23"
	documentURL       = "https://meerkat.invalid/openapi.json"
	problemType       = "application/problem+json"
)

// Document is an OpenAPI 3.1 document.
type Document struct {
	whole    map[string]any
	compiler *jsonschema.Compiler
}

// Read reads a document and checks it: that it is one by the schema of OpenAPI 3.1, and that the schemas in it are
// schemas.
func Read(t testing.TB, text []byte) *Document {
	t.Helper()
	d, err := read(text)
	require.NoError(t, err)
	return d
}

func read(text []byte) (*Document, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaOfDocuments))
	if err != nil {
		return nil, fmt.Errorf("read the schema of documents: %w", err)
	}
	d := &Document{compiler: jsonschema.NewCompiler()}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	for url, resource := range map[string]any{documentSchemaURL: schema, documentURL: parsed} {
		if err := d.compiler.AddResource(url, resource); err != nil {
			return nil, err
		}
	}
	whole, err := d.compiler.Compile(documentSchemaURL)
	if err != nil {
		return nil, fmt.Errorf("compile the schema of documents: %w", err)
	}
	if err := whole.Validate(parsed); err != nil {
		return nil, fmt.Errorf("the document is not one of OpenAPI 3.1: %w", err)
	}
	d.whole = parsed.(map[string]any)
	return d, d.compileAll("#", parsed)
}

// compileAll finds what is wrong with schemas before an answer needs them.
func (d *Document) compileAll(pointer string, value any) error {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			at := pointer + "/" + escape(key)
			if key == "schema" || strings.HasPrefix(at, "#/components/schemas/") {
				if _, err := d.compiler.Compile(documentURL + at); err != nil {
					return fmt.Errorf("the schema at %s: %w", at, err)
				}
				continue
			}
			if err := d.compileAll(at, inner); err != nil {
				return err
			}
		}
	case []any:
		for i, inner := range value {
			if err := d.compileAll(pointer+"/"+strconv.Itoa(i), inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// escape makes a key a part of a pointer (RFC 6901) in an address.
func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D", " ", "%20").Replace(key)
}

// Check holds an answer to a request for a method and path against the document. It returns the content, for tests
// that want more of it.
func (d *Document) Check(t testing.TB, method, path string, answer *http.Response) []byte {
	t.Helper()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, d.check(method, path, answer.StatusCode, answer.Header, content),
		"%s %s was answered with status %d and %q", method, path, answer.StatusCode, content)
	return content
}

func (d *Document) check(method, path string, status int, header http.Header, content []byte) error {
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil && len(content) > 0 {
		return fmt.Errorf("read the Content-Type: %w", err)
	}
	at, response, err := d.response(method, path, status)
	if err != nil {
		return err
	}
	described, _ := response["content"].(map[string]any)
	switch {
	case len(described) == 0 && len(content) > 0:
		return fmt.Errorf("%s describes no content", at)
	case len(described) == 0 || method == http.MethodHead:
		return nil
	}
	media, ok := described[mediaType].(map[string]any)
	if !ok {
		return fmt.Errorf("%s does not describe content of type %q", at, mediaType)
	}
	if _, ok := media["schema"]; !ok || !strings.HasSuffix(mediaType, "json") {
		return nil
	}
	if err := d.validate(at+"/content/"+escape(mediaType)+"/schema", content); err != nil {
		return err
	}
	if mediaType == problemType {
		return checkStatus(status, content)
	}
	return nil
}

func (d *Document) validate(pointer string, content []byte) error {
	schema, err := d.compiler.Compile(documentURL + pointer)
	if err != nil {
		return fmt.Errorf("compile the schema at %s: %w", pointer, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("read the content: %w", err)
	}
	return schema.Validate(value)
}

// checkStatus compares the status in a problem with that of the answer.
func checkStatus(status int, content []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		return err
	}
	if problem, _ := value.(map[string]any); fmt.Sprint(problem["status"]) != strconv.Itoa(status) {
		return fmt.Errorf("the problem says status %v, and the answer %d", problem["status"], status)
	}
	return nil
}

// problemAt is the response that everything has that is no operation.
const problemAt = "#/components/responses/Problem"

// response finds what the document says of an answer, and where.
func (d *Document) response(method, path string, status int) (at string, response map[string]any, err error) {
	template, item := d.item(path)
	if method == http.MethodHead {
		method = http.MethodGet
	}
	operation, ok := item[strings.ToLower(method)].(map[string]any)
	if !ok {
		if status < http.StatusBadRequest {
			return "", nil, fmt.Errorf("the document does not describe %s %s", method, path)
		}
		at, response = d.follow(problemAt)
		return at, response, nil
	}
	responses, _ := operation["responses"].(map[string]any)
	for _, key := range []string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX", "default"} {
		found, ok := responses[key].(map[string]any)
		if !ok {
			continue
		}
		if reference, ok := found["$ref"].(string); ok {
			at, response = d.follow(reference)
			return at, response, nil
		}
		return "#/paths/" + escape(template) + "/" + strings.ToLower(method) + "/responses/" + key, found, nil
	}
	return "", nil, fmt.Errorf("the document does not describe status %d of %s %s", status, method, template)
}

// follow resolves a reference to a response of the document.
func (d *Document) follow(reference string) (at string, response map[string]any) {
	components, _ := d.whole["components"].(map[string]any)
	responses, _ := components["responses"].(map[string]any)
	response, _ = responses[strings.TrimPrefix(reference, "#/components/responses/")].(map[string]any)
	return reference, response
}

// item finds the path item for a path. Fixed parts win over parameters.
func (d *Document) item(path string) (template string, item map[string]any) {
	paths, _ := d.whole["paths"].(map[string]any)
	path, _, _ = strings.Cut(path, "?")
	best := -1
	for candidate, value := range paths {
		if fixed := fixedParts(candidate, path); fixed > best {
			best, template = fixed, candidate
			item, _ = value.(map[string]any)
		}
	}
	return template, item
}

// fixedParts returns how many parts of a path are as they are in a template, -1 if it does not fit.
func fixedParts(template, path string) int {
	wanted, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(wanted) != len(got) {
		return -1
	}
	fixed := 0
	for i := range wanted {
		switch {
		case wanted[i] == got[i]:
			fixed++
		case !strings.HasPrefix(wanted[i], "{") || got[i] == "":
			return -1
		}
	}
	return fixed
}
