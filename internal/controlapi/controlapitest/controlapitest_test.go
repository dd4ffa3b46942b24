// SPDX-License-Identifier: Apache-2.0

package controlapitest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const document = `{
  "openapi": "3.1.0",
  "info": {"title": "t", "version": "1"},
  "paths": {
    "/v1/things/{name}": {
      "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}],
      "get": {"responses": {
        "200": {"description": "d", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "204": {"description": "d"},
        "4XX": {"$ref": "#/components/responses/Problem"}
      }}
    },
    "/v1/things/special": {
      "get": {"responses": {
        "200": {"description": "d", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
        "default": {"$ref": "#/components/responses/Problem"}
      }}
    }
  },
  "components": {
    "responses": {"Problem": {"description": "d", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}},
    "schemas": {
      "Thing": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {"name": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}}},
      "Problem": {"type": "object", "required": ["status", "code"], "properties": {"status": {"type": "integer"}, "code": {"type": "string"}}}
    }
  }
}`

func TestDocument_answers(t *testing.T) {
	const jsonType, streamType = "application/json", "text/event-stream"
	d := Read(t, []byte(document))
	for _, c := range []struct {
		method, path, contentType, content string
		status                             int
		wrong                              string
	}{
		{"GET", "/v1/things/a", jsonType, `{"name":"a","parts":[{"name":"b"}]}`, 200, ""},
		{"GET", "/v1/things/a?x=1", jsonType + "; charset=utf-8", `{"name":"a"}`, 200, ""},
		{"HEAD", "/v1/things/a", jsonType, "", 200, ""},
		{"GET", "/v1/things/a", "", "", 204, ""},
		{"GET", "/v1/things/special", streamType, "data: x\n\n", 200, ""},
		{"GET", "/v1/things/a", problemType, `{"status":404,"code":"not_found"}`, 404, ""},
		{"GET", "/v1/things/special", problemType, `{"status":500,"code":"internal"}`, 500, ""},
		{"POST", "/v1/things/a", problemType, `{"status":405,"code":"method_not_allowed"}`, 405, ""},
		{"GET", "/elsewhere", problemType, `{"status":404,"code":"not_found"}`, 404, ""},

		{"GET", "/v1/things/a", jsonType, `{"name":1}`, 200, "got number, want string"},
		{"GET", "/v1/things/a", jsonType, `{"name":"a","parts":[{}]}`, 200, "missing property 'name'"},
		{"GET", "/v1/things/a", jsonType, `{"name":"a","more":1}`, 200, "additional properties 'more' not allowed"},
		{"GET", "/v1/things/a", jsonType, `{"name":"a"`, 200, "read the content"},
		{"GET", "/v1/things/a", jsonType, ``, 200, "read the content"},
		{"GET", "/v1/things/a", "text/html", `{"name":"a"}`, 200, `does not describe content of type "text/html"`},
		{"GET", "/v1/things/a", "", `{"name":"a"}`, 200, "read the Content-Type"},
		{"GET", "/v1/things/special", jsonType, `{}`, 200, "does not describe content"},
		{"GET", "/v1/things/a", "text/plain", "x", 204, "describes no content"},
		{"GET", "/v1/things/a", problemType, `{"status":500,"code":"internal"}`, 500, "does not describe status 500"},
		{"GET", "/v1/things/a", problemType, `{"status":403,"code":"forbidden"}`, 404, "says status 403"},
		{"GET", "/v1/things/a", problemType, `{"status":404}`, 404, "missing property 'code'"},
		{"GET", "/v1/things/a", "text/plain", "404 page not found", 404, "does not describe content"},
		{"POST", "/v1/things/a", jsonType, `{}`, 200, "does not describe POST"},
		{"POST", "/v1/things/a", "text/plain", "no", 405, "does not describe content"},
		{"GET", "/v1/things/", jsonType, `{"name":"a"}`, 200, "does not describe GET /v1/things/"},
	} {
		err := d.check(c.method, c.path, c.status, http.Header{"Content-Type": {c.contentType}}, []byte(c.content))
		if c.wrong == "" {
			assert.NoError(t, err, "%+v", c)
		} else {
			assert.ErrorContains(t, err, c.wrong, "%+v", c)
		}
	}
}

func TestDocument_checkReturnsTheContent(t *testing.T) {
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"name":"a"}`))}
	assert.JSONEq(t, `{"name":"a"}`, string(Read(t, []byte(document)).Check(t, "GET", "/v1/things/a", answer)))
}

func TestDocument_refused(t *testing.T) {
	for what, c := range map[string]struct{ from, to, wrong string }{
		"no JSON":            {`"openapi"`, `openapi`, "read the document"},
		"another version":    {"3.1.0", "3.0.0", "not one of OpenAPI 3.1"},
		"no responses":       {`"description": "d"}`, `"descriptions": "d"}`, "not one of OpenAPI 3.1"},
		"no schema":          {`{"type": "integer"}`, `{"type": "int"}`, "/properties/status/type"},
		"a dead reference":   {`{"$ref": "#/components/schemas/Thing"}}}}`, `{"$ref": "#/components/schemas/Gone"}}}}`, "Gone"},
		"a parameter's type": {`"schema": {"type": "string"}}]`, `"schema": {"type": "text"}}]`, "the schema at #/paths"},
	} {
		text := strings.Replace(document, c.from, c.to, 1)
		require.NotEqual(t, document, text, what)
		_, err := read([]byte(text))
		assert.ErrorContains(t, err, c.wrong, what)
	}
}
