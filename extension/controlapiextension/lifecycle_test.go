// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

func TestLifecycle_creatingTouchesNothing(t *testing.T) {
	for _, change := range []func(*Config){func(*Config) {}, onTCP} {
		l := newLive(t, change)
		assert.NoDirExists(t, filepath.Dir(l.config.GeneratedTokenFile))
		assert.Nil(t, l.address)
	}
}

func TestLifecycle_shutdownWithoutStart(t *testing.T) {
	l := newLive(t, func(*Config) {})
	for range 2 {
		require.NoError(t, l.Shutdown(t.Context()))
	}
	require.ErrorContains(t, l.Start(t.Context(), host{}), "was shut down and can't be started again")
}

func TestLifecycle_twice(t *testing.T) {
	l := newLive(t, func(*Config) {})
	for range 2 {
		require.NoError(t, l.Start(t.Context(), host{}))
	}
	assert.Equal(t, http.StatusOK, l.client().send(request{Method: "GET", Path: "/v1/whoami"}).Status)
	for range 2 {
		require.NoError(t, l.Shutdown(t.Context()))
	}
}

func TestLifecycle_shutdownAtOnce(t *testing.T) {
	for range 20 {
		l := newLive(t, func(*Config) {})
		require.NoError(t, l.Start(t.Context(), host{}))
		require.NoError(t, l.Shutdown(t.Context()))
		require.NoFileExists(t, l.config.HTTP.NetAddr.Endpoint)
	}
}

// The Collector makes the new one before or after it stops the old one; the socket is free when that is over.
func TestLifecycle_another(t *testing.T) {
	first := startLive(t, func(*Config) {}, nil)
	second := newLive(t, func(c *Config) { c.HTTP.NetAddr.Endpoint = first.config.HTTP.NetAddr.Endpoint })
	require.ErrorContains(t, second.Start(t.Context(), host{}), "another process listens")
	require.NoError(t, first.Shutdown(t.Context()))
	require.NoError(t, second.Start(t.Context(), host{}))
	assert.Equal(t, http.StatusOK, second.client().send(request{Method: "GET", Path: "/v1/whoami"}).Status)
}

// A start that fails leaves nothing behind.
func TestLifecycle_failedStart(t *testing.T) {
	l := newLive(t, withTLS(t, newAuthority(t)))
	require.NoError(t, os.Remove(l.config.HTTP.TLS.Get().CertFile))
	require.ErrorContains(t, l.Start(t.Context(), host{}), "start the control API: tls: ")
	require.NoError(t, l.Shutdown(t.Context()))
}

func TestLifecycle_mountBeforeStart(t *testing.T) {
	l := newLive(t, func(*Config) {})
	_, err := l.Mount(component.MustNewID("things"), l.things.mount())
	require.NoError(t, err)
	require.NoError(t, l.Start(t.Context(), host{}))
	assert.Equal(t, http.StatusOK, l.client().send(request{Method: "GET", Path: "/v1/things"}).Status)
}

func TestLifecycle_mountAfterShutdown(t *testing.T) {
	l := newLive(t, func(*Config) {})
	unmount, err := l.Mount(component.MustNewID("things"), l.things.mount())
	require.NoError(t, err)
	require.NoError(t, l.Shutdown(t.Context()))
	_, err = l.Mount(component.MustNewID("others"), (&things{}).mount())
	require.EqualError(t, err, "mount on the control API: the server is stopped")
	unmount()
	unmount()
}

// openStream returns the lines of a stream of which the first has come.
func openStream(t *testing.T, l *live, path string) (*bufio.Scanner, func()) {
	t.Helper()
	c := l.client()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+path, http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+viewerToken)
	answer, err := c.http.Do(r) //nolint:bodyclose // Whoever asks for the stream closes it.
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	lines := bufio.NewScanner(answer.Body)
	require.True(t, lines.Scan())
	require.Equal(t, "data: 0", lines.Text())
	return lines, func() { answer.Body.Close() }
}

func TestLifecycle_shutdownEndsStreams(t *testing.T) {
	for name, change := range map[string]func(*Config){"unix": func(*Config) {}, "tcp": withTokens} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, change, nil)
			lines, closeStream := openStream(t, l, "/v1/stream?every=10ms")
			defer closeStream()
			require.NoError(t, l.Shutdown(t.Context()))
			for lines.Scan() {
			}
			require.NoError(t, lines.Err(), "the stream ends in good order")
		})
	}
}

// A handler that does not end can't hold up the end of the Collector.
func TestLifecycle_shutdownWithABusyHandler(t *testing.T) {
	l := startLive(t, func(*Config) {}, nil)
	busy, release := mountBusy(t, l)
	answered := make(chan answer)
	go func() { answered <- l.client().send(request{Method: "GET", Path: "/v1/busy"}) }()
	<-busy
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, l.Shutdown(ctx))
	assert.NotEmpty(t, (<-answered).Failed)
	release()
	assert.Equal(t, 1, l.log.FilterMessage("The control API ends while requests are still being answered").Len())
	eventuallyZero(t, l, "otelcol.control_api.requests.in_flight")
	eventuallyZero(t, l, "otelcol.control_api.connections")
}
