// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package backends_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/backends"
)

func TestPrometheus(t *testing.T) {
	configuration := filepath.Join(t.TempDir(), "prometheus.yml")
	require.NoError(t, os.WriteFile(configuration, []byte("global: {scrape_interval: 1s}\n"), 0o600))
	p := backends.StartPrometheus(t, configuration)
	_, err := p.Query("rate(")
	require.Error(t, err)
	value, err := p.Query("vector(3)")
	require.NoError(t, err)
	assert.Contains(t, value.String(), "3 @")
}

func TestLoki(t *testing.T) {
	l := backends.StartLoki(t, "../../examples/loki/loki.yaml")
	const body = `{"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "me"}}]},
		"scopeLogs": [{"logRecords": [{"timeUnixNano": "TIME", "body": {"stringValue": "a line"}, "eventName": "an.event"}]}]}]}`
	answer, err := http.Post(l.URL+"/otlp/v1/logs", "application/json", strings.NewReader(strings.ReplaceAll(body, "TIME", strconv.FormatInt(time.Now().UnixNano(), 10))))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusNoContent, answer.StatusCode)
	found := l.Wait(`{service_name="me"}`, 10)
	require.Len(t, found, 1)
	assert.Equal(t, "a line", found[0].Lines[0].Text)
	streams, err := l.Streams(`{service_name="me"}`)
	require.NoError(t, err)
	t.Log(found[0].Labels, streams)
	counts, err := l.Evaluate(`sum(count_over_time({service_name="me"}[1h]))`)
	require.NoError(t, err)
	assert.Len(t, counts, 1)
	_, err = l.Query("{", 1)
	require.Error(t, err)
}
