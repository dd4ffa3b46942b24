// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func whoami(header map[string]string) request {
	return request{Method: "GET", Path: "/v1/whoami", Header: header}
}

func TestTokens_roles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("  token-from-a-file \n"), 0o644))
	l := startLive(t, func(c *Config) {
		withTokens(c)
		c.Tokens = append(c.Tokens, TokenConfig{Name: "from a file", Role: RoleOperator, TokenFile: file})
	}, nil)
	c := l.client()
	for token, want := range map[string]string{
		viewerToken:         `{"name":"grafana","role":"viewer","via":"token","address":"127.0.0.1"}`,
		operatorToken:       `{"name":"deploy","role":"operator","via":"token","address":"127.0.0.1"}`,
		"token-from-a-file": `{"name":"from a file","role":"operator","via":"token","address":"127.0.0.1"}`,
	} {
		assert.JSONEq(t, want, c.send(whoami(bearer(token))).Body)
		assert.JSONEq(t, want, c.send(whoami(map[string]string{"Authorization": "bEARER  " + token})).Body, "schemes have no case")
	}
	for _, authorization := range []string{
		"", "Bearer", "Bearer ", "Basic " + operatorToken, operatorToken, "Bearer " + operatorToken[1:], "Bearer " + operatorToken + " x",
		"Bearer " + strings.ToUpper(operatorToken), "Bearer " + strings.Repeat("a", credentialBytesMax),
	} {
		l.callers.attempts.forget()
		a := c.send(whoami(map[string]string{"Authorization": authorization}))
		assert.Equal(t, http.StatusUnauthorized, a.Status, authorization)
		assert.NotContains(t, a.Body, operatorToken)
	}
	assert.Equal(t, http.StatusUnauthorized, c.send(request{Method: "GET", Path: "/v1/whoami?token=" + operatorToken}).Status)
}

func TestTokens_nothingIsKeptButHashes(t *testing.T) {
	l := startLive(t, withTokens, nil)
	for _, entry := range l.log.All() {
		for _, value := range entry.ContextMap() {
			assert.NotContains(t, value, operatorToken)
		}
	}
	for _, known := range l.callers.tokens {
		assert.NotContains(t, string(known.hash[:]), operatorToken)
	}
}

func TestTokens_refused(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	for name, c := range map[string]struct {
		tokens []TokenConfig
		wrong  string
	}{
		"missing": {[]TokenConfig{{Name: "a", TokenFile: filepath.Join(folder, "gone")}}, `read the token "a": open `},
		"empty":   {[]TokenConfig{{Name: "a", TokenFile: write("empty", "\n")}}, "0 bytes are not from 16 to 4096"},
		"long":    {[]TokenConfig{{Name: "a", TokenFile: write("long", strings.Repeat("a", 5000))}}, "4097 bytes are not from 16 to 4096"},
		"two":     {[]TokenConfig{{Name: "a", TokenFile: write("two", "0123456789abcdef\n0123456789abcdef\n")}}, "characters that can't be sent"},
		"folder":  {[]TokenConfig{{Name: "a", TokenFile: folder}}, "is not a regular file"},
		"same":    {[]TokenConfig{{Name: "a", TokenFile: write("same", viewerToken)}, {Name: "b", Token: viewerToken}}, `tokens "a" and "b" are the same`},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t, func(config *Config) {
				onTCP(config)
				for _, token := range c.tokens {
					token.Role = RoleViewer
					config.Tokens = append(config.Tokens, token)
				}
			})
			require.ErrorContains(t, l.Start(t.Context(), host{}), c.wrong)
		})
	}
}

func TestGeneratedToken(t *testing.T) {
	l := startLive(t, onTCP, nil)
	file := l.config.GeneratedTokenFile
	_, _, mode := owner(t, file)
	assert.Equal(t, fs.FileMode(0o600), mode)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	token := strings.TrimSpace(string(content))
	assert.Len(t, token, 2*tokenRandomBytes)
	assert.JSONEq(t, `{"name":"generated token","role":"operator","via":"token","address":"127.0.0.1"}`, l.client().send(whoami(bearer(token))).Body)
	assert.Equal(t, http.StatusUnauthorized, l.client().send(whoami(nil)).Status)
	made := l.log.FilterField(zap.String("token", token)).All()
	require.Len(t, made, 1, "it is printed when it is made")
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left over")

	again := startLive(t, func(c *Config) { onTCP(c); c.GeneratedTokenFile = file }, nil)
	assert.Equal(t, http.StatusOK, again.client().send(whoami(bearer(token))).Status, "it is the same after a restart")
	for _, entry := range again.log.All() {
		for _, value := range entry.ContextMap() {
			assert.NotContains(t, value, token, "and not printed again")
		}
	}
	other := startLive(t, onTCP, nil)
	assert.Equal(t, http.StatusUnauthorized, other.client().send(whoami(bearer(token))).Status, "each has its own")
}

