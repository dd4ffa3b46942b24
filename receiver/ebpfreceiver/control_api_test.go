// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/meerkat-otel/meerkat/extension/controlapiextension"
	"github.com/meerkat-otel/meerkat/internal/controlapi/controlapitest"
)

// extensionHost is a host with extensions.
type extensionHost struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h extensionHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

// api is the control API of a collector, as a client on this host sees it.
type api struct {
	client *http.Client
	// address is what requests are sent to.
	address  string
	document *controlapitest.Document
}

// startControlled starts a receiver in a collector with a control API.
func startControlled(t *testing.T, change func(*Config)) *live {
	t.Helper()
	return startControlledOn(t, extensionHost{componenttest.NewNopHost(), nil}, change)
}

// startControlledOn is startControlled in a collector with further extensions.
func startControlledOn(t *testing.T, host extensionHost, change func(*Config)) *live {
	t.Helper()
	factory := controlapiextension.NewFactory()
	config := factory.CreateDefaultConfig().(*controlapiextension.Config)
	socket := filepath.Join(t.TempDir(), "control.sock")
	config.HTTP.NetAddr.Endpoint = socket
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), host))
	t.Cleanup(func() { require.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })
	extensions := map[component.ID]component.Component{component.NewID(factory.Type()): extension}
	maps.Copy(extensions, host.extensions)
	l := startLiveOn(t, extensionHost{host.Host, extensions}, change)

	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	l.api = api{client: &http.Client{Transport: transport}, address: "http://meerkat"}
	answer, err := l.api.client.Get(l.api.address + "/v1/openapi.json")
	require.NoError(t, err)
	defer answer.Body.Close()
	document, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	l.api.document = controlapitest.Read(t, document)
	return l
}

// ask sends a request, holds the answer against the document, and reads it.
func (l *live) ask(method, path, body string, into any) int {
	l.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, l.api.address+path, strings.NewReader(body))
	require.NoError(l.t, err)
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/json")
	}
	return l.send(request, into)
}

// send has a request answered; into is nil if the answer has no body.
func (l *live) send(request *http.Request, into any) int {
	l.t.Helper()
	answer, err := l.api.client.Do(request)
	require.NoError(l.t, err)
	defer answer.Body.Close()
	content := l.api.document.Check(l.t, request.Method, request.URL.Path, answer)
	if into == nil {
		require.Empty(l.t, content)
		return answer.StatusCode
	}
	require.NoError(l.t, json.Unmarshal(content, into), string(content))
	if answer.StatusCode >= http.StatusBadRequest {
		l.t.Log(string(content))
	}
	return answer.StatusCode
}
