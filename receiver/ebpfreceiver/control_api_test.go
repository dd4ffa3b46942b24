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
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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
	address string
	// token is what the client is known by; empty where it is known without.
	token    string
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
	server := newControlServer(t, host, func(*controlapiextension.Config) {})
	l := startLiveOn(t, server.host, change)
	l.api = server.api
	l.api.readDocument(t)
	return l
}

// controlServer is the control API of a collector, with what is mounted on it.
type controlServer struct {
	api
	// host is one that has it.
	host extensionHost
	stop func()
}

// newControlServer starts a control API, over a Unix socket unless change says otherwise, and stops it when the test ends.
func newControlServer(t *testing.T, host extensionHost, change func(*controlapiextension.Config)) *controlServer {
	t.Helper()
	factory := controlapiextension.NewFactory()
	config := factory.CreateDefaultConfig().(*controlapiextension.Config)
	config.HTTP.NetAddr.Endpoint = filepath.Join(t.TempDir(), "control.sock")
	change(config)
	require.NoError(t, confmap.Validate(config))
	core, log := observer.New(zap.InfoLevel)
	settings := extensiontest.NewNopSettings(factory.Type())
	settings.Logger = zap.New(core)
	extension, err := factory.Create(t.Context(), settings, config)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), host))
	stop := sync.OnceFunc(func() { require.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })
	t.Cleanup(stop)

	said := log.FilterMessage("The control API listens").All()
	require.Len(t, said, 1)
	address, network := said[0].ContextMap()["address"].(string), string(config.HTTP.NetAddr.Transport)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		ExpectContinueTimeout: patience,
	}
	t.Cleanup(transport.CloseIdleConnections)
	extensions := map[component.ID]component.Component{component.NewID(factory.Type()): extension}
	maps.Copy(extensions, host.extensions)
	s := &controlServer{api: api{client: &http.Client{Transport: transport}, address: "http://meerkat"}, host: extensionHost{host.Host, extensions}, stop: stop}
	if network != string(confignet.TransportTypeUnix) {
		s.address = "http://" + address
	}
	return s
}

// readDocument reads what the server says of itself, as it is now.
func (a *api) readDocument(t *testing.T) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.address+"/v1/openapi.json", nil)
	require.NoError(t, err)
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	answer, err := a.client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	document, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	a.document = controlapitest.Read(t, document)
}

// ask sends a request, holds the answer against the document, and reads it.
func (l *live) ask(method, path, body string, into any) int {
	l.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, l.api.address+path, strings.NewReader(body))
	require.NoError(l.t, err)
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/json")
	}
	if l.api.token != "" {
		request.Header.Set("Authorization", "Bearer "+l.api.token)
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
