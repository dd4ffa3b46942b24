// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/controlapi/controlapitest"
)

func TestMounts_comeAndGo(t *testing.T) {
	l := newLive(t, func(*Config) {})
	require.NoError(t, l.Start(t.Context(), host{}))
	c := l.client()
	empty := c.send(request{Method: "GET", Path: "/v1/openapi.json"}).Body
	for range 3 {
		assert.Equal(t, http.StatusNotFound, c.send(request{Method: "GET", Path: "/v1/things"}).Status)
		unmount, err := l.Mount(component.MustNewID("things"), l.things.mount())
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, c.send(request{Method: "GET", Path: "/v1/things"}).Status)
		assert.Contains(t, c.send(request{Method: "GET", Path: "/v1/openapi.json"}).Body, "listThings")
		unmount()
		unmount()
		assert.Equal(t, empty, c.send(request{Method: "GET", Path: "/v1/openapi.json"}).Body)
	}
	assert.Zero(t, l.count("otelcol.control_api.unmounts.late"))
}

// Whoever is being answered gets the whole answer, and streams end at once.
func TestMounts_goWhileTheyAnswer(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	called, released := make(chan struct{}), make(chan struct{})
	unmount := mountOne(t, l, "/v1/wait", func(w http.ResponseWriter, r *http.Request) {
		close(called)
		<-released
		if r.Context().Err() == nil {
			_, _ = w.Write([]byte("all is well"))
		}
	})
	answered := make(chan answer)
	go func() { answered <- l.client().send(request{Method: "GET", Path: "/v1/wait"}) }()
	<-called
	gone := make(chan struct{})
	go func() {
		unmount()
		close(gone)
	}()
	require.Eventually(t, func() bool {
		return l.client().send(request{Method: "GET", Path: "/v1/wait"}).Status == http.StatusNotFound
	}, patience, time.Millisecond)
	select {
	case <-gone:
		t.Fatal("the component believes that nobody is in its handlers")
	default:
	}
	close(released)
	<-gone
	assert.Equal(t, "all is well", (<-answered).Body)
	assert.Zero(t, l.count("otelcol.control_api.unmounts.late"))
}

func TestMounts_endTheirStreams(t *testing.T) {
	l := newLive(t, func(*Config) {})
	require.NoError(t, l.Start(t.Context(), host{}))
	unmount, err := l.Mount(component.MustNewID("things"), l.things.mount())
	require.NoError(t, err)
	lines, closeStream := openStream(t, l, "/v1/stream?every=1h")
	defer closeStream()
	unmount()
	for lines.Scan() {
	}
	require.NoError(t, lines.Err())
	assert.Zero(t, l.count("otelcol.control_api.unmounts.late"))
}

// A request that is still on its way into a mount that has gone is told so, and never reaches the handler.
func TestMounts_requestThatComesTooLate(t *testing.T) {
	m, err := newMounted("a", (&things{}).mount())
	require.NoError(t, err)
	_, leave, ok := m.enter(t.Context(), false)
	require.True(t, ok)
	assert.False(t, m.close(0), "not in time")
	_, _, ok = m.enter(t.Context(), false)
	assert.False(t, ok)
	leave()
	select {
	case <-m.idle:
	default:
		t.Fatal("the last one has left")
	}
}

func TestMounts_endOfPatience(t *testing.T) {
	m, err := newMounted("a", (&things{}).mount())
	require.NoError(t, err)
	ordinary, leave, _ := m.enter(t.Context(), false)
	defer leave()
	stream, leaveStream, _ := m.enter(t.Context(), true)
	defer leaveStream()
	m.endStreams()
	<-stream.Done()
	require.NoError(t, ordinary.Err())
	assert.False(t, m.close(0))
	<-ordinary.Done()
}

