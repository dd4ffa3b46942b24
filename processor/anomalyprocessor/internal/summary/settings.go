// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"net/http"
	"time"
)

// Settings say whom to ask, how, and how much at most. They are taken to be valid.
type Settings struct {
	// URL is where requests are sent to, Client how. Redirects are never followed, whatever the client does.
	URL    string
	Client *http.Client
	// Key is sent as a bearer token, unless it is empty.
	Key   string
	Model string
	// Language is that of the texts, as a model is told it.
	Language string
	Format   Format
	// CompletionTokensKey tells to limit the answer by max_completion_tokens instead of max_tokens.
	CompletionTokensKey bool
	Redactor            *Redactor

	// Timeout is for a request and its response.
	Timeout            time.Duration
	RequestsPerHourMax int64
	TokensPerDayMax    int64
	// RequestTokensMax bounds a request, by an estimate from its length. AnswerTokensMax is what the model is told to use at most.
	RequestTokensMax, AnswerTokensMax int64

	// Changed is told of the outcome of a request if it is another than that of the one before; the error is nil if there is none.
	Changed func(Outcome, error)
}
