// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiservertest"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

func TestSource_apiServerStartedAgain(t *testing.T) {
	player, s := play(t, "started-again", false)
	s.await("complete", s.into.Completed)
	player.Open("restart")
	s.await("the pod", func() bool { return s.into.PodByUID("u-a") != nil })
	s.await("the last watch", func() bool { return player.Left() == 0 })
	assert.Empty(t, player.Unknown())
}

func TestSource_survivesARestart(t *testing.T) {
	player, s := play(t, "restart", false)
	s.await("complete", s.into.Completed)
	player.Down()
	s.await("disconnected", func() bool { return s.state(inventory.KindPod).Phase == sourcestate.Disconnected })
	assert.Equal(t, "web-a", s.podNamed("ca"), "what is known stays")
	s.await("refused", func() bool { return s.state(inventory.KindPod).Errors[sourcestate.ReasonUnreachable] >= 3 })
	player.Up()
	s.await("web-d", func() bool { return s.podNamed("cd") == "web-d" })
	state := s.state(inventory.KindPod)
	assert.Equal(t, sourcestate.Watching, state.Phase)
	assert.Empty(t, state.LastError)
	assert.Equal(t, 1, s.into.Stats().PodsRemoved, "web-a went in between")
	assert.Equal(t, []string{"pod unreachable"}, s.warnings(), "said once")
	assert.Equal(t, 1, s.logs.FilterMessage("The API server tells of objects again").Len())
}

func TestSource_listsAgainWhenAWatchIsTooOld(t *testing.T) {
	player, s := play(t, "expired", false)
	s.await("complete", s.into.Completed)
	player.Open("expire")
	s.await("web-e", func() bool { return s.podNamed("ce") == "web-e" })
	player.AwaitPlayed()
	state := s.state(inventory.KindPod)
	assert.EqualValues(t, 2, state.Errors[sourcestate.ReasonExpired])
	assert.NotZero(t, state.Restarts)
	assert.Empty(t, s.warnings(), "this is usual")
	assert.Empty(t, player.Unknown())
}

func TestSource_goesOnWhereAWatchEnded(t *testing.T) {
	player, s := play(t, "rewatch", false)
	s.await("web-d", func() bool { return s.podNamed("cd") == "web-d" })
	assert.Equal(t, "web-a", s.podNamed("ca"))
	state := s.state(inventory.KindPod)
	assert.EqualValues(t, 2, state.Watches)
	assert.Zero(t, state.Restarts+state.Lists)
	assert.Equal(t, sourcestate.Watching, state.Phase)
	assert.Zero(t, s.into.Stats().PodsRemoved)
	assert.Empty(t, s.warnings())
	assert.Empty(t, player.Unknown())
}

func TestSource_followsAClusterThatWasSetBack(t *testing.T) {
	player, s := play(t, "restored", false)
	s.await("complete", s.into.Completed)
	player.Open("restore")
	s.await("web-d", func() bool { return s.podNamed("cd") == "web-d" })
	assert.Equal(t, 1, s.into.Stats().PodsRemoved)
	assert.Empty(t, player.Unknown())
}

func TestSource_goesOnWithoutRightsForAKind(t *testing.T) {
	player, s := play(t, "forbidden", true)
	s.await("forbidden", func() bool { return s.state(inventory.KindNode).Errors[sourcestate.ReasonForbidden] == 6 })
	s.await("pods", func() bool { return s.podNamed("ca") == "web-a" })
	s.await("others", func() bool {
		return s.state(inventory.KindEndpointSlice).Complete && s.state(inventory.KindService).Complete
	})
	assert.Equal(t, sourcestate.Forbidden, s.state(inventory.KindNode).Phase)
	assert.False(t, s.into.Completed(), "nodes are missing")
	assert.Equal(t, []string{"node forbidden"}, s.warnings(), "said once")
	player.Open("grant")
	s.await("complete", s.into.Completed)
	assert.Equal(t, sourcestate.Watching, s.state(inventory.KindNode).Phase)
}

