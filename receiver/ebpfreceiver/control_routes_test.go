// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/meerkat-otel/meerkat/extension/controlapiextension"
	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
)

// routeColumns are the ways in which each route is tried: without credentials, as viewer and, as operator, from a page of
// another origin and of another site, with a body ten times larger than any that is read, with one that is as large
// and does not say so, with broken JSON, and with half of the body that is right. The last way is the right one.
const routeColumns = "none viewer origin site large endless broken half operator"

// routeBytesMax is the most that any of the routes reads, with the objects that the test allows.
const routeBytesMax = 256 << 10

// routeProblems are the codes of what refuses a request before a handler has its say.
var routeProblems = map[string]string{
	"none": "401 unauthenticated", "origin": "403 origin_not_allowed", "site": "403 cross_site",
	"large": "413 body_too_large", "endless": "413 body_too_large",
}

// routeTried is a route, with a request for it that is right, and what the columns that differ by route get. Rows are
// taken in order, so that what one has made is there for the next.
type routeTried struct {
	method, template, path, body string
	// viewer, broken, half and operator are the answers in these columns; half is empty if there is no body.
	viewer, broken, half, operator string
}

const (
	mayLook   = "200"
	forbidden = "403 forbidden"
	noBody    = "413 body_too_large"
	notRead   = "400 bad_request"
)

var routesTried = []routeTried{
	{"GET", "/v1/tracers", "/v1/tracers", "", mayLook, noBody, "", "200"},
	{"GET", "/v1/tracers/{name}", "/v1/tracers/udp", "", mayLook, noBody, "", "200"},
	{"PATCH", "/v1/tracers/{name}", "/v1/tracers/udp", `{"settings": {"idle_timeout": "17s"}}`, forbidden, notRead, notRead, "200"},
	{"DELETE", "/v1/tracers/{name}/override", "/v1/tracers/udp/override", "", forbidden, noBody, "", "200"},
	{"GET", "/v1/filters", "/v1/filters", "", mayLook, noBody, "", "200"},
	{"PATCH", "/v1/filters", "/v1/filters", `{"settings": {"events_per_second_max": 1000}}`, forbidden, notRead, notRead, "200"},
	{"DELETE", "/v1/filters/override", "/v1/filters/override", "", forbidden, noBody, "", "200"},
	{"PUT", "/v1/custom-tracers/{name}", "/v1/custom-tracers/observe", "form", forbidden, "415 unsupported_media_type", notRead, "201"},
	{"DELETE", "/v1/custom-tracers/{name}", "/v1/custom-tracers/observe", "", forbidden, noBody, "", "204"},
}

// wanted is what a column gets.
func (r *routeTried) wanted(column string) string {
	if code, ok := routeProblems[column]; ok {
		return code
	}
	return map[string]string{"viewer": r.viewer, "broken": r.broken, "half": r.half, "operator": r.operator}[column]
}

// Tokens of the test over TCP.
const viewerToken, operatorToken = "viewer-0123456789abcdef", "operator-0123456789abcdef"

func withTokens(c *controlapiextension.Config) {
	c.HTTP.NetAddr.Transport, c.HTTP.NetAddr.Endpoint = "tcp", "127.0.0.1:0"
	c.Tokens = []controlapiextension.TokenConfig{
		{Name: "grafana", Role: controlapiextension.RoleViewer, Token: viewerToken},
		{Name: "deploy", Role: controlapiextension.RoleOperator, Token: operatorToken},
	}
}

// Whatever is refused has changed nothing, and is told by a problem that the document describes. Whoever runs the test is
// an operator on a socket, so what others get is told over TCP.
func TestControl_everyRoute(t *testing.T) {
	for transport, c := range map[string]struct {
		change  func(*controlapiextension.Config)
		token   string
		without []string
	}{
		"socket": {func(*controlapiextension.Config) {}, "", []string{"none", "viewer"}},
		"tcp":    {withTokens, operatorToken, nil},
	} {
		t.Run(transport, func(t *testing.T) {
			s := newControlServer(t, extensionHost{componenttest.NewNopHost(), nil}, c.change)
			l := startLiveOn(t, s.host, func(c *Config) {
				only("process", "udp")(c)
				c.CustomTracers.Uploads.Enabled, c.CustomTracers.Uploads.Unsigned = true, true
				c.CustomTracers.ObjectBytesMax = 16 << 10
			})
			l.api = s.api
			l.api.token = c.token
			l.api.readDocument(t)
			object := customObject(t, "observe.bpf.o")
			for _, r := range routesTried {
				for column := range strings.FieldsSeq(routeColumns) {
					if !slices.Contains(c.without, column) && r.wanted(column) != "" {
						l.try(&r, column, object)
					}
				}
			}
			l.tryOtherMethods()
		})
	}
}

