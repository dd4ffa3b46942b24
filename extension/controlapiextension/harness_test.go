// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meerkat-otel/meerkat/internal/controlapi/controlapitest"
)

// patience is how long a test waits for what takes milliseconds on an idle machine.
const patience = time.Minute

// request is what a test sends.
type request struct {
	Method, Path string
	// Host is what the server is called, "meerkat" over a Unix socket if it is empty.
	Host   string
	Header map[string]string
	Body   string
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Body   string
	// Failed says why there is no answer.
	Failed string
}

// sender sends requests to one server.
type sender struct {
	base string
	http *http.Client
}

func clientOfSocket(path string) *sender {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &sender{"http://meerkat", &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, CheckRedirect: noRedirect}}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (c *sender) send(r request) answer {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var body io.Reader
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	sent, err := http.NewRequestWithContext(ctx, r.Method, c.base+r.Path, body)
	if err != nil {
		return answer{Failed: err.Error()}
	}
	if r.Host != "" {
		sent.Host = r.Host
	}
	for name, value := range r.Header {
		sent.Header.Set(name, value)
	}
	got, err := c.http.Do(sent)
	if err != nil {
		return answer{Failed: err.Error()}
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	if err != nil {
		return answer{Status: got.StatusCode, Header: got.Header, Failed: err.Error()}
	}
	return answer{Status: got.StatusCode, Header: got.Header, Body: string(content)}
}

// live is a server that runs, with what a test looks at.
type live struct {
	*server
	t         *testing.T
	telemetry *componenttest.Telemetry
	log       *observer.ObservedLogs
	things    *things
}

// host has the extensions of a test.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

func newLive(t *testing.T, change func(*Config)) *live {
	t.Helper()
	config := createDefaultConfig().(*Config)
	// Other users get as far as the folder that the server makes.
	above := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(above), 0o755))
	folder := filepath.Join(above, "run")
	config.HTTP.NetAddr.Endpoint = filepath.Join(folder, "control.sock")
	config.GeneratedTokenFile = filepath.Join(folder, "control.token")
	change(config)
	require.NoError(t, confmap.Validate(config))
	core, log := observer.New(zap.DebugLevel)
	l := &live{t: t, telemetry: componenttest.NewTelemetry(), log: log, things: &things{}}
	set := extension.Settings{ID: component.MustNewID(componentType), TelemetrySettings: l.telemetry.NewTelemetrySettings()}
	set.Logger = zap.New(core)
	made, err := NewFactory().Create(t.Context(), set, config)
	require.NoError(t, err)
	l.server = made.(*server)
	t.Cleanup(func() {
		assert.NoError(t, made.Shutdown(context.Background()))
		assert.NoError(t, l.telemetry.Shutdown(context.Background()))
	})
	return l
}

// startLive starts a server on which things are mounted.
func startLive(t *testing.T, change func(*Config), extensions host) *live {
	t.Helper()
	l := newLive(t, change)
	require.NoError(t, l.Start(t.Context(), extensions))
	_, err := l.Mount(component.MustNewID("things"), l.things.mount())
	require.NoError(t, err)
	return l
}

// onTCP makes the server listen on this machine's own network.
func onTCP(c *Config) {
	c.HTTP.NetAddr.Transport, c.HTTP.NetAddr.Endpoint = "tcp", "127.0.0.1:0"
}

const (
	viewerToken, operatorToken = "viewer-0123456789abcdef", "operator-0123456789abcdef"
)

func withTokens(c *Config) {
	onTCP(c)
	c.Tokens = []TokenConfig{
		{Name: "grafana", Role: RoleViewer, Token: viewerToken},
		{Name: "deploy", Role: RoleOperator, Token: operatorToken},
	}
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

// client sends without credentials.
func (l *live) client() *sender {
	l.t.Helper()
	if l.config.onUnix() {
		return clientOfSocket(l.config.HTTP.NetAddr.Endpoint)
	}
	return &sender{"http://" + l.address.String(), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: noRedirect}}
}

// document is what the server says of itself, checked.
func (l *live) document() *controlapitest.Document {
	l.t.Helper()
	return controlapitest.Read(l.t, l.mounts.document())
}

// check holds an answer against the document, and against what every answer has.
func (l *live) check(d *controlapitest.Document, r request, a answer) {
	l.t.Helper()
	require.Empty(l.t, a.Failed, "%+v", r)
	d.Check(l.t, r.Method, r.Path, &http.Response{StatusCode: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewBufferString(a.Body))})
	for name, value := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		"X-Content-Type-Options":  "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		assert.Equal(l.t, []string{value}, a.Header.Values(name), "%+v: %s", r, name)
	}
	assert.Empty(l.t, a.Header.Values("Set-Cookie"))
	assert.Empty(l.t, a.Header.Values("Access-Control-Allow-Origin"))
}

// count is the value of a metric, of the series with some attributes.
func (l *live) count(name string, attributes ...attribute.KeyValue) int64 {
	l.t.Helper()
	m, err := l.telemetry.GetMetric(name)
	if err != nil {
		return 0 // nothing was counted yet
	}
	var sum int64
	data, ok := m.Data.(metricdata.Sum[int64])
	require.True(l.t, ok, name)
	for _, point := range data.DataPoints {
		all := true
		for _, a := range attributes {
			value, ok := point.Attributes.Value(a.Key)
			all = all && ok && value == a.Value
		}
		if all {
			sum += point.Value
		}
	}
	return sum
}

// handled counts what has reached a handler.
func (l *live) handled() int64 { return l.things.handled.Load() }

func eventuallyZero(t *testing.T, l *live, metric string) {
	t.Helper()
	assert.Eventually(t, func() bool { return l.count(metric) == 0 }, patience, 10*time.Millisecond, metric)
}

// requireReachable opens the folder that the server has made for its socket to everybody.
func requireReachable(t *testing.T, l *live) {
	t.Helper()
	require.NoError(t, os.Chmod(filepath.Dir(l.config.HTTP.NetAddr.Endpoint), 0o755))
}