func TestMounts_goTooSoon(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	l.unmountWait = time.Millisecond
	called, ended := make(chan struct{}), make(chan struct{})
	unmount := mountOne(t, l, "/v1/wait", func(_ http.ResponseWriter, r *http.Request) {
		close(called)
		<-r.Context().Done() // which says that it has to end
		close(ended)
	})
	go l.client().send(request{Method: "GET", Path: "/v1/wait"})
	<-called
	unmount()
	<-ended
	assert.EqualValues(t, 1, l.count("otelcol.control_api.unmounts.late"))
	assert.Equal(t, 1, l.log.FilterMessage("A component goes while requests to it are still being answered").Len())
	eventuallyZero(t, l, "otelcol.control_api.requests.in_flight")
	eventuallyZero(t, l, "otelcol.control_api.connections")
}

// Mounting, unmounting and requests at once: a request finds a mount or does not.
func TestMounts_manyAtOnce(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	var working sync.WaitGroup
	for _, path := range []string{"/v1/a", "/v1/b"} {
		working.Go(func() {
			for range 50 {
				mountOne(t, l, path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })()
			}
		})
		working.Go(func() {
			for range 50 {
				status := l.client().send(request{Method: "GET", Path: path}).Status
				assert.Contains(t, []int{http.StatusOK, http.StatusNotFound, http.StatusServiceUnavailable}, status)
				assert.Equal(t, http.StatusOK, l.client().send(request{Method: "GET", Path: "/v1/things"}).Status, "others don't notice")
			}
		})
	}
	working.Wait()
}

