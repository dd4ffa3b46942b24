// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/names"
)

func (l *live) refused(reason string) int64 {
	l.t.Helper()
	return l.count("otelcol.control_api.requests.refused", attribute.String(names.Reason, reason))
}

func (l *live) connectionsRefused(reason string) int64 {
	l.t.Helper()
	return l.count("otelcol.control_api.connections.refused", attribute.String(names.Reason, reason))
}

// connect opens a connection and says nothing.
func (l *live) connect() net.Conn {
	l.t.Helper()
	conn, err := net.Dial(l.address.Network(), l.address.String())
	require.NoError(l.t, err)
	l.t.Cleanup(func() { conn.Close() })
	require.NoError(l.t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// isClosed waits for the server to close a connection.
func isClosed(conn net.Conn) error {
	_, err := io.Copy(io.Discard, conn)
	return err
}

func TestLimits_connections(t *testing.T) {
	l := startLive(t, func(c *Config) { withTokens(c); c.MaxConnections = connectionsMin }, nil)
	held := make([]net.Conn, 0, connectionsMin)
	for range connectionsMin {
		held = append(held, l.connect())
	}
	one := l.connect()
	_ = isClosed(one) // at once, or with a reset
	assert.EqualValues(t, 1, l.connectionsRefused("no_room"))
	assert.EqualValues(t, connectionsMin, l.count("otelcol.control_api.connections"))
	for _, conn := range held {
		require.NoError(t, conn.Close())
	}
	eventuallyZero(t, l, "otelcol.control_api.connections")
	assert.Equal(t, http.StatusOK, l.client().send(whoami(bearer(viewerToken))).Status, "there is room again")
}

// The last connections to a Unix socket are for operators: whoever may only look can't keep them out.
func TestLimits_connectionsForOperators(t *testing.T) {
	l := newLive(t, func(c *Config) { c.MaxConnections, c.SocketMode = connectionsMin, "0666" })
	l.config.HTTP.WriteTimeout = timeoutMax
	require.NoError(t, l.Start(t.Context(), host{}))
	_, err := l.Mount(component.MustNewID("things"), l.things.mount())
	require.NoError(t, err)
	requireReachable(t, l)
	// Root's own connections count, and are let in.
	for range connectionsMin - operatorReserve {
		l.connect()
	}
	require.Eventually(t, func() bool { return l.count("otelcol.control_api.connections") == connectionsMin-operatorReserve }, patience, 10*time.Millisecond)
	answers := as(t, l.config.HTTP.NetAddr.Endpoint, strangerUID, strangerGID, nil, whoami(nil))
	assert.NotEmpty(t, answers[0].Failed)
	assert.Positive(t, l.connectionsRefused("reserved"))
	assert.Equal(t, http.StatusOK, l.client().send(whoami(nil)).Status)
	assert.Zero(t, l.connectionsRefused("no_room"))
}

func TestLimits_requests(t *testing.T) {
	l := startLive(t, func(c *Config) { withTokens(c); c.MaxRequests = requestsMin }, nil)
	busy, release := mountBusy(t, l)
	d, c := l.document(), l.client()
	done := make(chan answer)
	send := func(token string) {
		go func() { done <- c.send(request{Method: "GET", Path: "/v1/busy", Header: bearer(token)}) }()
		<-busy
	}
	for range requestsMin - operatorReserve {
		send(viewerToken)
	}
	r := whoami(bearer(viewerToken))
	a := c.send(r)
	l.check(d, r, a)
	assert.Equal(t, http.StatusServiceUnavailable, a.Status, "the rest is for operators")
	assert.Contains(t, a.Body, codeTooManyRequests)
	for range operatorReserve {
		send(operatorToken)
	}
	assert.Equal(t, http.StatusServiceUnavailable, c.send(whoami(bearer(operatorToken))).Status)
	assert.EqualValues(t, 2, l.refused(codeTooManyRequests))
	assert.EqualValues(t, requestsMin, l.count("otelcol.control_api.requests.in_flight"))
	release()
	for range requestsMin {
		assert.Equal(t, http.StatusOK, (<-done).Status)
	}
	assert.Equal(t, http.StatusOK, c.send(whoami(bearer(viewerToken))).Status)
}

func TestLimits_header(t *testing.T) {
	l := startLive(t, func(c *Config) { withTokens(c); c.MaxHeaderBytes = headerBytesMin }, nil)
	send := func(bytesOfHeader int) answer {
		header := bearer(viewerToken)
		header["X-Long"] = strings.Repeat("a", bytesOfHeader)
		return l.client().send(whoami(header))
	}
	assert.Equal(t, http.StatusOK, send(headerBytesMin/2).Status)
	a := send(headerBytesMin)
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, a.Status)
	assert.Contains(t, a.Body, codeHeaderTooLarge)
	assert.EqualValues(t, 1, l.refused(codeHeaderTooLarge))
	// What Go does not even read is counted when the connection ends.
	a = send(4 * (headerBytesMin + headerBytesSlack))
	assert.True(t, a.Status == http.StatusRequestHeaderFieldsTooLarge || a.Failed != "", "%+v", a)
	assert.Eventually(t, func() bool { return l.refused("unreadable") == 1 }, patience, 10*time.Millisecond)
}

func TestLimits_unreadable(t *testing.T) {
	l := startLive(t, withTokens, nil)
	for i, rubbish := range []string{"\x16\x03\x01\x02\x00", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"} {
		conn := l.connect()
		_, err := io.WriteString(conn, rubbish)
		require.NoError(t, err)
		if tcp := conn.(*net.TCPConn); assert.NoError(t, tcp.CloseWrite()) {
			_ = isClosed(conn)
		}
		assert.Eventually(t, func() bool { return l.refused("unreadable") == int64(i+1) }, patience, 10*time.Millisecond, "%q", rubbish)
	}
	assert.Zero(t, l.count("otelcol.control_api.requests"))
	// One that is good before and bad after.
	conn := l.connect()
	_, err := io.WriteString(conn, "GET /v1/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	_, err = io.WriteString(conn, "rubbish\r\n\r\n")
	require.NoError(t, err)
	_ = isClosed(conn)
	assert.Eventually(t, func() bool { return l.refused("unreadable") == 5 }, patience, 10*time.Millisecond)
	assert.EqualValues(t, 1, l.count("otelcol.control_api.requests"))
}

// A client that sends its header, or its body, too slowly is let go.
func TestLimits_slowClients(t *testing.T) {
	for what, sent := range map[string]string{
		"header": "GET /v1/whoami HTTP/1.1\r\nHost: localhost\r\n",
		"body": "POST /v1/act HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\nAuthorization: Bearer " +
			operatorToken + "\r\n\r\n{",
		"nothing": "",
		"next":    "GET /v1/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			l := startLive(t, func(c *Config) {
				withTokens(c)
				c.HTTP.ReadHeaderTimeout, c.HTTP.ReadTimeout, c.HTTP.Keepalive.Get().IdleTimeout = timeoutMin, timeoutMin, timeoutMin
			}, nil)
			conn := l.connect()
			_, err := io.WriteString(conn, sent)
			require.NoError(t, err)
			require.NoError(t, isClosed(conn), "the server closes it before the test loses patience")
		})
	}
}

