// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/summary"
)

// SummaryConfig says which language model writes summaries of incidents. Without it none does, and nothing of an incident leaves for one.
type SummaryConfig struct {
	// HTTP has the keys of every HTTP client in a Collector: endpoint, timeout, tls, auth, headers, proxy_url and more. The endpoint is what
	// /chat/completions is added to, such as https://models.example.org/v1.
	HTTP confighttp.ClientConfig `mapstructure:",squash"`
	// APIKey is sent as a bearer token. It may be empty.
	APIKey configopaque.String `mapstructure:"api_key"`
	// Model is the name of the model, as the endpoint knows it.
	Model string `mapstructure:"model"`
	// Language is that of the texts, as a model understands it.
	Language string `mapstructure:"language"`
	// SeverityMin is the severity from which an incident is summarised: warn, error or fatal.
	SeverityMin string `mapstructure:"severity_min"`
	// ResponseFormat is how JSON is asked for: json_schema, or json_object for endpoints that don't know schemas.
	ResponseFormat string `mapstructure:"response_format"`
	// AnswerTokensKey is what the endpoint calls the limit of an answer: max_tokens or max_completion_tokens.
	AnswerTokensKey string `mapstructure:"answer_tokens_key"`

	// RequestsPerHourMax and TokensPerDayMax hold for any hour and any day, for requests and answers together.
	RequestsPerHourMax int `mapstructure:"requests_per_hour_max"`
	TokensPerDayMax    int `mapstructure:"tokens_per_day_max"`
	// RequestTokensMax bounds a request: the least unusual steps are left out. AnswerTokensMax is what the model is allowed for an answer.
	RequestTokensMax int `mapstructure:"request_tokens_max"`
	AnswerTokensMax  int `mapstructure:"answer_tokens_max"`

	Redact SummaryRedactConfig `mapstructure:"redact"`

	// prevent unkeyed literals
	_ struct{}
}

// SummaryRedactConfig says what is taken out before anything is sent.
type SummaryRedactConfig struct {
	// Secrets is for what looks like one: values behind names such as password, passwords in URLs, and well-known forms of keys.
	Secrets bool `mapstructure:"secrets"`
	// Patterns are further regular expressions, in the syntax of Go; all that they match is taken out.
	Patterns []string `mapstructure:"patterns"`

	// prevent unkeyed literals
	_ struct{}
}

// Ranges of what can be configured.
const (
	summaryTimeoutMin            = time.Second
	summaryTimeoutMax            = 10 * time.Minute
	summaryModelBytesMax         = 128
	summaryLanguageBytesMax      = 64
	summaryRequestsPerHourMaxMax = 3600
	summaryTokensPerDayMaxMax    = 1_000_000_000
	summaryRequestTokensMaxMax   = 128 << 10
	summaryAnswerTokensMaxMin    = 256
	summaryAnswerTokensMaxMax    = 64 << 10
	summaryPatternsMax           = 64
	summaryPatternBytesMax       = 1024
)

// summarySeverities are the values of SeverityMin, in rising order.
var summarySeverities = []string{"warn", "error", "fatal"}

// Values of AnswerTokensKey.
const (
	answerTokensKey     = "max_tokens"
	completionTokensKey = "max_completion_tokens"
)

func defaultSummaryConfig() SummaryConfig {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = time.Minute
	return SummaryConfig{
		HTTP: client, Language: "English", SeverityMin: summarySeverities[0],
		ResponseFormat: string(summary.FormatSchema), AnswerTokensKey: answerTokensKey,
		RequestsPerHourMax: 30, TokensPerDayMax: 500_000, RequestTokensMax: 8192, AnswerTokensMax: 2048,
		Redact: SummaryRedactConfig{Secrets: true},
	}
}

