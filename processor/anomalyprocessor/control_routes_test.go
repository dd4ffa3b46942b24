// SPDX-License-Identifier: Apache-2.0

//go:build linux

package anomalyprocessor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/extension/controlapiextension"
	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
)

// routeColumns are the ways in which each route is tried: without credentials, as viewer and, as operator, from a page of another origin and of
// another site, with a body ten times larger than any that is read, with one that is as large and does not say so, with broken JSON, with half of
// the body that is right, for an id that nothing has. The last way is the right one.
const routeColumns = "none viewer origin site large endless broken half unknown operator"

// routeBytesMax is more than any of the routes reads, with the profiles that the test allows.
const routeBytesMax = 64 << 10

// routeProblems are the codes of what refuses a request before a handler has its say.
var routeProblems = map[string]string{
	"none": "401 unauthenticated", "origin": "403 origin_not_allowed", "site": "403 cross_site", "large": "413 body_too_large",
	"endless": "413 body_too_large",
}

// routeTried is a route, with a request for it that is right, and what the columns that differ by route get. Rows are taken in order, so that what
// one has made is there for the next. Empty is for ways that there are not.
type routeTried struct {
	method, template, query, body           string
	viewer, broken, half, unknown, operator string
}

const (
	mayLook   = "200"
	forbidden = "403 forbidden"
	noBody    = "413 body_too_large"
	notRead   = "400 bad_request"
	notFound  = "404 not_found"
)

var routesTried = []routeTried{
	{"GET", "/v1/profiles", "?limit=1", "", mayLook, noBody, "", "", "200"},
	{"GET", "/v1/profiles/{profile}", "", "", mayLook, noBody, "", notFound, "200"},
	{"GET", "/v1/profiles/{profile}/export", "", "", mayLook, noBody, "", notFound, "200"},
	{"GET", "/v1/profiles/{profile}/policies/{policy}", "?force=true", "", mayLook, noBody, "", notFound, "200"},
	{"POST", "/v1/profiles/import", "?workload=made/anew", "profile", forbidden, "415 unsupported_media_type", "422 profile_damaged", "", "200"},
	{"GET", "/v1/incidents", "?state=open&severity=warn", "", mayLook, noBody, "", "", "200"},
	{"GET", "/v1/incidents/{incident}", "", "", mayLook, noBody, "", notFound, "200"},
	{"POST", "/v1/incidents/{incident}/verdict", "", `{"verdict": "malicious", "comment": "seen before"}`, forbidden, notRead, notRead, notFound, "200"},
	{"GET", "/v1/rules", "?limit=1000", "", mayLook, noBody, "", "", "200"},
	{"PATCH", "/v1/rules/{rule}", "", `{"enabled": false}`, forbidden, notRead, notRead, notFound, "200"},
	{"POST", "/v1/rules/reload", "", "", forbidden, noBody, "", "", "200"},
	{"POST", "/v1/profiles/{profile}/reset", "", "", forbidden, noBody, "", notFound, "204"},
}

// wanted is what a column gets.
func (r *routeTried) wanted(column string) string {
	if code, ok := routeProblems[column]; ok {
		return code
	}
	return map[string]string{"viewer": r.viewer, "broken": r.broken, "half": r.half, "unknown": r.unknown, "operator": r.operator}[column]
}

