// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// things are a component's handlers, one of each kind.
type things struct{ handled atomic.Int64 }

const (
	thingBytesMax  = 64
	uploadBytesMax = 256
)

const thingsDocument = `{
  "openapi": "3.1.0",
  "info": {"title": "things", "version": "1"},
  "paths": {
    "/v1/things": {"get": {
      "operationId": "listThings", "x-meerkat-role": "viewer",
      "responses": {
        "200": {"description": "All.", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}}}},
        "default": {"$ref": "#/components/responses/Problem"}
      }
    }},
    "/v1/things/{name}": {
      "parameters": [{"$ref": "#/components/parameters/Name"}],
      "get": {
        "operationId": "getThing", "x-meerkat-role": "viewer",
        "responses": {
          "200": {"description": "One.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
          "default": {"$ref": "#/components/responses/Problem"}
        }
      },
      "patch": {
        "operationId": "setThing", "x-meerkat-role": "operator",
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {
          "200": {"description": "As it is now.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
          "default": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/uploads/{name}": {
      "put": {
        "operationId": "upload", "x-meerkat-role": "operator",
        "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/octet-stream": {}}},
        "responses": {"201": {"description": "Taken."}, "default": {"$ref": "#/components/responses/Problem"}}
      },
      "delete": {
        "operationId": "deleteUpload", "x-meerkat-role": "operator",
        "parameters": [{"$ref": "#/components/parameters/Name"}],
        "responses": {"204": {"description": "Gone."}, "4XX": {"$ref": "#/components/responses/Problem"}}
      }
    },
    "/v1/act": {"post": {
      "operationId": "act", "x-meerkat-role": "operator",
      "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
      "responses": {"204": {"description": "Done."}, "default": {"$ref": "#/components/responses/Problem"}}
    }},
    "/v1/stream": {"get": {
      "operationId": "stream", "x-meerkat-role": "viewer",
      "responses": {
        "200": {"description": "Events.", "content": {"text/event-stream": {}}},
        "default": {"$ref": "#/components/responses/Problem"}
      }
    }}
  },
  "components": {
    "parameters": {"Name": {"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}},
    "schemas": {"Thing": {
      "type": "object", "required": ["name", "enabled"], "additionalProperties": false,
      "properties": {"name": {"type": "string"}, "enabled": {"type": "boolean"}}
    }}
  }
}`

type thing struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
}

func (t *things) mount() controlapi.Mount {
	viewer, operator := controlapi.RoleViewer, controlapi.RoleOperator
	routes := []controlapi.Route{
		{Method: "GET", Path: "/v1/things", Role: viewer, Handler: func(w http.ResponseWriter, _ *http.Request) {
			controlapi.Answer(w, http.StatusOK, []thing{{"a", true}})
		}},
		{Method: "GET", Path: "/v1/things/{name}", Role: viewer, Handler: func(w http.ResponseWriter, r *http.Request) {
			controlapi.Answer(w, http.StatusOK, thing{r.PathValue("name"), true})
		}},
		{Method: "PATCH", Path: "/v1/things/{name}", Role: operator, BodyBytesMax: thingBytesMax, Handler: change},
		{Method: "PUT", Path: "/v1/uploads/{name}", Role: operator, BodyBytesMax: uploadBytesMax, Handler: upload},
		{Method: "DELETE", Path: "/v1/uploads/{name}", Role: operator, Handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		}},
		{Method: "POST", Path: "/v1/act", Role: operator, BodyBytesMax: thingBytesMax, Handler: func(w http.ResponseWriter, r *http.Request) {
			if err := controlapi.ReadJSON(r, &struct{}{}); err != nil {
				controlapi.Refuse(w, err)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}},
		{Method: "GET", Path: "/v1/stream", Role: viewer, Streams: true, Handler: streamEvents},
	}
	for i, route := range routes {
		routes[i].Handler = func(w http.ResponseWriter, r *http.Request) {
			t.handled.Add(1)
			route.Handler(w, r)
		}
	}
	return controlapi.Mount{Routes: routes, Document: []byte(thingsDocument)}
}

func change(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Enabled bool `json:"enabled"`
	}
	if err := controlapi.ReadJSON(r, &wanted); err != nil {
		controlapi.Refuse(w, err)
		return
	}
	controlapi.Answer(w, http.StatusOK, thing{r.PathValue("name"), wanted.Enabled})
}

func upload(w http.ResponseWriter, r *http.Request) {
	if _, err := io.ReadAll(r.Body); err != nil {
		controlapi.Refuse(w, controlapi.TooLarge(uploadBytesMax))
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// streamEvents sends two events, or with ?every=DURATION one again and again for as long as somebody listens.
func streamEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	pause, err := time.ParseDuration(r.URL.Query().Get("every"))
	for i := 0; err != nil && i < 2 || err == nil; i++ {
		fmt.Fprintf(w, "data: %d\n\n", i)
		if flush() != nil {
			return
		}
		if err != nil {
			continue
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(pause):
		}
	}
}