// A body of which the length is not told is found out while it is read; by routes without one, before.
func TestLimits_bodyOfUnknownLength(t *testing.T) {
	l := startLive(t, withTokens, nil)
	send := func(method, path string, body io.Reader) int {
		r, err := http.NewRequestWithContext(t.Context(), method, l.client().base+path, body)
		require.NoError(t, err)
		r.ContentLength = -1
		r.Header.Set("Authorization", "Bearer "+operatorToken)
		r.Header.Set("Content-Type", "application/json")
		answer, err := l.client().http.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode
	}
	assert.Equal(t, http.StatusCreated, send("PUT", "/v1/uploads/a", strings.NewReader(strings.Repeat("a", uploadBytesMax))))
	assert.Equal(t, http.StatusRequestEntityTooLarge, send("PUT", "/v1/uploads/a", strings.NewReader(strings.Repeat("a", uploadBytesMax+1))))
	assert.EqualValues(t, 1, l.refused(codeBodyTooLarge))
	assert.Equal(t, http.StatusRequestEntityTooLarge, send("PATCH", "/v1/things/a", strings.NewReader(strings.Repeat(" ", 10*thingBytesMax)+"{}")))
	assert.EqualValues(t, 2, l.refused(codeBodyTooLarge))
	before := l.handled()
	assert.Equal(t, http.StatusRequestEntityTooLarge, send("DELETE", "/v1/uploads/a", strings.NewReader("x")))
	assert.EqualValues(t, 3, l.refused(codeBodyTooLarge))
	assert.Equal(t, before, l.handled())
}

// A client that still sends when its body is refused gets to read why: net/http is told, which then closes, but not at once.
func TestLimits_bodyRefusedWhileSent(t *testing.T) {
	l := startLive(t, withTokens, nil)
	transport := l.client().http.Transport.(*http.Transport).Clone()
	transport.DisableKeepAlives = false
	defer transport.CloseIdleConnections()
	for over, closes := range []bool{false, true} {
		body := io.MultiReader(strings.NewReader(strings.Repeat("a", uploadBytesMax+over)))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, l.client().base+"/v1/uploads/a", body)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+operatorToken)
		answer, err := transport.RoundTrip(r)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, answer.Body)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, closes, answer.StatusCode == http.StatusRequestEntityTooLarge)
		assert.Equal(t, closes, answer.Close, "%d bytes over the limit", over)
	}
}

// The key of every HTTP server bounds what routes would read.
func TestLimits_bodyOfAllRoutes(t *testing.T) {
	l := startLive(t, func(c *Config) { withTokens(c); c.HTTP.MaxRequestBodySize = bodyBytesMin }, nil)
	_, err := l.Mount(component.MustNewID("large"), controlapi.Mount{
		Routes:   []controlapi.Route{{Method: "PUT", Path: "/v1/large", Role: controlapi.RoleOperator, BodyBytesMax: 10 * bodyBytesMin, Handler: upload}},
		Document: bytes.Replace(documentOf("PUT", "/v1/large", "operator"), []byte(`"responses"`), []byte(`"requestBody": {"content": {"x/y": {}}}, "responses"`), 1),
	})
	require.NoError(t, err)
	r := request{Method: "PUT", Path: "/v1/large", Header: bearer(operatorToken), Body: strings.Repeat("a", bodyBytesMin)}
	assert.Equal(t, http.StatusCreated, l.client().send(r).Status)
	r.Body += "a"
	a := l.client().send(r)
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.Status)
	assert.Contains(t, a.Body, "at most 1024 bytes")
}

// Nothing is unpacked: a small body can't become a large one.
func TestLimits_compressedBody(t *testing.T) {
	l := startLive(t, withTokens, nil)
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write([]byte(`{}`))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	for encoding, want := range map[string]int{"gzip": http.StatusUnsupportedMediaType, "zstd": http.StatusUnsupportedMediaType, "identity": http.StatusBadRequest} {
		header := bearer(operatorToken)
		header["Content-Encoding"], header["Content-Type"] = encoding, "application/json"
		assert.Equal(t, want, l.client().send(request{Method: "POST", Path: "/v1/act", Header: header, Body: packed.String()}).Status, encoding)
	}
}
