// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// reply is what comes back of a request.
type reply struct {
	body    []byte
	outcome Outcome
	err     error
	// retryAfter is for how long the endpoint does not want to be asked, if it says so.
	retryAfter time.Duration
	// sent tells that the endpoint may have worked on it.
	sent bool
}

// exchange sends a request and reads the response. The outcome is Written if there is a body.
func (s *Settings) exchange(ctx context.Context, body []byte) reply {
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(limited, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return reply{outcome: Unreachable, err: err}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if s.Key != "" {
		r.Header.Set("Authorization", "Bearer "+s.Key)
	}
	// Requests are minutes apart: no connection is kept for the next one.
	r.Close = true
	client := *s.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(r)
	if err != nil {
		outcome := outcomeOf(ctx, err)
		return reply{outcome: outcome, err: err, sent: outcome == TimedOut || outcome == Cancelled}
	}
	defer func() { _ = response.Body.Close() }()
	if outcome := outcomeOfStatus(response.StatusCode); outcome != Written {
		err := fmt.Errorf("the endpoint answers %d %s", response.StatusCode, http.StatusText(response.StatusCode))
		return reply{outcome: outcome, err: err, retryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now())}
	}
	read, err := io.ReadAll(io.LimitReader(response.Body, responseBytesMax+1))
	switch {
	case err != nil:
		return reply{outcome: outcomeOf(ctx, err), err: err, sent: true}
	case len(read) > responseBytesMax:
		return reply{outcome: TooLarge, err: fmt.Errorf("the response is longer than %d bytes", responseBytesMax), sent: true}
	}
	return reply{body: read, outcome: Written, sent: true}
}

func outcomeOf(ctx context.Context, err error) Outcome {
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	switch {
	case ctx.Err() != nil:
		return Cancelled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return TimedOut
	case errors.As(err, &certificate), errors.As(err, &alert):
		return Untrusted
	}
	return Unreachable
}

func outcomeOfStatus(status int) Outcome {
	switch {
	case status == http.StatusOK:
		return Written
	case status >= 300 && status < 400:
		return Redirected
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Unauthorized
	case status == http.StatusTooManyRequests:
		return Throttled
	case status >= 500:
		return Failed
	}
	return Refused
}

// retryAfter reads seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, backoffMax)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), backoffMax)
	}
	return 0
}