func TestMounts_conflicts(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	before := l.mounts.document()
	for path, wrong := range map[string]string{
		"/v1/things":       "GET /v1/things: the component things has mounted GET /v1/things already",
		"/v1/things/{id}":  "GET /v1/things/{id}: the component things has mounted GET /v1/things/{name} already",
		"/v1/{kind}/a":     "GET /v1/{kind}/a: the component things has mounted GET /v1/things/{name} already",
		"/v1/whoami":       "GET /v1/whoami: the server itself has mounted GET /v1/whoami already",
		"/v1/openapi.json": "GET /v1/openapi.json: the server itself has mounted GET /v1/openapi.json already",
	} {
		document := documentOf("GET", path, "viewer")
		for _, parameter := range pathParameter.FindAllStringSubmatch(path, -1) {
			document = bytes.Replace(document, []byte(`"responses"`),
				[]byte(`"parameters": [{"name": "`+parameter[1]+`", "in": "path", "required": true, "schema": {}}], "responses"`), 1)
		}
		_, err := l.Mount(component.MustNewID("other"), controlapi.Mount{
			Routes:   []controlapi.Route{{Method: "GET", Path: path, Role: controlapi.RoleViewer, Handler: http.NotFound}},
			Document: document,
		})
		assert.EqualError(t, err, "mount on the control API: "+wrong)
	}
	assert.Equal(t, before, l.mounts.document())
	// What is more special, or another method, is no conflict.
	mountOne(t, l, "/v1/things/special", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	controlapitest.Read(t, l.mounts.document())
}

func TestMounts_schemasAreShared(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	with := func(schema string) controlapi.Mount {
		return controlapi.Mount{
			Routes: []controlapi.Route{{Method: "GET", Path: "/v1/more", Role: controlapi.RoleViewer, Handler: http.NotFound}},
			Document: bytes.Replace(documentOf("GET", "/v1/more", "viewer"), []byte(`"paths"`),
				[]byte(`"components": {"schemas": {"Thing": `+schema+`}}, "paths"`), 1),
		}
	}
	_, err := l.Mount(component.MustNewID("other"), with(`{"type": "string"}`))
	require.EqualError(t, err, "mount on the control API: merge the documents: components: schemas: Thing is described twice, in different words")
	_, err = l.Mount(component.MustNewID("other"), with(`{"type": "object", "required": ["name", "enabled"], "additionalProperties": false,
		"properties": {"enabled": {"type": "boolean"}, "name": {"type": "string"}}}`))
	require.NoError(t, err, "the same in another order")
}

func TestMounts_namesOfOperations(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	_, err := l.Mount(component.MustNewID("other"), controlapi.Mount{
		Routes:   []controlapi.Route{{Method: "GET", Path: "/v1/more", Role: controlapi.RoleViewer, Handler: http.NotFound}},
		Document: bytes.Replace(documentOf("GET", "/v1/more", "viewer"), []byte("get/v1/more"), []byte("listThings"), 1),
	})
	require.EqualError(t, err, `mount on the control API: merge the documents: operationId "listThings" is that of GET /v1/things and of GET /v1/more`)
}

// The document is the same whoever comes first.
func TestDocument_order(t *testing.T) {
	var documents [][]byte
	for _, paths := range [][]string{{"/v1/a", "/v1/b", "/v1/c"}, {"/v1/c", "/v1/a", "/v1/b"}} {
		l := startLive(t, func(*Config) {}, nil)
		for _, path := range paths {
			mountOne(t, l, path, http.NotFound)
		}
		documents = append(documents, l.mounts.document())
		served := l.client().send(request{Method: "GET", Path: "/v1/openapi.json"})
		assert.Equal(t, string(documents[0]), served.Body)
	}
	assert.Equal(t, string(documents[0]), string(documents[1]))
	for _, text := range []string{`"title": "Meerkat control API"`, `"/v1/whoami"`, `"/v1/things/{name}"`, `"Problem"`, `"/v1/b"`} {
		assert.Contains(t, string(documents[0]), text)
	}
	assert.NotContains(t, string(documents[0]), `"title": "one"`)
}

// Each difference between the document and the routes is found.
func TestDocument_refused(t *testing.T) {
	for name, c := range map[string]struct{ from, to, wrong string }{
		"no JSON":               {`"openapi"`, `openapi`, "read the document: invalid character"},
		"something behind":      {"\n}", "\n}{}", "read the document: there is something behind the JSON value"},
		"another version":       {`"3.1.0"`, `"3.0.3"`, `read the document: openapi: "3.0.3" is not version 3.1`},
		"paths are a list":      {`"paths": {`, `"paths": [], "p": {`, "read the document: paths is not an object"},
		"a path is a list":      {`"paths": {`, `"paths": {"/v1/x": [],`, "read the document: paths: /v1/x is not an object"},
		"a route more":          {`"/v1/act": {"post"`, `"/v1/act": {"get": {}, "post"`, "the document describes GET /v1/act, and there is no such route"},
		"a path more":           {`"paths": {`, `"paths": {"/v1/x": {"put": {}},`, "the document describes PUT /v1/x, and there is no such route"},
		"a method less":         {`"/v1/act": {"post"`, `"/v1/act": {"x-post"`, "the document does not describe POST /v1/act"},
		"another path":          {`"/v1/things/{name}"`, `"/v1/things/{id}"`, "the document does not describe PATCH /v1/things/{name}"},
		"another role":          {`"operationId": "act", "x-meerkat-role": "operator"`, `"operationId": "act", "x-meerkat-role": "viewer"`, `the document on POST /v1/act: x-meerkat-role is "viewer", and the route needs "operator"`},
		"no role":               {`"operationId": "act", "x-meerkat-role": "operator"`, `"operationId": "act"`, `the document on POST /v1/act: x-meerkat-role is missing, and the route needs "operator"`},
		"no id":                 {`"operationId": "act", `, ``, "the document on POST /v1/act: operationId is missing"},
		"no body":               {`"requestBody": {"content": {"application/octet-stream": {}}},`, ``, "the document on PUT /v1/uploads/{name}: requestBody has to be there exactly if the route reads a body"},
		"a body":                {`"operationId": "listThings", `, `"operationId": "listThings", "requestBody": {"content": {}}, `, "the document on GET /v1/things: requestBody has to be there"},
		"no parameter":          {`"parameters": [{"$ref": "#/components/parameters/Name"}],` + "\n      \"get\"", `"get"`, "the document on GET /v1/things/{name}: parameters lacks the part of the path name"},
		"optional parameter":    {`"Name": {"name": "name", "in": "path", "required": true`, `"Name": {"name": "name", "in": "path", "required": false`, "parameters lacks the part of the path name"},
		"no problem":            {`"4XX": {"$ref": "#/components/responses/Problem"}`, `"404": {"$ref": "#/components/responses/Problem"}`, `the document on DELETE /v1/uploads/{name}: responses lacks "4XX" or "default"`},
		"another problem":       {`"4XX": {"$ref": "#/components/responses/Problem"}`, `"4XX": {"description": "no"}`, `the document on DELETE /v1/uploads/{name}: responses lacks "4XX" or "default"`},
		"no success":            {`"204": {"description": "Gone."}, `, ``, "the document on DELETE /v1/uploads/{name}: responses lacks what is answered when all is well"},
		"a dead reference":      {`{"$ref": "#/components/schemas/Thing"}}}}},`, `{"$ref": "#/components/schemas/Gone"}}}}},`, `the document refers to "#/components/schemas/Gone", which is not in it`},
		"a reference elsewhere": {`{"$ref": "#/components/schemas/Thing"}}}}},`, `{"$ref": "https://example.org/thing"}}}}},`, `the document refers to "https://example.org/thing", which is not in it`},
		"too large":             {`"title": "things"`, `"title": "` + strings.Repeat("a", documentBytesMax) + `"`, "bytes are more than 1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(thingsDocument, c.from, c.to, 1)
			require.NotEqual(t, thingsDocument, text, "the case changes nothing")
			m := (&things{}).mount()
			m.Document = []byte(text)
			l := newLive(t, func(*Config) {})
			_, err := l.Mount(component.MustNewID("things"), m)
			require.ErrorContains(t, err, "mount on the control API: ")
			require.ErrorContains(t, err, c.wrong)
			require.NotContains(t, string(l.mounts.document()), "/v1/things", "nothing of it is mounted")
		})
	}
}

