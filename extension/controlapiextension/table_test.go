// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// What each method and path gets: without credentials, with wrong ones, as viewer, as operator; and as operator with the
// Origin of another site, under a name that is not the server's, from a page of another site, with a body ten times
// larger than anything that is read, and with broken JSON.
const columns = "none wrong viewer operator origin host site large broken"

var (
	statuses = map[string]string{
		"GET /v1/openapi.json":  "401 401 200 200 403 403 403 413 413",
		"HEAD /v1/openapi.json": "401 401 200 200 403 403 403 413 413",
		"GET /v1/whoami":        "401 401 200 200 403 403 403 413 413",
		"HEAD /v1/whoami":       "401 401 200 200 403 403 403 413 413",
		"GET /v1/things":        "401 401 200 200 403 403 403 413 413",
		"HEAD /v1/things":       "401 401 200 200 403 403 403 413 413",
		"GET /v1/things/a":      "401 401 200 200 403 403 403 413 413",
		"HEAD /v1/things/a":     "401 401 200 200 403 403 403 413 413",
		"PATCH /v1/things/a":    "401 401 403 200 403 403 403 413 400",
		"PUT /v1/uploads/a":     "401 401 403 201 403 403 403 413 201",
		"DELETE /v1/uploads/a":  "401 401 403 204 403 403 403 413 413",
		"POST /v1/act":          "401 401 403 204 403 403 403 413 400",
		"GET /v1/stream":        "401 401 200 200 403 403 403 413 413",
		"HEAD /v1/stream":       "401 401 200 200 403 403 403 413 413",
	}
	// statusesOtherwise are for methods that a path does not have, and statusesNowhere for paths that lead nowhere.
	statusesOtherwise = "401 401 405 405 403 403 403 405 405"
	statusesNowhere   = "401 401 404 404 403 403 403 404 404"
)

// allows is what answers with status 405 say that can be done instead.
var allows = map[string]string{
	"/v1/openapi.json": "GET, HEAD", "/v1/whoami": "GET, HEAD", "/v1/things": "GET, HEAD", "/v1/things/a": "GET, HEAD, PATCH",
	"/v1/uploads/a": "DELETE, PUT", "/v1/act": "POST", "/v1/stream": "GET, HEAD",
}

var nowhere = []string{
	"/", "/v1", "/v1/", "/v1/nothing", "/v1/things/", "/v1/things/a/b", "/v1//things", "/v1/./things", "/v1/things/../whoami",
	"/v1/things/a%2Fb%2F..", "/V1/things", "/metrics", "/debug/pprof/",
}

// made returns a request in the way of a column.
func made(method, path, column string) request {
	r := request{Method: method, Path: path, Header: bearer(operatorToken)}
	switch method {
	case http.MethodPatch:
		r.Body = `{"enabled": false}`
	case http.MethodPost:
		r.Body = `{}`
	case http.MethodPut:
		r.Body = "\x7fELF"
	}
	r.Header["Content-Type"] = "application/json"
	switch column {
	case "none":
		delete(r.Header, "Authorization")
	case "wrong":
		r.Header["Authorization"] = "Bearer " + operatorToken + "x"
	case "viewer":
		r.Header["Authorization"] = "Bearer " + viewerToken
	case "origin":
		r.Header["Origin"] = "https://attacker.example"
	case "host":
		r.Host = "attacker.example"
	case "site":
		r.Header["Sec-Fetch-Site"] = "cross-site"
	case "large":
		r.Body = strings.Repeat("1", 10*uploadBytesMax)
	case "broken":
		r.Body = `{"enabled": fal`
	}
	return r
}

func TestServer_everyMethodAndPath(t *testing.T) {
	l := startLive(t, withTokens, nil)
	d, c := l.document(), l.client()
	var requests, tried int64
	try := func(method, path, wanted string) {
		got := make([]string, 0, 9)
		for column := range strings.FieldsSeq(columns) {
			// Wrong credentials are what the test is about here, and not how many.
			l.callers.attempts.forget()
			before := l.handled()
			r := made(method, path, column)
			a := c.send(r)
			l.check(d, r, a)
			got = append(got, strconv.Itoa(a.Status))
			// Broken JSON is found by the handler.
			reached := a.Status < 300 || a.Status == http.StatusBadRequest
			own := strings.HasPrefix(path, "/v1/whoami") || strings.HasPrefix(path, "/v1/openapi.json")
			assert.Equal(t, reached && !own, l.handled() > before, "%s %s, %s: only what is let in reaches a handler", method, path, column)
			switch a.Status {
			case http.StatusMethodNotAllowed:
				assert.Equal(t, allows[path], a.Header.Get("Allow"))
			case http.StatusUnauthorized:
				assert.Equal(t, `Bearer realm="meerkat"`, a.Header.Get("WWW-Authenticate"))
			}
			requests++
		}
		assert.Equal(t, wanted, strings.Join(got, " "), "%s %s: %s", method, path, columns)
		tried++
	}
	all := append(methods(), http.MethodOptions, http.MethodTrace, "BREW")
	for _, method := range all {
		for _, path := range slices.Sorted(maps.Keys(allows)) {
			wanted, ok := statuses[method+" "+path]
			if !ok {
				wanted = statusesOtherwise
			}
			try(method, path, wanted)
		}
		for _, path := range nowhere {
			try(method, path, statusesNowhere)
		}
	}
	assert.EqualValues(t, len(all)*(len(allows)+len(nowhere)), tried)
	assert.Equal(t, requests, l.count("otelcol.control_api.requests"), "every request is counted")
	assert.Equal(t, l.handled(), l.countThings(), "by its route")
	eventuallyZero(t, l, "otelcol.control_api.requests.in_flight")
}

