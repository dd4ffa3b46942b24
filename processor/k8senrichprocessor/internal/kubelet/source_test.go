// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiservertest"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

func testInventory() *inventory.Inventory {
	return inventory.New(inventory.Limits{PodsMax: 100, BytesMax: 1 << 20, PodRetention: time.Minute})
}

func testSettings(endpoint string) Settings {
	settings := DefaultSettings()
	settings.Endpoint, settings.TokenFile = endpoint, ""
	settings.Interval, settings.Timeout, settings.AnswerBytesMax = intervalMin, 300*time.Millisecond, 64<<10
	return settings
}

func begin(t *testing.T, settings Settings) (*Source, *observer.ObservedLogs) {
	t.Helper()
	require.NoError(t, settings.Validate())
	converter, err := apiobject.NewConverter(apiobject.Settings{})
	require.NoError(t, err)
	core, logs := observer.New(zap.DebugLevel)
	s := New(settings, testInventory(), converter, zap.New(core))
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	return s, logs
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, time.Minute, 2*time.Millisecond, what)
}

func reasons(logs *observer.ObservedLogs) []string {
	var all []string
	for _, entry := range logs.FilterLevelExact(zap.WarnLevel).All() {
		all = append(all, entry.ContextMap()["reason"].(string))
	}
	return all
}

func TestSource_followsThePods(t *testing.T) {
	player := apiservertest.PlayFile(t, "testdata/pods.txt")
	settings := testSettings(player.URL())
	settings.TokenFile = filepath.Join(t.TempDir(), "never read, since it is not sent without TLS")
	s, logs := begin(t, settings)
	await(t, "complete", s.into.Completed)
	await(t, "second", func() bool { return s.into.PodByUID("u-b") != nil })
	pod, _ := s.into.PodByContainer("ca")
	require.NotNil(t, pod, "it is gone, and known for a while")
	assert.Equal(t, 1, s.into.Stats().PodsRemoved)
	state := s.State()[0]
	assert.Equal(t, sourcestate.Watching, state.Phase)
	assert.NotZero(t, state.Unusable)
	assert.False(t, state.LastHeard.IsZero())
	assert.Empty(t, reasons(logs))
	for _, request := range player.Requests() {
		assert.Equal(t, "GET /pods", request.Method+" "+request.Path, "the right in testdata/rbac-kubelet.yaml is for this")
		assert.Empty(t, request.Authorization)
	}
}

func TestSource_survivesBadAnswers(t *testing.T) {
	player := apiservertest.PlayFile(t, "testdata/trouble.txt")
	s, logs := begin(t, testSettings(player.URL()))
	await(t, "complete", s.into.Completed)
	player.AwaitPlayed()
	assert.Equal(t, []string{
		"forbidden", "unauthorized", "not_found", "too_many_requests", "server", "unreadable", "too_large", "cut", "timeout", "other",
	}, reasons(logs), "each said once")
	await(t, "well", func() bool { return s.State()[0].LastError == "" })
	assert.Equal(t, 1, logs.FilterMessage("The kubelet tells of its pods again").Len())
}

func TestSource_survivesARestart(t *testing.T) {
	player := apiservertest.Play(t, "> always GET /pods\n< 200\n"+`{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a","uid":"u"}}]}`)
	s, logs := begin(t, testSettings(player.URL()))
	await(t, "complete", s.into.Completed)
	player.Down()
	await(t, "refused", func() bool { return s.State()[0].Errors[sourcestate.ReasonUnreachable] > 2 })
	assert.NotNil(t, s.into.PodByUID("u"), "what is known stays")
	player.Up()
	await(t, "watching", func() bool { return s.State()[0].Phase == sourcestate.Watching })
	assert.Contains(t, reasons(logs), "unreachable")
}

func TestSource_provesWhoItIs(t *testing.T) {
	authorization := make(chan string, 100)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case authorization <- r.Header.Get("Authorization"):
		default:
		}
		_, _ = w.Write([]byte(`{"kind":"PodList","apiVersion":"v1","items":[]}`))
	}))
	defer server.Close()
	folder := t.TempDir()
	token, ca := filepath.Join(folder, "token"), filepath.Join(folder, "ca.crt")
	require.NoError(t, os.WriteFile(token, []byte("first\n"), 0o600))
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))

	settings := testSettings(server.URL)
	settings.TokenFile, settings.CAFile = token, ca
	s, logs := begin(t, settings)
	assert.Equal(t, "Bearer first", <-authorization)
	require.NoError(t, os.WriteFile(token, []byte("second"), 0o600))
	await(t, "new token", func() bool { return <-authorization == "Bearer second" })
	await(t, "complete", s.into.Completed)

	// One whose certificate nobody signed gets no token.
	settings.CAFile = ""
	other, otherLogs := begin(t, settings)
	await(t, "refused", func() bool { return other.State()[0].Errors[sourcestate.ReasonUnreachable] > 0 })
	settings.InsecureSkipVerify = true
	insecure, _ := begin(t, settings)
	await(t, "complete", insecure.into.Completed)
	for _, entry := range append(logs.All(), otherLogs.All()...) {
		assert.NotContains(t, entry.Message+entry.ContextMap()["error"].(string), "second")
	}
}

func TestSource_ends(t *testing.T) {
	player := apiservertest.Play(t, "> always GET /pods\n< 200\n! silence")
	settings := testSettings(player.URL())
	settings.Timeout = time.Hour
	s, _ := begin(t, settings)
	await(t, "asked", func() bool { return len(player.Requests()) > 0 })
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, s.Shutdown(t.Context()), "twice")
	require.NoError(t, New(settings, nil, nil, nil).Shutdown(t.Context()), "without a start")
}

func TestSettings(t *testing.T) {
	settings := DefaultSettings()
	require.NoError(t, settings.Validate())
	settings.Endpoint, settings.Interval = "http://10.0.0.1:10255", 0
	err := settings.Validate()
	require.ErrorContains(t, err, "interval is 0s")
	settings.Endpoint, settings.InsecureSkipVerify, settings.CAFile = "10.0.0.1:10250", true, "/ca"
	err = settings.Validate()
	require.ErrorContains(t, err, "it must be a URL")
	require.ErrorContains(t, err, "remove one")

	settings = DefaultSettings()
	settings.TokenFile = filepath.Join(t.TempDir(), "none")
	require.ErrorContains(t, New(settings, nil, nil, zap.NewNop()).Start(t.Context()), "read token_file")
	require.NoError(t, os.WriteFile(settings.TokenFile, []byte(strings.Repeat(" ", 10)), 0o600))
	require.ErrorContains(t, New(settings, nil, nil, zap.NewNop()).Start(t.Context()), "is empty")
}