func TestMounts_routesRefused(t *testing.T) {
	good := controlapi.Route{Method: "GET", Path: "/v1/x", Role: controlapi.RoleViewer, Handler: http.NotFound}
	for wrong, change := range map[string]func(*controlapi.Route){
		"BREW /v1/x: this method can't be mounted":                                              func(r *controlapi.Route) { r.Method = "BREW" },
		"GET /v1/x/: the path does not consist of names and parameters such as {name} alone":    func(r *controlapi.Route) { r.Path = "/v1/x/" },
		"GET v1: the path does not consist of names and parameters such as {name} alone":        func(r *controlapi.Route) { r.Path = "v1" },
		"GET a.org/x: the path does not consist of names and parameters such as {name} alone":   func(r *controlapi.Route) { r.Path = "a.org/x" },
		"GET /{all...}: the path does not consist of names and parameters such as {name} alone": func(r *controlapi.Route) { r.Path = "/{all...}" },
		"GET /v1/x: it needs the role viewer or operator":                                       func(r *controlapi.Route) { r.Role = controlapi.RoleNone },
		"GET /v1/x: the bound of its body is negative":                                          func(r *controlapi.Route) { r.BodyBytesMax = -1 },
		"GET /v1/x: it has no handler":                                                          func(r *controlapi.Route) { r.Handler = nil },
	} {
		route := good
		change(&route)
		assert.EqualError(t, checkRoutes([]controlapi.Route{route}), wrong)
	}
	assert.EqualError(t, checkRoutes([]controlapi.Route{good, good}), "GET /v1/x: it overlaps GET /v1/x")
	assert.EqualError(t, checkRoutes(nil), "0 routes are not from 1 to 256")
	assert.EqualError(t, checkRoutes(make([]controlapi.Route, routesMax+1)), "257 routes are not from 1 to 256")
	assert.NoError(t, checkRoutes([]controlapi.Route{good}))
}
