// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func TestServer_panics(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	mountOne(t, l, "/v1/panic", func(http.ResponseWriter, *http.Request) { panic("out of luck") })
	mountOne(t, l, "/v1/late", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half an ")
		panic("out of luck")
	})
	mountOne(t, l, "/v1/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	d, c := l.document(), l.client()
	r := request{Method: "GET", Path: "/v1/panic"}
	a := c.send(r)
	l.check(d, r, a)
	assert.Equal(t, http.StatusInternalServerError, a.Status)
	assert.NotContains(t, a.Body, "out of luck", "what it was is not for everybody")
	assert.NotEmpty(t, c.send(request{Method: "GET", Path: "/v1/late"}).Failed, "half an answer does not look like a whole one")
	assert.NotEmpty(t, c.send(request{Method: "GET", Path: "/v1/abort"}).Failed)
	assert.EqualValues(t, 1, l.count("otelcol.control_api.panics", attribute.String(names.Route, "GET /v1/panic")))
	assert.EqualValues(t, 1, l.count("otelcol.control_api.panics", attribute.String(names.Route, "GET /v1/late")))
	assert.EqualValues(t, 2, l.count("otelcol.control_api.panics"), "giving up is not failing")
	failures := l.log.FilterMessage("A handler of the control API failed").All()
	require.Len(t, failures, 2)
	assert.Contains(t, failures[0].ContextMap()["stack"], "TestServer_panics")
	assert.Equal(t, http.StatusOK, c.send(whoami(nil)).Status)
	eventuallyZero(t, l, "otelcol.control_api.requests.in_flight")
}

// Handlers may use whichever of Go's ways to send what is there.
func TestServer_waysToFlush(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	release := make(chan struct{})
	mountOne(t, l, "/v1/flusher", func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		<-release
	})
	mountOne(t, l, "/v1/controller", func(w http.ResponseWriter, _ *http.Request) {
		controller := http.NewResponseController(w)
		assert.NoError(t, controller.SetWriteDeadline(time.Now().Add(patience)))
		assert.NoError(t, controller.Flush())
		<-release
	})
	c := l.client()
	for _, path := range []string{"/v1/flusher", "/v1/controller"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+path, http.NoBody)
		require.NoError(t, err)
		answer, err := c.http.Do(r)
		require.NoError(t, err, "the header comes before the handler ends")
		defer answer.Body.Close()
		assert.Equal(t, http.StatusOK, answer.StatusCode)
		assert.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"))
	}
	close(release)
}

// What is sent without encryption to a server that encrypts is answered by Go, and leads nowhere.
func TestServer_plainRequestToTLS(t *testing.T) {
	authority := newAuthority(t)
	l := startLive(t, func(c *Config) { withTLS(t, authority)(c); withTokens(c) }, nil)
	conn := l.connect()
	_, err := io.WriteString(conn, "GET /v1/whoami HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+operatorToken+"\r\n\r\n")
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, strconv.Itoa(http.StatusBadRequest), answer.Status[:3])
	old := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}}
	_, err = old.Dial("tcp", l.address.String())
	require.Error(t, err, "TLS 1.1 is refused")
	assert.Zero(t, l.count("otelcol.control_api.requests"))
}
