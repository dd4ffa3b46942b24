// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
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

const testToken = "a-secret-token"

// scene is a source that talks to a player.
type scene struct {
	t      *testing.T
	source *Source
	into   *inventory.Inventory
	logs   *observer.ObservedLogs
}

func testSettings(t *testing.T, endpoint string, cluster bool) Settings {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte(testToken), 0o600))
	settings := DefaultSettings()
	settings.Endpoint, settings.TokenFile = endpoint, token
	settings.Cluster, settings.NodeName = cluster, "node-1"
	settings.BackoffMin, settings.BackoffMax = backoffMin, 2*backoffMin
	settings.RequestsPerSecondMax, settings.RequestsBurstMax = 1000, 1000
	return settings
}

func testInventory() *inventory.Inventory {
	return inventory.New(inventory.Limits{
		PodsMax: 1000, ServicesMax: 100, EndpointSlicesMax: 100, NodesMax: 100, BytesMax: 1 << 20, PodRetention: time.Minute,
	})
}

func begin(t *testing.T, settings Settings, into *inventory.Inventory) *scene {
	t.Helper()
	require.NoError(t, settings.Validate())
	converter, err := apiobject.NewConverter(apiobject.Settings{NodeName: settings.NodeName, Cluster: settings.Cluster})
	require.NoError(t, err)
	core, logs := observer.New(zap.DebugLevel)
	s := &scene{t: t, source: New(settings, into, converter, zap.New(core)), into: into, logs: logs}
	require.NoError(t, s.source.Start(t.Context()))
	t.Cleanup(func() {
		require.NoError(t, s.source.Shutdown(context.Background()))
		for _, entry := range logs.All() {
			assert.NotContains(t, fmt.Sprint(entry.Message, entry.ContextMap()), testToken)
		}
	})
	return s
}

func play(t *testing.T, file string, cluster bool) (*apiservertest.Player, *scene) {
	t.Helper()
	player := apiservertest.PlayFile(t, "testdata/"+file+".txt")
	return player, begin(t, testSettings(t, player.URL(), cluster), testInventory())
}

func (s *scene) await(what string, is func() bool) {
	s.t.Helper()
	require.Eventually(s.t, is, time.Minute, 2*time.Millisecond, what)
}

func (s *scene) state(kind string) sourcestate.Kind {
	for _, state := range s.source.State() {
		if state.Kind == kind {
			return state
		}
	}
	s.t.Fatalf("no state of %s", kind)
	return sourcestate.Kind{}
}

func (s *scene) podNamed(container string) string {
	if pod, _ := s.into.PodByContainer(container); pod != nil {
		return pod.Name
	}
	return ""
}

func (s *scene) warnings() []string {
	var reasons []string
	for _, entry := range s.logs.FilterLevelExact(zap.WarnLevel).All() {
		reasons = append(reasons, entry.ContextMap()["kind"].(string)+" "+entry.ContextMap()["reason"].(string))
	}
	return reasons
}

func TestSource_followsPodsOfItsNode(t *testing.T) {
	player, s := play(t, "stream", false)
	s.await("complete", s.into.Completed)
	assert.Equal(t, "web-a", s.podNamed("ca"))
	assert.Equal(t, "web-b", s.podNamed("cb"))
	assert.Equal(t, sourcestate.Watching, s.state(inventory.KindPod).Phase)

	player.Open("changes")
	s.await("bookmark", func() bool { return s.state(inventory.KindPod).Bookmarks == 2 })
	assert.Equal(t, "web-c", s.podNamed("cc"), "a container that came later")
	assert.Equal(t, "job-1", s.podNamed("cj"), "a pod that was gone when it was heard of")
	stats := s.into.Stats()
	assert.Equal(t, 2, stats.PodsRemoved, "web-b and job-1")

	state := s.state(inventory.KindPod)
	assert.True(t, state.Complete)
	assert.EqualValues(t, 6, state.Events)
	assert.EqualValues(t, 1, state.Watches, "one request is all")
	assert.Zero(t, state.Lists+state.Restarts+state.Unusable)
	assert.Empty(t, state.Errors)
	assert.False(t, state.LastHeard.IsZero())
	assert.Empty(t, s.warnings())
	assert.Empty(t, player.Unknown())
	assert.Equal(t, "Bearer "+testToken, player.Requests()[0].Authorization)
}

func TestSource_readsAClusterInPages(t *testing.T) {
	player, s := play(t, "pages", true)
	s.await("complete", s.into.Completed)
	far, _ := s.into.PodAt(netip.MustParseAddr("10.0.1.1"), time.Now())
	require.NotNil(t, far)
	assert.Equal(t, "far-1", far.Name)
	assert.Empty(t, far.Containers, "of a pod of another node")
	assert.Equal(t, "web-a", s.podNamed("ca"))
	assert.Equal(t, "near-done", s.podNamed("cn"), "a finished pod of this node: its last records come")
	assert.Nil(t, s.into.PodByUID("u-d"), "a finished pod of another node")
	assert.Equal(t, "web", s.into.ServiceAt(netip.MustParseAddr("10.96.0.1")).Name)
	assert.Equal(t, "node-1", s.into.NodeAt(netip.MustParseAddr("192.168.0.1")).Name)
	assert.Equal(t, 1, s.into.Stats().EndpointSlices)
	s.await("watching", func() bool { return s.state(inventory.KindPod).Watches == 2 })
	assert.EqualValues(t, 2, s.state(inventory.KindPod).Lists, "two pages")

	// An address goes from a finished pod to another one: each has it in its own time.
	player.Open("finish")
	s.await("far-2", func() bool { return s.into.PodByUID("u-f2") != nil })
	then, _ := s.into.PodAt(netip.MustParseAddr("10.0.1.1"), time.Date(2026, 11, 30, 10, 0, 3, 0, time.UTC))
	require.NotNil(t, s.into.PodByUID("u-f"), "it is kept for a while")
	if then != nil {
		assert.Equal(t, "far-1", then.Name)
	}
	assert.Empty(t, player.Unknown())
	assert.Empty(t, s.warnings(), "an old API server is no trouble")
}
