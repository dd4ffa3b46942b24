// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// documentOf describes one route without parameters and body.
func documentOf(method, path, role string) []byte {
	return []byte(strings.NewReplacer("METHOD", strings.ToLower(method), "PATH", path, "ROLE", role).Replace(`{
	  "openapi": "3.1.0",
	  "info": {"title": "one", "version": "1"},
	  "paths": {"PATH": {"METHOD": {
	    "operationId": "METHODPATH", "x-meerkat-role": "ROLE",
	    "responses": {"200": {"description": "Done."}, "default": {"$ref": "#/components/responses/Problem"}}
	  }}}
	}`))
}

// mountOne mounts one handler for viewers.
func mountOne(t *testing.T, l *live, path string, handler http.HandlerFunc) (unmount func()) {
	t.Helper()
	unmount, err := l.Mount(component.MustNewIDWithName("one", strings.ReplaceAll(strings.Trim(path, "/"), "/", "_")), controlapi.Mount{
		Routes:   []controlapi.Route{{Method: "GET", Path: path, Role: controlapi.RoleViewer, Handler: handler}},
		Document: documentOf("GET", path, "viewer"),
	})
	require.NoError(t, err)
	return unmount
}

// mountBusy mounts a handler at /v1/busy that tells when it is called, and ends when it is released.
func mountBusy(t *testing.T, l *live) (busy <-chan struct{}, release func()) {
	t.Helper()
	called, released := make(chan struct{}, 100), make(chan struct{})
	mountOne(t, l, "/v1/busy", func(http.ResponseWriter, *http.Request) {
		called <- struct{}{}
		<-released
	})
	release = sync.OnceFunc(func() { close(released) })
	t.Cleanup(release)
	return called, release
}
