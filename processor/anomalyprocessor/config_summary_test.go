// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestConfigSummary_accepted(t *testing.T) {
	config, err := load(t, "summary.yaml", "anomaly/off")
	require.NoError(t, err)
	assert.Nil(t, config.Summary.Get(), "it is off by default")

	config, err = load(t, "summary.yaml", "anomaly/least")
	require.NoError(t, err)
	want := defaultSummaryConfig()
	want.HTTP.Endpoint, want.Model = "https://models.example.org/v1", "a-model"
	assert.Equal(t, want, *config.Summary.Get())
	assert.Equal(t, plog.SeverityNumberWarn, want.severityMin())
	assert.False(t, want.unprotected())

	config, err = load(t, "summary.yaml", "anomaly/all")
	require.NoError(t, err)
	got := config.Summary.Get()
	want = SummaryConfig{
		HTTP: got.HTTP, APIKey: "a-key", Model: "another", Language: "German", SeverityMin: "error", ResponseFormat: "json_object",
		AnswerTokensKey: completionTokensKey, RequestsPerHourMax: 7, TokensPerDayMax: 70000, RequestTokensMax: 3000, AnswerTokensMax: 300,
		Redact: SummaryRedactConfig{Patterns: []string{`customer-\d+`}},
	}
	assert.Equal(t, want, *got)
	assert.Equal(t, "http://127.0.0.1:11434/v1/", got.HTTP.Endpoint)
	assert.Equal(t, 90*time.Second, got.HTTP.Timeout)
	assert.Equal(t, plog.SeverityNumberError, got.severityMin())
	tenant, _ := got.HTTP.Headers.Get("X-Tenant")
	assert.Equal(t, configopaque.String("meerkat"), tenant)
	assert.NotContains(t, fmt.Sprintf("%v %+v", got, got), "a-key")
	require.NoError(t, componenttest.CheckConfigStruct(defaultSummaryConfig()))
}

func TestConfigSummary_refused(t *testing.T) {
	for section, want := range map[string]string{
		"anomaly/nothing":         "summary: endpoint: empty: name what /chat/completions is added to, such as https://models.example.org/v1\nmodel: empty",
		"anomaly/no_url":          "endpoint: is no URL: write one such as",
		"anomaly/no_host":         "endpoint: has to begin with https:// or http:// and a host",
		"anomaly/key_in_endpoint": "put keys into api_key, headers or auth",
		"anomaly/query":           "put keys into api_key, headers or auth",
		"anomaly/path":            "endpoint: ends in /chat/completions, which is added to it: leave that out",
		"anomaly/texts":           "model: has characters that can't be printed\nlanguage: empty: it has to be given",
		"anomaly/values": `severity_min: "info" is none of warn, error, fatal` + "\n" + `response_format: "xml" is none of json_schema, json_object` +
			"\n" + `answer_tokens_key: "most" is none of max_tokens, max_completion_tokens`,
		"anomaly/ranges":       "timeout: 1ms is not between 1s and 10m0s\nrequests_per_hour_max: 0 is not between 1 and 3600\nrequest_tokens_max: 1 is not between",
		"anomaly/day":          "tokens_per_day_max: 5000 has no room for one request and its answer, 10240",
		"anomaly/two_keys":     "api_key: headers has an Authorization already: leave one of them out",
		"anomaly/auth_and_key": "api_key: auth is set too: leave one of them out",
		"anomaly/pattern":      "redact: patterns[0]: ",
		"anomaly/unknown":      "has invalid keys: sauce",
	} {
		_, err := load(t, "summary_refused.yaml", section)
		assert.ErrorContains(t, err, want, section)
		if err != nil {
			assert.NotContains(t, err.Error(), "geheim", section)
		}
	}
}

func TestConfigSummary_unprotected(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"https://a.example/v1": false, "http://a.example/v1": true, "http://localhost:1/v1": false, "http://[::1]:1": false, "http://127.0.0.9": false,
		"http://192.0.2.1": true,
	} {
		c := defaultSummaryConfig()
		c.HTTP.Endpoint = endpoint
		assert.Equal(t, want, c.unprotected(), endpoint)
	}
}
