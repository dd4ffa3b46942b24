// SPDX-License-Identifier: Apache-2.0

//go:build linux

package backends

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/published"
)

// Loki is one that runs. It takes OTLP at /otlp.
type Loki struct{ server }

// LokiStream is the lines of one set of labels. Structured metadata are among the labels of an answer.
type LokiStream struct {
	Labels map[string]string
	Lines  []LokiLine
}

// LokiLine is one log record.
type LokiLine struct {
	Time time.Time
	Text string
}

// StartLoki runs Loki with a configuration file. In it are the variables LISTEN_PORT, GRPC_PORT and DATA for what each run has of its
// own: ${LISTEN_PORT} and so on. The first test builds it.
func StartLoki(t *testing.T, configuration string) *Loki {
	t.Helper()
	bin, err := published.Build(t.Context(), lokiSource)
	require.NoError(t, err)
	configuration, err = filepath.Abs(configuration)
	require.NoError(t, err)
	folder, address := t.TempDir(), freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	_, grpcPort, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	t.Setenv("LISTEN_PORT", port)
	t.Setenv("GRPC_PORT", grpcPort)
	t.Setenv("DATA", filepath.Join(folder, "data"))
	return &Loki{start(t, folder, address, "/ready", filepath.Join(bin, "loki"), "-config.file="+configuration, "-config.expand-env=true")}
}

// Query returns what a LogQL query of lines finds in the last hour, at most limit lines.
func (l *Loki) Query(query string, limit int) ([]LokiStream, error) {
	var found struct {
		Result []struct {
			Stream map[string]string
			Values [][]json.RawMessage
		}
	}
	if err := l.ask("/loki/api/v1/query_range", url.Values{"query": {query}, "limit": {strconv.Itoa(limit)}, "since": {"1h"}}, &found); err != nil {
		return nil, err
	}
	streams := make([]LokiStream, len(found.Result))
	for i, s := range found.Result {
		streams[i].Labels = s.Stream
		for _, value := range s.Values {
			line, err := lineOf(value)
			if err != nil {
				return nil, err
			}
			streams[i].Lines = append(streams[i].Lines, line)
		}
	}
	return streams, nil
}

func lineOf(value []json.RawMessage) (line LokiLine, err error) {
	if len(value) < 2 {
		return line, fmt.Errorf("a line has %d values", len(value))
	}
	var nanoseconds string
	if err := json.Unmarshal(value[0], &nanoseconds); err != nil {
		return line, err
	}
	at, err := strconv.ParseInt(nanoseconds, 10, 64)
	if err != nil {
		return line, err
	}
	line.Time = time.Unix(0, at)
	return line, json.Unmarshal(value[1], &line.Text)
}

// Evaluate returns the result of any LogQL query now, as Loki writes it: a list of series or streams.
func (l *Loki) Evaluate(query string) ([]json.RawMessage, error) {
	var found struct{ Result []json.RawMessage }
	err := l.ask("/loki/api/v1/query", url.Values{"query": {query}}, &found)
	return found.Result, err
}

// Streams returns the label sets of the streams that a selector selects in the last hour, without structured metadata.
func (l *Loki) Streams(selector string) (streams []map[string]string, err error) {
	err = l.ask("/loki/api/v1/series", url.Values{"match[]": {selector}, "since": {"1h"}}, &streams)
	return streams, err
}

// Wait waits until a query of lines finds some, and returns them.
func (l *Loki) Wait(query string, limit int) []LokiStream {
	l.t.Helper()
	var found []LokiStream
	require.Eventually(l.t, func() bool {
		var err error
		found, err = l.Query(query, limit)
		return err == nil && len(found) > 0
	}, patience, pollEvery, "%s finds nothing", query)
	return found
}

func (l *Loki) ask(path string, parameters url.Values, into any) error {
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.URL+path+"?"+parameters.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, answer.Status, body)
	}
	var document struct{ Data json.RawMessage }
	if err := json.Unmarshal(body, &document); err != nil {
		return err
	}
	return json.Unmarshal(document.Data, into)
}
