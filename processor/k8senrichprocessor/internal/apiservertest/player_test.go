// SPDX-License-Identifier: Apache-2.0

package apiservertest

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(t *testing.T, url string) (int, string, error) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func TestPlayer(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	player := Play(t, `
# The first that fits is played, once.
> GET /a?x=1&y=*&z=!
< 201
${pad:3}
y
> GET /a
< 200
second
! cut
> always GET /b
< 200
b
`)
	status, body, err := get(t, player.URL()+"/a?x=1&y=&more=1")
	require.NoError(t, err)
	assert.Equal(t, 201, status)
	assert.Equal(t, "xxx\ny\n", body)
	assert.Equal(t, 1, player.Left())
	_, body, err = get(t, player.URL()+"/a?x=1&y=1&z=1")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "second\n", body)
	for range 2 {
		_, body, err = get(t, player.URL()+"/b")
		require.NoError(t, err)
		assert.Equal(t, "b\n", body)
	}
	player.Down()
	_, _, err = get(t, player.URL()+"/b")
	require.Error(t, err)
	player.Up()
	status, _, err = get(t, player.URL()+"/c")
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotImplemented, status)
	assert.Equal(t, []string{"GET /c?"}, player.Unknown())
	player.AwaitPlayed()
}

func TestParse_saysWhereItIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"{}":                     "line 1: an answer without a request",
		"> GET /a\n< many":       `line 2: "many" is no status`,
		"> GET /a\n<":            "line 2: no status",
		"> GET":                  `line 1: "GET" is no method and path`,
		"> GET http://[::1\n< 1": "line 1:",
	} {
		_, err := parse(text)
		assert.ErrorContains(t, err, want)
	}
}