// Validate tells everything that is wrong.
func (c *SummaryConfig) Validate() error {
	errs := []error{
		c.validateEndpoint(),
		within("timeout", c.HTTP.Timeout, summaryTimeoutMin, summaryTimeoutMax),
		summaryText("model", c.Model, summaryModelBytesMax),
		summaryText("language", c.Language, summaryLanguageBytesMax),
		summaryOneOf("severity_min", c.SeverityMin, summarySeverities...),
		summaryOneOf("response_format", c.ResponseFormat, string(summary.FormatSchema), string(summary.FormatObject)),
		summaryOneOf("answer_tokens_key", c.AnswerTokensKey, answerTokensKey, completionTokensKey),
		within("requests_per_hour_max", c.RequestsPerHourMax, 1, summaryRequestsPerHourMaxMax),
		within("tokens_per_day_max", c.TokensPerDayMax, 1, summaryTokensPerDayMaxMax),
		within("request_tokens_max", c.RequestTokensMax, summary.RequestTokensMin, summaryRequestTokensMaxMax),
		within("answer_tokens_max", c.AnswerTokensMax, summaryAnswerTokensMaxMin, summaryAnswerTokensMaxMax),
	}
	if most := c.RequestTokensMax + c.AnswerTokensMax; c.TokensPerDayMax < most {
		errs = append(errs, fmt.Errorf("tokens_per_day_max: %d has no room for one request and its answer, %d (request_tokens_max and answer_tokens_max)",
			c.TokensPerDayMax, most))
	}
	if _, given := c.HTTP.Headers.Get("Authorization"); given && c.APIKey != "" {
		errs = append(errs, errors.New("api_key: headers has an Authorization already: leave one of them out"))
	}
	if c.HTTP.Auth.HasValue() && c.APIKey != "" {
		errs = append(errs, errors.New("api_key: auth is set too: leave one of them out"))
	}
	return errors.Join(errs...)
}

func (c *SummaryConfig) validateEndpoint() error {
	if c.HTTP.Endpoint == "" {
		return errors.New("endpoint: empty: name what /chat/completions is added to, such as https://models.example.org/v1")
	}
	at, err := url.Parse(c.HTTP.Endpoint)
	switch {
	case err != nil:
		// The error has the whole endpoint in it, with what may be a secret.
		return errors.New("endpoint: is no URL: write one such as https://models.example.org/v1")
	case at.Scheme != "https" && at.Scheme != "http" || at.Host == "":
		return errors.New("endpoint: has to begin with https:// or http:// and a host")
	case at.User != nil || at.RawQuery != "" || at.Fragment != "":
		return errors.New("endpoint: has a user, a query or a fragment, which would stand in logs: put keys into api_key, headers or auth")
	case strings.HasSuffix(strings.TrimRight(at.Path, "/"), summaryPath):
		return fmt.Errorf("endpoint: ends in %s, which is added to it: leave that out", summaryPath)
	}
	return nil
}

// Validate tells everything that is wrong.
func (c *SummaryRedactConfig) Validate() error {
	if len(c.Patterns) > summaryPatternsMax {
		return fmt.Errorf("patterns: %d are more than %d: join some with |", len(c.Patterns), summaryPatternsMax)
	}
	for at, pattern := range c.Patterns {
		if len(pattern) > summaryPatternBytesMax {
			return fmt.Errorf("patterns[%d]: longer than %d bytes", at, summaryPatternBytesMax)
		}
	}
	_, err := summary.NewRedactor(c.Secrets, c.Patterns)
	return err
}

// summaryText checks a text that a model is told, or that stands in incidents.
func summaryText(key, text string, bytesMax int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s: empty: it has to be given", key)
	case len(text) > bytesMax:
		return fmt.Errorf("%s: longer than %d bytes", key, bytesMax)
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%s: has characters that can't be printed", key)
	}
	return nil
}

func summaryOneOf(key, value string, values ...string) error {
	if !slices.Contains(values, value) {
		return fmt.Errorf("%s: %q is none of %s", key, value, strings.Join(values, ", "))
	}
	return nil
}

// severityMin is only called with a configuration that is valid.
func (c *SummaryConfig) severityMin() plog.SeverityNumber {
	for number, name := range severityNames {
		if name == c.SeverityMin {
			return number
		}
	}
	return plog.SeverityNumberFatal
}

// unprotected tells whether what is sent, and the key, can be read on the way.
func (c *SummaryConfig) unprotected() bool {
	at, err := url.Parse(c.HTTP.Endpoint)
	if err != nil || at.Scheme != "http" {
		return false
	}
	address := net.ParseIP(at.Hostname())
	return at.Hostname() != "localhost" && (address == nil || !address.IsLoopback())
}