// try sends the request of a route in the way of a column.
func (l *live) try(r *routeTried, column string, object []byte) {
	l.t.Helper()
	before := l.chosen()
	status, code := l.answered(l.made(r, column, object))
	got := strings.TrimSpace(fmt.Sprint(status, " ", code))
	assert.Equal(l.t, r.wanted(column), got, "%s %s, %s", r.method, r.path, column)
	if status >= http.StatusBadRequest {
		assert.Equal(l.t, before, l.chosen(), "%s %s, %s: it was refused", r.method, r.path, column)
	} else if column == "operator" && r.method != http.MethodGet {
		assert.NotEqual(l.t, before, l.chosen(), "%s %s has done what it is for", r.method, r.path)
	}
}

// made returns a request for a route in the way of a column.
func (l *live) made(r *routeTried, column string, object []byte) *http.Request {
	l.t.Helper()
	body, contentType := []byte(r.body), "application/json"
	if r.body == "form" {
		body, contentType = formOf(l.t, control.Upload{Manifest: []byte(observeManifest), Object: object})
	}
	token := l.api.token
	header := map[string]string{}
	switch column {
	case "none":
		token = ""
	case "viewer":
		token = viewerToken
	case "origin":
		header["Origin"] = "https://attacker.example"
	case "site":
		header["Sec-Fetch-Site"] = "cross-site"
	case "large", "endless":
		// Empty lines belong neither to JSON nor to a form, so that only how much it is can be wrong.
		body = append(bytes.Repeat([]byte("\n"), routeBytesMax), body...)
		// The server says whether it wants the body before that is sent.
		header["Expect"] = "100-continue"
	case "broken":
		body, contentType = []byte(`{"settings": {"idle_timeout": `), "application/json"
	case "half":
		body = body[:len(body)/2]
	}
	var content io.Reader = bytes.NewReader(body)
	if column == "endless" {
		content = io.MultiReader(content) // of which nobody knows the length
	}
	request, err := http.NewRequestWithContext(l.t.Context(), r.method, l.api.address+r.path, content)
	require.NoError(l.t, err)
	request.Header.Set("Content-Type", contentType)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	return request
}

// answered has a request answered, and holds the answer against the document. The code is that of a problem.
func (l *live) answered(request *http.Request) (status int, code string) {
	l.t.Helper()
	answer, err := l.api.client.Do(request)
	require.NoError(l.t, err, "%s %s", request.Method, request.URL.Path)
	defer answer.Body.Close()
	content := l.api.document.Check(l.t, request.Method, request.URL.Path, answer)
	if answer.StatusCode < http.StatusBadRequest {
		return answer.StatusCode, ""
	}
	var p controlapi.Problem
	require.NoError(l.t, json.Unmarshal(content, &p), string(content))
	assert.NotEmpty(l.t, p.Title)
	return answer.StatusCode, p.Code
}

// tryOtherMethods tries what the document does not have.
func (l *live) tryOtherMethods() {
	l.t.Helper()
	before := l.chosen()
	described := map[string]bool{}
	paths := map[string]bool{}
	for _, r := range routesTried {
		described[r.method+" "+r.path], paths[r.path] = true, true
	}
	for path := range paths {
		for _, method := range []string{"DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"} {
			if described[method+" "+path] {
				continue
			}
			request := l.made(&routeTried{method: method, path: path, body: "{}"}, "operator", nil)
			status, code := l.answered(request)
			assert.Equal(l.t, "405 method_not_allowed", fmt.Sprint(status, " ", code), "%s %s", method, path)
		}
	}
	assert.Equal(l.t, before, l.chosen())
}

// chosen is all that can be changed over the API, as it is, and the programs that run: those that are loaded anew are others.
func (l *live) chosen() map[string]any {
	l.t.Helper()
	var all struct{ Tracers []control.Tracer }
	require.Equal(l.t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers", "", &all))
	chosen := map[string]any{}
	for _, tr := range all.Tracers {
		tr.Events, tr.Programs, tr.MapBytes = nil, nil, 0
		if tr.Custom != nil {
			tr.Custom = &control.Custom{From: tr.Custom.From}
		}
		chosen[tr.Name] = tr
	}
	var filters control.Filters
	require.Equal(l.t, http.StatusOK, l.ask(http.MethodGet, "/v1/filters", "", &filters))
	chosen["filters"] = filters
	programs := ownPrograms(l.t)
	slices.Sort(programs)
	chosen["programs"] = slices.Compact(programs)
	return chosen
}

// The table has every route of the document, and no other.
func TestControl_everyRouteOfTheDocumentIsTried(t *testing.T) {
	c := &controller{base: createDefaultConfig().(*Config)}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal(control.Mount(c, c).Document, &document))
	var described, tried []string
	for path, item := range document.Paths {
		for method := range item {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	for _, r := range routesTried {
		tried = append(tried, r.method+" "+r.template)
	}
	assert.NotEmpty(t, described)
	assert.ElementsMatch(t, described, tried)
}