func TestSource_survivesBadAnswers(t *testing.T) {
	player := apiservertest.PlayFile(t, "testdata/trouble.txt")
	settings := testSettings(t, player.URL(), false)
	settings.ListTimeout = 300 * time.Millisecond
	s := begin(t, settings, testInventory())
	s.await("complete", s.into.Completed)
	assert.Equal(t, "web-a", s.podNamed("ca"))
	assert.Empty(t, player.Unknown())
	player.AwaitPlayed()
	state := s.state(inventory.KindPod)
	assert.EqualValues(t, 1, state.Unusable)
	for _, reason := range []sourcestate.Reason{
		sourcestate.ReasonCut, sourcestate.ReasonServer, sourcestate.ReasonUnauthorized, sourcestate.ReasonTimeout,
		sourcestate.ReasonUnreadable,
	} {
		assert.NotZero(t, state.Errors[reason], reason)
	}
	assert.Empty(t, state.LastError)
}

func TestSource_isNotCompleteIfTheInventoryIsFull(t *testing.T) {
	player := apiservertest.PlayFile(t, "testdata/stream.txt")
	s := begin(t, testSettings(t, player.URL(), false), inventory.New(inventory.Limits{PodsMax: 1, BytesMax: 1 << 20}))
	s.await("watching", func() bool { return s.state(inventory.KindPod).Phase == sourcestate.Watching })
	assert.False(t, s.state(inventory.KindPod).Complete)
	assert.False(t, s.into.Completed(), "one pod was refused, so not knowing a pod says nothing")
}

func TestSource_ends(t *testing.T) {
	converter, err := apiobject.NewConverter(apiobject.Settings{})
	require.NoError(t, err)
	for name, conversation := range map[string]string{
		"without an answer":  "> always GET /api/v1/pods\n< 200\n! silence",
		"in a watch":         "> always GET /api/v1/pods?watch=true\n< 200\n! hold",
		"in the midst of it": "> always GET /api/v1/pods\n< 200\n{\"kind\":\n! hold",
		"between tries":      "> always GET /api/v1/pods\n< 503",
		"told to wait":       "> always GET /api/v1/pods\n< 429 Retry-After=300",
	} {
		t.Run(name, func(t *testing.T) {
			player := apiservertest.Play(t, conversation)
			settings := testSettings(t, player.URL(), false)
			settings.BackoffMin, settings.BackoffMax = time.Hour, time.Hour
			source := New(settings, testInventory(), converter, zap.NewNop())
			require.NoError(t, source.Start(t.Context()))
			require.Eventually(t, func() bool { return len(player.Requests()) > 0 }, time.Minute, time.Millisecond)
			require.NoError(t, source.Shutdown(t.Context()))
			require.NoError(t, source.Shutdown(t.Context()), "twice")
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		player := apiservertest.Play(t, "")
		player.Down()
		settings := testSettings(t, player.URL(), false)
		settings.BackoffMin, settings.BackoffMax = time.Hour, time.Hour
		source := New(settings, testInventory(), converter, zap.NewNop())
		require.NoError(t, source.Start(t.Context()), "it does not wait")
		require.Eventually(t, func() bool {
			return source.State()[0].Phase == sourcestate.Disconnected
		}, time.Minute, time.Millisecond)
		require.NoError(t, source.Shutdown(t.Context()))
	})
	t.Run("without a start", func(t *testing.T) {
		source := New(testSettings(t, "http://127.0.0.1:1", false), testInventory(), converter, zap.NewNop())
		require.NoError(t, source.Shutdown(context.Background()))
	})
}

func TestSource_doesNotFollowRedirects(t *testing.T) {
	thief := apiservertest.Play(t, "")
	player := apiservertest.Play(t, "> always GET /api/v1/pods\n< 302 Location="+thief.URL()+"/api/v1/pods")
	s := begin(t, testSettings(t, player.URL(), false), testInventory())
	s.await("asked", func() bool { return len(player.Requests()) > 2 })
	assert.Empty(t, thief.Requests(), "it would get the token")
}

func TestBoundedBody(t *testing.T) {
	body := &boundedBody{http.NoBody, 0}
	_, err := body.Read(make([]byte, 1))
	require.ErrorIs(t, err, errTooLarge)
	assert.Equal(t, sourcestate.ReasonTooLarge, reasonOf(err))
}