// routes has what is needed to try them.
type routes struct {
	*controlled
	ids     *strings.Replacer
	profile []byte
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

// Whatever is refused has changed nothing, and is told by a problem that the document describes. Whoever runs the test is an operator on a socket,
// so what others get is told over TCP.
func TestControl_everyRoute(t *testing.T) {
	for transport, c := range map[string]struct {
		change  func(*controlapiextension.Config)
		token   string
		without []string
	}{
		"socket": {withoutChange, "", []string{"none", "viewer"}},
		"tcp":    {withTokens, operatorToken, nil},
	} {
		t.Run(transport, func(t *testing.T) {
			r := newRoutes(t, c.change, c.token)
			for _, row := range routesTried {
				for column := range strings.FieldsSeq(routeColumns) {
					if !slices.Contains(c.without, column) && row.wanted(column) != "" {
						r.try(&row, column)
					}
				}
			}
			r.tryOtherMethods()
		})
	}
}

func newRoutes(t *testing.T, change func(*controlapiextension.Config), token string) *routes {
	t.Helper()
	config := defaultConfig()
	config.Limits.ProfileBytesMax = 16 << 10
	folder := t.TempDir()
	write(t, bashRule(bashID, "First", "low"), filepath.Join(folder, "a.yml"))
	write(t, "title: broken", filepath.Join(folder, "b.yml"))
	config.Rules.Folders = []string{folder}
	r := &routes{controlled: startControlled(t, config, change, token)}
	r.consume(reverseShell("web", 7, beginning))
	r.consume(reverseShell("other", 7, beginning))
	var profiles control.Profiles
	r.ask(http.MethodGet, "/v1/profiles", "", &profiles)
	require.Len(t, profiles.Profiles, 2)
	web := profiles.Profiles[1]
	require.Contains(t, web.Workload, "web")
	var incidents control.Incidents
	r.ask(http.MethodGet, "/v1/incidents?workload="+web.Workload, "", &incidents)
	require.Len(t, incidents.Incidents, 1)
	r.ids = strings.NewReplacer("{profile}", web.ID, "{incident}", incidents.Incidents[0].ID, "{rule}", bashID, "{policy}", "seccomp")
	_, r.profile = r.send(r.request(http.MethodGet, "/v1/profiles/"+web.ID+"/export", "", ""))
	return r
}

// try sends the request of a route in the way of a column.
func (r *routes) try(row *routeTried, column string) {
	r.t.Helper()
	before := r.chosen()
	status, code := r.answered(r.made(row, column))
	got := strings.TrimSpace(fmt.Sprint(status, " ", code))
	assert.Equal(r.t, row.wanted(column), got, "%s %s, %s", row.method, row.template, column)
	if status >= http.StatusBadRequest {
		assert.Equal(r.t, before, r.chosen(), "%s %s, %s: it was refused", row.method, row.template, column)
	} else if column == "operator" && row.method != http.MethodGet {
		assert.NotEqual(r.t, before, r.chosen(), "%s %s has done what it is for", row.method, row.template)
	}
}

// made returns a request for a route in the way of a column.
func (r *routes) made(row *routeTried, column string) *http.Request {
	r.t.Helper()
	body, contentType, path := []byte(row.body), "application/json", r.ids.Replace(row.template)
	if row.body == "profile" {
		body, contentType = r.profile, "application/octet-stream"
	}
	// The server says whether it wants the body before that is sent: it is longer than what it reads of one that it refuses.
	token, header := r.token, map[string]string{"Expect": "100-continue"}
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
		body = append(bytes.Repeat([]byte("\n"), routeBytesMax), body...)
	case "broken":
		body, contentType = []byte(`{"verdict": `), "application/json"
	case "half":
		body = body[:len(body)/2]
	case "unknown":
		path = strings.NewReplacer("{profile}", "nothing", "{incident}", "nothing", "{rule}", "nothing", "{policy}", "nothing").Replace(row.template)
	}
	var content io.Reader = bytes.NewReader(body)
	if column == "endless" {
		content = io.MultiReader(content) // of which nobody knows the length
	}
	request, err := http.NewRequestWithContext(r.t.Context(), row.method, r.address+path+row.query, content)
	require.NoError(r.t, err)
	request.Header.Set("Content-Type", contentType)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	return request
}

// answered has a request answered. The code is that of a problem.
func (r *routes) answered(request *http.Request) (status int, code string) {
	r.t.Helper()
	status, content := r.send(request)
	if status < http.StatusBadRequest {
		return status, ""
	}
	var p controlapi.Problem
	require.NoError(r.t, json.Unmarshal(content, &p), string(content))
	assert.NotEmpty(r.t, p.Title)
	return status, p.Code
}

// tryOtherMethods tries what the document does not have. Where a fixed name stands beside ids, it is no id.
func (r *routes) tryOtherMethods() {
	r.t.Helper()
	before := r.chosen()
	described, paths := map[string]bool{}, map[string]bool{}
	for _, row := range routesTried {
		described[row.method+" "+row.template], paths[row.template] = true, true
	}
	fixed := map[string]string{"GET /v1/profiles/import": notFound, "PATCH /v1/rules/reload": notFound}
	for path := range paths {
		for _, method := range []string{"DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"} {
			if described[method+" "+path] {
				continue
			}
			row := routeTried{method: method, template: path, body: `{"enabled": true}`}
			if method == http.MethodGet {
				row.body = ""
			}
			want := fixed[method+" "+path]
			if want == "" {
				want = "405 method_not_allowed"
			}
			status, code := r.answered(r.made(&row, "operator"))
			assert.Equal(r.t, want, fmt.Sprint(status, " ", code), "%s %s", method, path)
		}
	}
	assert.Equal(r.t, before, r.chosen())
}

// chosen is all that can be changed over the API, as it is.
func (r *routes) chosen() map[string]any {
	r.t.Helper()
	chosen := map[string]any{}
	for _, list := range []string{"profiles", "incidents", "rules"} {
		var one map[string]any
		r.ask(http.MethodGet, "/v1/"+list+"?limit=1000", "", &one)
		chosen[list] = one
	}
	return chosen
}

// The table has every route of the document, and no other.
func TestControl_everyRouteOfTheDocumentIsTried(t *testing.T) {
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	c := newCore(defaultConfig(), newPair(t, defaultConfig()).core.settings)
	require.NoError(t, json.Unmarshal(control.Mount(&controller{core: c}).Document, &document))
	var described, tried []string
	for path, item := range document.Paths {
		for method := range item {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	toID := strings.NewReplacer("{profile}", "{id}", "{incident}", "{id}", "{rule}", "{id}", "{policy}", "{kind}")
	for _, row := range routesTried {
		tried = append(tried, row.method+" "+toID.Replace(row.template))
	}
	assert.NotEmpty(t, described)
	assert.ElementsMatch(t, described, tried)
}