// countThings counts the requests to the routes of the test that were not refused before.
func (l *live) countThings() (sum int64) {
	for _, route := range l.things.mount().Routes {
		for _, status := range []int{200, 201, 204, 400} {
			sum += l.count("otelcol.control_api.requests", attribute.String(names.Route, route.Method+" "+route.Path), attribute.Int(names.Status, status))
		}
	}
	return sum
}

// Roles over a Unix socket, with users that are others in earnest.
func TestServer_usersOfThisHost(t *testing.T) {
	l := startLive(t, func(c *Config) {
		c.SocketGroup, c.OperatorGroup = strconv.Itoa(usersGID), strconv.Itoa(operatorsGID)
	}, nil)
	d, socket := l.document(), l.config.HTTP.NetAddr.Endpoint
	requests := []request{
		{Method: "GET", Path: "/v1/whoami"},
		{Method: "GET", Path: "/v1/things"},
		{Method: "PATCH", Path: "/v1/things/a", Body: `{"enabled": true}`, Header: map[string]string{"Content-Type": "application/json"}},
		{Method: "DELETE", Path: "/v1/uploads/a"},
		{Method: "GET", Path: "/v1/things", Header: bearer("a-token-that-nobody-knows")},
	}
	many := make([]uint32, 500)
	for i := range many {
		many[i] = uint32(70000 + i)
	}
	for _, c := range []struct {
		name     string
		uid, gid uint32
		groups   []uint32
		want     string
		who      string
	}{
		{"root", 0, 0, nil, "200 200 200 204 200", `{"name":"root","role":"operator","via":"unix_socket"}`},
		{"member by first group", memberUID, operatorsGID, []uint32{usersGID}, "200 200 200 204 200", `{"name":"54322","role":"operator","via":"unix_socket"}`},
		{"member by another group", memberUID, usersGID, []uint32{operatorsGID}, "200 200 200 204 200", `{"name":"54322","role":"operator","via":"unix_socket"}`},
		{"member by the last of many groups", memberUID, usersGID, append(slices.Clone(many), operatorsGID), "200 200 200 204 200", `{"name":"54322","role":"operator","via":"unix_socket"}`},
		{"viewer", strangerUID, usersGID, nil, "200 200 403 403 200", `{"name":"54321","role":"viewer","via":"unix_socket"}`},
		{"viewer with many groups", strangerUID, strangerGID, append(slices.Clone(many), usersGID), "200 200 403 403 200", `{"name":"54321","role":"viewer","via":"unix_socket"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := as(t, socket, c.uid, c.gid, c.groups, requests...)
			var got []string
			for i, a := range answers {
				l.check(d, requests[i], a)
				got = append(got, strconv.Itoa(a.Status))
			}
			assert.Equal(t, c.want, strings.Join(got, " "))
			assert.JSONEq(t, c.who, answers[0].Body)
		})
	}
	for _, a := range as(t, socket, strangerUID, strangerGID, nil, requests...) {
		assert.Contains(t, a.Failed, "permission denied", "whoever is not of the socket's group")
	}
}

// Without an operators' group, nobody is an operator but root.
func TestServer_socketForEverybody(t *testing.T) {
	l := startLive(t, func(c *Config) { c.SocketMode = "0666" }, nil)
	requireReachable(t, l)
	answers := as(t, l.config.HTTP.NetAddr.Endpoint, strangerUID, strangerGID, nil,
		request{Method: "GET", Path: "/v1/whoami"}, request{Method: "DELETE", Path: "/v1/uploads/a"})
	assert.JSONEq(t, `{"name":"54321","role":"viewer","via":"unix_socket"}`, answers[0].Body)
	assert.Equal(t, http.StatusForbidden, answers[1].Status)
	assert.Contains(t, answers[1].Body, "it needs the role operator, and 54321 has the role viewer")
}

func TestServer_problemCodes(t *testing.T) {
	l := startLive(t, withTokens, nil)
	c := l.client()
	for column, code := range map[string]string{
		"none": codeUnauthenticated, "viewer": codeForbidden, "origin": codeOriginNotAllowed, "host": codeHostNotAllowed,
		"site": codeCrossSite, "large": "body_too_large", "broken": "bad_request",
	} {
		a := c.send(made("PATCH", "/v1/things/a", column))
		assert.Contains(t, a.Body, fmt.Sprintf("%q:%q", "code", code), column)
		if code != "bad_request" {
			assert.EqualValues(t, 1, l.count("otelcol.control_api.requests.refused", attribute.String(names.Reason, code)), code)
		}
	}
	require.Contains(t, c.send(made("GET", "/v1/nothing", "operator")).Body, codeRouteNotFound)
	require.Contains(t, c.send(made("POST", "/v1/things", "operator")).Body, codeMethodNotAllowed)
}
