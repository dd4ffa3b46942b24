// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiservertest"
)

// TestRecording_saysTheSameAgain records what a source and an API server say to each other, and plays that to another
// source.
func TestRecording_saysTheSameAgain(t *testing.T) {
	for file, test := range map[string]struct {
		lastUID string
		// watches are those that go on at the end.
		watches int
	}{"stream": {"u-j", 1}, "pages": {"u-f2", 4}, "expired": {"u-e", 1}} {
		cluster := file == "pages"
		t.Run(file, func(t *testing.T) {
			player := apiservertest.PlayFile(t, "testdata/"+file+".txt")
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			recorder := apiservertest.Record(t, player.URL(), transport)
			for _, gate := range []string{"changes", "finish", "expire"} {
				player.Open(gate)
			}
			first := begin(t, testSettings(t, recorder.URL(), cluster), testInventory())
			first.await("complete", first.into.Completed)
			first.await("the last pod", func() bool { return first.into.PodByUID(test.lastUID) != nil })
			first.await("watches", func() bool { return strings.Count(recorder.Conversation(), "! hold") >= test.watches })
			require.NoError(t, first.source.Shutdown(t.Context()))
			conversation := recorder.Conversation()
			assert.NotContains(t, conversation, testToken)

			again := apiservertest.Play(t, conversation)
			second := begin(t, testSettings(t, again.URL(), cluster), testInventory())
			second.await("the same", func() bool {
				return assert.ObjectsAreEqual(first.into.Stats(), second.into.Stats())
			})
			assert.Empty(t, again.Unknown())
		})
	}
}
