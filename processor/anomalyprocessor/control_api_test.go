// SPDX-License-Identifier: Apache-2.0

//go:build linux

package anomalyprocessor

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meerkat-otel/meerkat/extension/controlapiextension"
	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/controlapi/controlapitest"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// extensionHost is a host with extensions.
type extensionHost struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h extensionHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

// controlled is a processor in a collector with a control API, as a client on this host sees it.
type controlled struct {
	*pair
	t        *testing.T
	client   *http.Client
	address  string
	token    string
	log      *observer.ObservedLogs
	document *controlapitest.Document
}

func withoutChange(*controlapiextension.Config) {}

// startControlled starts both pipelines, and stops everything when the test ends.
func startControlled(t *testing.T, config *Config, change func(*controlapiextension.Config), token string) *controlled {
	t.Helper()
	factory := controlapiextension.NewFactory()
	c := factory.CreateDefaultConfig().(*controlapiextension.Config)
	c.HTTP.NetAddr.Endpoint = filepath.Join(t.TempDir(), "control.sock")
	change(c)
	require.NoError(t, confmap.Validate(c))
	core, log := observer.New(zap.InfoLevel)
	settings := extensiontest.NewNopSettings(factory.Type())
	settings.Logger = zap.New(core)
	extension, err := factory.Create(t.Context(), settings, c)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })

	said := log.FilterMessage("The control API listens").All()
	require.Len(t, said, 1)
	address, network := said[0].ContextMap()["address"].(string), string(c.HTTP.NetAddr.Transport)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		ExpectContinueTimeout: patience,
	}
	t.Cleanup(transport.CloseIdleConnections)
	a := &controlled{pair: newPair(t, config), t: t, client: &http.Client{Transport: transport}, address: "http://meerkat", token: token, log: log}
	if network != string(confignet.TransportTypeUnix) {
		a.address = "http://" + address
	}
	host := extensionHost{componenttest.NewNopHost(), map[component.ID]component.Component{component.NewID(factory.Type()): extension}}
	for _, pipeline := range a.pipelines {
		require.NoError(t, pipeline.Start(t.Context(), host))
	}
	t.Cleanup(func() { a.shutdown(t) })
	status, text := a.send(a.request(http.MethodGet, "/v1/openapi.json", "", ""))
	require.Equal(t, http.StatusOK, status)
	a.document = controlapitest.Read(t, text)
	return a
}

func (a *controlled) request(method, path, contentType, body string) *http.Request {
	a.t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(a.t.Context()), method, a.address+path, strings.NewReader(body))
	require.NoError(a.t, err)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	return request
}

// send has a request answered, and holds the answer against the document.
func (a *controlled) send(request *http.Request) (status int, content []byte) {
	a.t.Helper()
	answer, err := a.client.Do(request)
	require.NoError(a.t, err, "%s %s", request.Method, request.URL.Path)
	defer answer.Body.Close()
	if a.document == nil {
		content, err = io.ReadAll(answer.Body)
		require.NoError(a.t, err)
		return answer.StatusCode, content
	}
	return answer.StatusCode, a.document.Check(a.t, request.Method, request.URL.Path, answer)
}

// ask sends JSON, or nothing, and reads what is answered, which has to be a success.
func (a *controlled) ask(method, path, body string, into any) {
	a.t.Helper()
	contentType := ""
	if body != "" {
		contentType = "application/json"
	}
	status, content := a.send(a.request(method, path, contentType, body))
	require.Less(a.t, status, 300, string(content))
	if into != nil {
		require.NoError(a.t, json.Unmarshal(content, into), string(content))
	}
}

// refused sends a request that has to be refused.
func (a *controlled) refused(method, path, contentType, body string) controlapi.Problem {
	a.t.Helper()
	status, content := a.send(a.request(method, path, contentType, body))
	var p controlapi.Problem
	require.NoError(a.t, json.Unmarshal(content, &p), string(content))
	require.Equal(a.t, status, p.Status)
	return p
}

func (a *controlled) consume(data plog.Logs) {
	a.t.Helper()
	require.NoError(a.t, a.pipelines[0].ConsumeLogs(context.WithoutCancel(a.t.Context()), data))
}

// records returns all records of an event, in the order in which they came.
func records(sink *consumertest.LogsSink, event string) []plog.LogRecord {
	var all []plog.LogRecord
	for _, batch := range sink.AllLogs() {
		for _, resource := range batch.ResourceLogs().All() {
			for _, log := range resource.ScopeLogs().At(0).LogRecords().All() {
				if log.EventName() == event {
					all = append(all, log)
				}
			}
		}
	}
	return all
}

func (a *controlled) changes() []plog.LogRecord {
	return records(a.sinks[0], names.EventControlChanged)
}
