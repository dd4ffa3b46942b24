// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// The time-out of answers holds for all but streams, of which each part has to get through in time.
func TestLimits_writeTimeout(t *testing.T) {
	authority := newAuthority(t)
	for name, change := range map[string]func(*Config){
		"unix": func(*Config) {}, "tcp": withTokens,
		"tls": func(c *Config) { withTLS(t, authority)(c); withTokens(c); c.HTTP.TLS.Get().ClientCAFile = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := startLive(t, func(c *Config) { change(c); c.HTTP.WriteTimeout, c.HTTP.ReadTimeout = timeoutMin, timeoutMin }, nil)
			mountOne(t, l, "/v1/slow", func(w http.ResponseWriter, _ *http.Request) {
				time.Sleep(timeoutMin + timeoutMin/2)
				controlapi.Answer(w, http.StatusOK, nil)
			})
			clients := map[string]*sender{"HTTP/1": l.client()}
			if name == "tls" {
				clients = map[string]*sender{"HTTP/1": l.tlsClient(authority, nil, false), "HTTP/2": l.tlsClient(authority, nil, true)}
			}
			for protocol, c := range clients {
				assert.NotEmpty(t, c.send(request{Method: "GET", Path: "/v1/slow", Header: bearer(viewerToken)}).Failed, protocol)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/v1/stream?every=100ms", http.NoBody)
				require.NoError(t, err)
				r.Header.Set("Authorization", "Bearer "+viewerToken)
				answer, err := c.http.Do(r)
				require.NoError(t, err)
				lines := bufio.NewScanner(answer.Body)
				for range 2 * 20 { // two seconds: data and an empty line each
					require.True(t, lines.Scan(), "%s: the stream has ended: %v", protocol, lines.Err())
				}
				cancel()
				answer.Body.Close()
			}
		})
	}
}

// A listener to a stream that reads nothing is let go, so that nobody can hold streams for nothing.
func TestLimits_streamThatNobodyReads(t *testing.T) {
	l := startLive(t, func(c *Config) { c.HTTP.WriteTimeout = timeoutMin }, nil)
	ended := make(chan error, 1)
	_, err := l.Mount(component.MustNewID("flood"), controlapi.Mount{
		Routes: []controlapi.Route{{Method: "GET", Path: "/v1/flood", Role: controlapi.RoleViewer, Streams: true, Handler: func(w http.ResponseWriter, _ *http.Request) {
			block := make([]byte, 1<<20)
			for {
				if _, err := w.Write(block); err != nil {
					ended <- err
					return
				}
			}
		}}},
		Document: documentOf("GET", "/v1/flood", "viewer"),
	})
	require.NoError(t, err)
	conn := l.connect()
	_, err = io.WriteString(conn, "GET /v1/flood HTTP/1.1\r\nHost: meerkat\r\n\r\n")
	require.NoError(t, err)
	select {
	case err := <-ended:
		assert.Error(t, err)
	case <-time.After(patience):
		t.Fatal("the handler still writes")
	}
}

func TestLimits_streamsOfOneConnection(t *testing.T) {
	authority := newAuthority(t)
	l := startLive(t, func(c *Config) { withTLS(t, authority)(c); withTokens(c); c.HTTP.TLS.Get().ClientCAFile = "" }, nil)
	busy, release := mountBusy(t, l)
	c := l.tlsClient(authority, nil, true)
	require.Equal(t, http.StatusOK, c.send(whoami(bearer(operatorToken))).Status)
	done := make(chan answer)
	for range streamsPerConnectionMax + 8 {
		go func() { done <- c.send(request{Method: "GET", Path: "/v1/busy", Header: bearer(operatorToken)}) }()
	}
	for range streamsPerConnectionMax {
		<-busy
	}
	release()
	for range streamsPerConnectionMax + 8 {
		assert.Equal(t, http.StatusOK, (<-done).Status)
	}
}
