// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// someFacts are those of an incident with so many steps.
func someFacts(steps int) *Facts {
	f := &Facts{Workload: "shop/deployment/web/app", Severity: "error", Score: 31.5, Confidence: 1, Profile: "watching", Rules: []Rule{}, Events: 9}
	for n := range steps {
		f.Steps = append(f.Steps, Step{
			Number: n + 1, Action: "exec", Object: Text(fmt.Sprintf("/bin/program%d", n)), Process: 1 + n, Weight: float64(1 + n%7), Count: 1,
		})
	}
	return f
}

func redactor(t testing.TB, secrets bool, patterns ...string) *Redactor {
	t.Helper()
	r, err := NewRedactor(secrets, patterns)
	require.NoError(t, err)
	return r
}

// goodAnswer is what a model says that does as it is told.
const goodAnswer = `{"summary":"A shell was started by the web server.","verdict":"malicious","reasons":[{"text":"Web servers start no shells.","steps":[1,2]}]}`

// completion is the response of an endpoint with what a model says.
func completion(t testing.TB, content string) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"id": "1", "object": "chat.completion",
		"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": content}}},
		"usage":   map[string]any{"prompt_tokens": 700, "completion_tokens": 50, "total_tokens": 750},
	})
	require.NoError(t, err)
	return body
}

// settings are complete but for whom to ask.
func settings(t testing.TB) Settings {
	t.Helper()
	return Settings{
		Model: "a-model", Language: "English", Format: FormatSchema, Redactor: redactor(t, true), RequestsPerHourMax: 100, TokensPerDayMax: 1_000_000,
		RequestTokensMax: RequestTokensMin, AnswerTokensMax: 500,
	}
}
