// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

func TestSettings(t *testing.T) {
	settings := DefaultSettings()
	require.ErrorContains(t, settings.Validate(), "node_name is empty")
	settings.Cluster = true
	require.NoError(t, settings.Validate())
	for want, change := range map[string]func(*Settings){
		`auth_type is "token"`:       func(s *Settings) { s.AuthType = "token" },
		"kubeconfig is set, but":     func(s *Settings) { s.KubeconfigContext = "x" },
		"kubeconfig.path is empty":   func(s *Settings) { s.AuthType = Kubeconfig },
		"endpoint, token_file or ca": func(s *Settings) { s.AuthType, s.KubeconfigPath, s.TokenFile = Kubeconfig, "/k", "/t" },
		"it must begin with https":   func(s *Settings) { s.Endpoint = "ftp://10.0.0.1" },
		"http is allowed to this":    func(s *Settings) { s.Endpoint = "http://10.0.0.1" },
		"it must be a URL":           func(s *Settings) { s.Endpoint = "10.0.0.1:6443" },
		"it must have no user":       func(s *Settings) { s.Endpoint = "https://me:secret@10.0.0.1" },
		"page_size is 1: 10 to 5000": func(s *Settings) { s.PageSize = 1 },
		"requests per second is 0":   func(s *Settings) { s.RequestsPerSecondMax = 0 },
		"list timeout is 0s":         func(s *Settings) { s.ListTimeout = 0 },
		"back-off is 800ms to 1ns":   func(s *Settings) { s.BackoffMax = 1 },
	} {
		changed := settings
		change(&changed)
		assert.ErrorContains(t, changed.Validate(), want)
	}
}

func start(t *testing.T, settings Settings) error {
	t.Helper()
	source := New(settings, testInventory(), nil, zap.NewNop())
	defer func() { require.NoError(t, source.Shutdown(t.Context())) }()
	return source.Start(t.Context())
}

func TestStart_saysWhatIsMissing(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	settings := DefaultSettings()
	require.ErrorContains(t, start(t, settings), "KUBERNETES_SERVICE_HOST")
	settings.Endpoint, settings.TokenFile = "https://127.0.0.1:1", filepath.Join(t.TempDir(), "none")
	require.ErrorContains(t, start(t, settings), settings.TokenFile)
	settings.CAFile = filepath.Join(t.TempDir(), "ca")
	require.ErrorContains(t, start(t, settings), settings.CAFile)
}

// kubeconfig is a file for a server, with two contexts.
func kubeconfig(t *testing.T, server, certificate string) string {
	t.Helper()
	text := strings.NewReplacer("$server", server, "$ca", certificate).Replace(`
apiVersion: v1
kind: Config
current-context: reader
clusters: [{name: c, cluster: {server: "$server", certificate-authority: "$ca"}}]
users:
- {name: reader, user: {token: reader-token}}
- {name: runner, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/false, interactiveMode: Never}}}
contexts:
- {name: reader, context: {cluster: c, user: reader}}
- {name: runner, context: {cluster: c, user: runner}}
`)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestStart_kubeconfig(t *testing.T) {
	authorization := make(chan string, 100)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case authorization <- r.Header.Get("Authorization"):
		default:
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	certificate := certificateOf(t, server)

	settings := DefaultSettings()
	settings.AuthType, settings.NodeName = Kubeconfig, "node-1"
	settings.BackoffMin, settings.BackoffMax = backoffMin, backoffMin
	settings.KubeconfigPath = kubeconfig(t, server.URL, certificate)
	s := begin(t, settings, testInventory())
	assert.Equal(t, "Bearer reader-token", <-authorization)
	s.await("forbidden", func() bool { return s.state(inventory.KindPod).Phase == sourcestate.Forbidden })

	settings.KubeconfigContext = "runner"
	require.ErrorContains(t, start(t, settings), "names a program that gets credentials")
	settings.KubeconfigContext = "nobody"
	require.ErrorContains(t, start(t, settings), "nobody")
	settings.KubeconfigContext, settings.KubeconfigPath = "", kubeconfig(t, "http://10.0.0.1", certificate)
	require.ErrorContains(t, start(t, settings), "http is allowed to this host only")
}

func TestShutdown_leavesNoConnection(t *testing.T) {
	hold := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	for name, test := range map[string]struct {
		handler http.Handler
		reached func(sourcestate.Kind) bool
	}{
		"refused":  {http.NotFoundHandler(), func(k sourcestate.Kind) bool { return k.Errors[sourcestate.ReasonNotFound] > 1 }},
		"watching": {hold, func(k sourcestate.Kind) bool { return k.Watches > 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			server, open := countingServer(test.handler)
			defer server.Close()
			settings := testSettings(t, server.URL, false)
			settings.CAFile = certificateOf(t, server)
			source := New(settings, testInventory(), nil, zap.NewNop())
			require.NoError(t, source.Start(t.Context()))
			require.Eventually(t, func() bool { return open.Load() > 0 && test.reached(source.State()[0]) }, time.Minute, time.Millisecond)
			require.NoError(t, source.Shutdown(t.Context()))
			require.Eventually(t, func() bool { return open.Load() == 0 }, time.Minute, time.Millisecond)
		})
	}
}

func TestConnections_madeTooLateAreClosed(t *testing.T) {
	server, open := countingServer(http.NotFoundHandler())
	defer server.Close()
	c := &connections{}
	conn, err := c.dial(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	assert.Empty(t, c.open)
	_, err = c.dial(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	c.end()
	_, err = c.dial(t.Context(), "tcp", server.Listener.Addr().String())
	require.ErrorIs(t, err, errStopping)
	require.Eventually(t, func() bool { return open.Load() == 0 }, time.Minute, time.Millisecond)
}

// countingServer speaks HTTP/2, and counts its open connections.
func countingServer(handler http.Handler) (*httptest.Server, *atomic.Int64) {
	open := &atomic.Int64{}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients leave
	server.StartTLS()
	return server, open
}

func certificateOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	return path
}

func TestStart_withACertificateThatNobodySigned(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	s := begin(t, testSettings(t, server.URL, false), testInventory())
	s.await("refused", func() bool { return s.state(inventory.KindPod).Errors[sourcestate.ReasonUnreachable] > 0 })
	assert.Contains(t, s.state(inventory.KindPod).LastError, "certificate")
}
