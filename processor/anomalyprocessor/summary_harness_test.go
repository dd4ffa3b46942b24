// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/summary"
)

// fakeModel is an endpoint on the loopback interface, with what it was asked.
type fakeModel struct {
	*httptest.Server
	// status is that of further answers, unless it is 0.
	status atomic.Int64

	mu            sync.Mutex
	asked         []string
	authorization string
}

// newFakeModel answers each request with what a model says.
func newFakeModel(t *testing.T, says func(r *http.Request) string) *fakeModel {
	t.Helper()
	return serveFakeModel(t, false, says)
}

func serveFakeModel(t *testing.T, overTLS bool, says func(r *http.Request) string) *fakeModel {
	t.Helper()
	m := &fakeModel{}
	m.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got struct{ Messages []struct{ Content string } }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&got))
		m.mu.Lock()
		m.asked, m.authorization = append(m.asked, got.Messages[1].Content), r.Header.Get("Authorization")
		m.mu.Unlock()
		if status := m.status.Load(); status != 0 {
			w.WriteHeader(int(status))
			return
		}
		message := map[string]any{"content": says(r)}
		body, err := json.Marshal(map[string]any{
			"choices": []any{map[string]any{"message": message}}, "usage": map[string]any{"prompt_tokens": 700, "completion_tokens": 50},
		})
		assert.NoError(t, err)
		_, _ = w.Write(body)
	}))
	t.Cleanup(m.Close)
	m.EnableHTTP2 = true
	if overTLS {
		m.StartTLS()
	} else {
		m.Start()
	}
	return m
}

func (m *fakeModel) questions() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.asked...)
}

func (m *fakeModel) key() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.authorization
}

// guarded is a processor with summaries, and a clock that any goroutine may read.
type guarded struct {
	*logs
	sink      *consumertest.LogsSink
	telemetry *componenttest.Telemetry
	ahead     atomic.Int64
}

func newGuarded(t *testing.T, m *fakeModel, host component.Host, change func(*SummaryConfig)) *guarded {
	t.Helper()
	c := defaultSummaryConfig()
	c.HTTP.Endpoint, c.Model, c.APIKey = m.URL+"/v1", "a-model", "a-key"
	if change != nil {
		change(&c)
	}
	config := defaultConfig()
	config.Summary = configoptional.Some(c)
	g := &guarded{sink: new(consumertest.LogsSink), telemetry: componenttest.NewTelemetry()}
	f := &factory{shared.NewInstances[*Config, *core]()}
	set := processor.Settings{ID: component.MustNewID(componentType), TelemetrySettings: g.telemetry.NewTelemetrySettings()}
	made, err := f.logs(t.Context(), set, config, g.sink)
	require.NoError(t, err)
	g.logs = made.(*logs)
	core := g.core.Unwrap()
	core.now = func() time.Time { return beginning.Add(time.Duration(g.ahead.Load())) }
	require.NoError(t, made.Start(t.Context(), host))
	t.Cleanup(func() {
		require.NoError(t, g.Shutdown(context.Background()))
		require.NoError(t, g.telemetry.Shutdown(context.Background()))
	})
	return g
}

func (g *guarded) upkeep(t *testing.T, later time.Duration) {
	t.Helper()
	g.ahead.Add(int64(later))
	g.core.Unwrap().upkeep(t.Context())
}

func (g *guarded) stats() summary.Stats { return g.core.Unwrap().summaries.writer.Stats() }

func (g *guarded) answered(t *testing.T, outcome summary.Outcome, n int64) {
	t.Helper()
	require.Eventually(t, func() bool { return g.stats().Requests[outcome] == n }, 30*time.Second, time.Millisecond, outcome)
}

// incidents are the records of incidents so far.
func (g *guarded) incidents() []plog.LogRecord {
	var all []plog.LogRecord
	for _, batch := range g.sink.AllLogs() {
		if log := batch.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0); log.EventName() == names.EventIncident {
			all = append(all, log)
		}
	}
	return all
}

func says(verdict string) func(*http.Request) string {
	return func(*http.Request) string {
		return `{"summary":"A shell was sent away.","verdict":"` + verdict + `","reasons":[{"text":"Shells stay at home.","steps":[1]}]}`
	}
}

func rawValue(t *testing.T, log plog.LogRecord, name string) any {
	t.Helper()
	v, ok := log.Attributes().Get(name)
	if !ok {
		return nil
	}
	return v.AsRaw()
}

// authenticator is an extension that knows a key.
type authenticator struct {
	component.StartFunc
	component.ShutdownFunc
}

func (authenticator) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("Authorization", "Bearer of-the-extension")
		return base.RoundTrip(r)
	}), nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type hostWithExtensions struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h hostWithExtensions) GetExtensions() map[component.ID]component.Component { return h.extensions }