func TestGeneratedToken_notWithOtherCredentials(t *testing.T) {
	l := startLive(t, withTokens, nil)
	assert.NoFileExists(t, l.config.GeneratedTokenFile)
	unix := startLive(t, func(*Config) {}, nil)
	assert.NoFileExists(t, unix.config.GeneratedTokenFile)
}

// A file that others could know or change is not believed.
func TestGeneratedToken_refused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, file string)
		wrong   string
	}{
		"readable by others": {func(t *testing.T, file string) {
			t.Helper()
			require.NoError(t, os.WriteFile(file, []byte(operatorToken), 0o644))
		}, "can be read or written by others (mode 0644): remove it"},
		"of another user": {func(t *testing.T, file string) {
			t.Helper()
			require.NoError(t, os.WriteFile(file, []byte(operatorToken), 0o600))
			require.NoError(t, os.Chown(file, strangerUID, strangerGID))
		}, "belongs to user 54321, who may know what is in it"},
		"link": {func(t *testing.T, file string) {
			t.Helper()
			require.NoError(t, os.WriteFile(file+".other", []byte(operatorToken), 0o600))
			require.NoError(t, os.Symlink(file+".other", file))
		}, syscall.ELOOP.Error()},
		"pipe": {func(t *testing.T, file string) {
			t.Helper()
			require.NoError(t, syscall.Mkfifo(file, 0o600))
		}, "is not a regular file"},
		"short": {func(t *testing.T, file string) {
			t.Helper()
			require.NoError(t, os.WriteFile(file, []byte("abc"), 0o600))
		}, "3 bytes are not from 16 to 4096"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t, onTCP)
			require.NoError(t, os.Mkdir(filepath.Dir(l.config.GeneratedTokenFile), 0o755))
			c.prepare(t, l.config.GeneratedTokenFile)
			require.ErrorContains(t, l.Start(t.Context(), host{}), "use the generated token: ")
			require.ErrorContains(t, l.Start(t.Context(), host{}), c.wrong)
		})
	}
}

// Collectors that start at the same moment agree on one token.
func TestGeneratedToken_madeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "token")
	type result struct {
		token string
		isNew bool
		err   error
	}
	results := make(chan result)
	for range 8 {
		go func() {
			token, isNew, err := generatedToken(file)
			results <- result{token, isNew, err}
		}()
	}
	made, all := 0, map[string]bool{}
	for range 8 {
		r := <-results
		require.NoError(t, r.err)
		all[r.token] = true
		if r.isNew {
			made++
		}
	}
	assert.Len(t, all, 1)
	assert.Equal(t, 1, made)
}

// Who sends wrong credentials again and again is not listened to for a while.
func TestAttempts_ofAnAddress(t *testing.T) {
	l := startLive(t, withTokens, nil)
	d, c := l.document(), l.client()
	for range attemptsBurstMax {
		require.Equal(t, http.StatusUnauthorized, c.send(whoami(bearer("wrong-0123456789"))).Status)
	}
	r := whoami(bearer(operatorToken))
	a := c.send(r)
	l.check(d, r, a)
	assert.Equal(t, http.StatusTooManyRequests, a.Status, "even with the right ones: who guesses must not learn when they are")
	assert.Regexp(t, `^[1-5]$`, a.Header.Get("Retry-After"))
	assert.EqualValues(t, attemptsBurstMax, l.count("otelcol.control_api.requests.refused", attribute.String(names.Reason, codeUnauthenticated)))
	assert.EqualValues(t, 1, l.count("otelcol.control_api.requests.refused", attribute.String(names.Reason, codeTooManyAttempts)))
	assert.Equal(t, attemptsBurstMax, l.log.FilterMessage("Somebody sent wrong credentials to the control API").Len())
	l.callers.attempts.forget()
	assert.Equal(t, http.StatusOK, c.send(r).Status)
	for range 2 * attemptsBurstMax {
		assert.Equal(t, http.StatusUnauthorized, c.send(whoami(nil)).Status, "who sends none has not guessed")
	}
}
