// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// transport answers without a network, so that time can be a test's own.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func answering(status int, body []byte) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// newWriter is one whose endpoint is t.
func newWriter(t *testing.T, at transport, change func(*Settings)) *Writer {
	t.Helper()
	s := settings(t)
	s.URL, s.Client, s.Timeout = "http://model/chat/completions", &http.Client{Transport: at}, time.Minute
	if change != nil {
		change(&s)
	}
	return NewWriter(s)
}

// told collects what becomes of jobs.
type told struct {
	mu        sync.Mutex
	summaries map[string]*Summary
	dropped   map[string]int
	refuses   bool
}

func newTold() *told { return &told{summaries: map[string]*Summary{}, dropped: map[string]int{}} }

func (d *told) job(incident string, steps int) *Job {
	return &Job{
		Incident: incident, Facts: someFacts(steps),
		Written: func(s *Summary) bool {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.summaries[incident] = s
			return !d.refuses
		},
		Dropped: func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.dropped[incident]++
		},
	}
}

// nonzero are the outcomes and drops that there were.
func nonzero(s Stats) map[string]int64 {
	all := map[string]int64{}
	for at, n := range s.Requests {
		if n > 0 {
			all[Outcome(at).String()] = n
		}
	}
	for at, n := range s.Dropped {
		if n > 0 {
			all["dropped "+Drop(at).String()] = n
		}
	}
	return all
}

func TestWriter_retries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		began := time.Now()
		var changes []string
		w := newWriter(t, func(*http.Request) (*http.Response, error) {
			if at = append(at, time.Since(began)); len(at) < 3 {
				return answering(500, nil)
			}
			return answering(200, completion(t, goodAnswer))
		}, func(s *Settings) {
			s.Changed = func(o Outcome, err error) { changes = append(changes, fmt.Sprint(o, " ", err)) }
		})
		w.Start()
		d := newTold()
		w.Offer(d.job("a", 2))
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, []time.Duration{0, 10 * time.Second, 30 * time.Second}, at)
		assert.Equal(t, Malicious, d.summaries["a"].Verdict)
		assert.Equal(t, map[string]int64{"failed": 2, "written": 1}, nonzero(w.Stats()))
		assert.Equal(t, []string{"failed the endpoint answers 500 Internal Server Error", "written <nil>"}, changes)
		assert.Equal(t, Tokens{Reported: 700}, w.Stats().RequestTokens)
		assert.Equal(t, Tokens{Reported: 50}, w.Stats().AnswerTokens)
		w.Close()
	})
}

func TestWriter_givesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }, nil)
		w.Start()
		d := newTold()
		w.Offer(d.job("a", 2))
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, map[string]int64{"unreachable": 3, "dropped attempts": 1}, nonzero(w.Stats()))
		assert.Equal(t, map[string]int{"a": 1}, d.dropped)
		assert.Zero(t, w.Stats().RequestTokens, "nothing was sent")
		w.Close()
	})
}

// What a model writes is no better the next time.
func TestWriter_asksNotAgainForABadAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, func(*http.Request) (*http.Response, error) { return answering(200, completion(t, "benign")) }, nil)
		w.Start()
		d := newTold()
		w.Offer(d.job("a", 2))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		assert.Equal(t, map[string]int64{"wrong_schema": 1}, nonzero(w.Stats()))
		assert.Empty(t, d.dropped)
		assert.Empty(t, d.summaries)
		w.Close()
	})
}

func TestWriter_limits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, func(*http.Request) (*http.Response, error) { return answering(200, completion(t, goodAnswer)) }, func(s *Settings) {
			s.RequestsPerHourMax = 3
		})
		w.Start()
		d := newTold()
		for n := range 5 {
			w.Offer(d.job(fmt.Sprint(n), 2))
		}
		time.Sleep(50 * time.Minute)
		synctest.Wait()
		assert.Equal(t, map[string]int64{"written": 3}, nonzero(w.Stats()))
		assert.Equal(t, int64(2), w.Stats().Waiting)
		// They have waited for an hour when there would be room again.
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		assert.Equal(t, map[string]int64{"written": 3, "dropped too_old": 2}, nonzero(w.Stats()))
		w.Offer(d.job("later", 2))
		synctest.Wait()
		assert.NotNil(t, d.summaries["later"])
		w.Close()
	})
}

// Without figures of the endpoint tokens are estimated, and hold the next request up.
func TestWriter_tokensAreEstimated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := []byte(`{"choices":[{"message":{"content":"{}"}}]}`)
		w := newWriter(t, func(*http.Request) (*http.Response, error) { return answering(200, body) }, func(s *Settings) {
			s.TokensPerDayMax = 3000
		})
		w.Start()
		d := newTold()
		for n := range 4 {
			w.Offer(d.job(fmt.Sprint(n), 2))
		}
		synctest.Wait()
		stats := w.Stats()
		assert.Positive(t, stats.Waiting)
		assert.Equal(t, stats.Requests[WrongSchema]*tokens(len(body)), stats.AnswerTokens.Estimated)
		assert.Greater(t, stats.RequestTokens.Estimated, stats.Requests[WrongSchema]*700)
		assert.LessOrEqual(t, stats.RequestTokens.Estimated+stats.AnswerTokens.Estimated, int64(3000))
		w.Close()
		assert.Equal(t, stats.Waiting, w.Stats().Dropped[Ended])
	})
}

// A later state of an incident takes the place of one that waits; beyond the bound the oldest is dropped. Nobody ever waits for the endpoint.
func TestWriter_queue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		w := newWriter(t, func(r *http.Request) (*http.Response, error) {
			select {
			case <-release:
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
			return answering(200, completion(t, goodAnswer))
		}, nil)
		w.Start()
		d := newTold()
		w.Offer(d.job("first", 2))
		synctest.Wait()
		first := d.job("again", 2)
		w.Offer(first)
		w.Offer(d.job("again", 3))
		for n := range queueJobsMax {
			w.Offer(d.job(fmt.Sprint(n), 2))
		}
		assert.Equal(t, int64(queueJobsMax), w.Stats().Waiting)
		assert.Equal(t, map[string]int64{"dropped queue_full": 1}, nonzero(w.Stats()))
		assert.Equal(t, map[string]int{"again": 1}, d.dropped)
		close(release)
		synctest.Wait()
		assert.Len(t, d.summaries, 1+queueJobsMax)
		w.Close()
	})
}

func TestWriter_outdated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, func(*http.Request) (*http.Response, error) { return answering(200, completion(t, goodAnswer)) }, nil)
		w.Start()
		d := newTold()
		d.refuses = true
		w.Offer(d.job("a", 2))
		synctest.Wait()
		assert.Equal(t, map[string]int64{"outdated": 1}, nonzero(w.Stats()))
		w.Close()
	})
}

func TestWriter_noRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, nil, func(s *Settings) { s.RequestTokensMax = 100 })
		w.Start()
		d := newTold()
		w.Offer(d.job("a", 2))
		synctest.Wait()
		assert.Equal(t, map[string]int64{"dropped no_room": 1}, nonzero(w.Stats()))
		w.Close()
	})
}

// The least that can be configured has room for a step, whatever somebody writes into names.
func TestRequestTokensMin(t *testing.T) {
	s := settings(t)
	s.RequestTokensMax, s.Language = RequestTokensMin, strings.Repeat("x", 64)
	long := Text(strings.Repeat("[", factBytesMax)) // each is written as six
	facts := someFacts(50)
	facts.Workload = long
	facts.Rules = append(facts.Rules, Rule{Title: long, Techniques: []Text{long}})
	for at := range facts.Steps {
		step := &facts.Steps[at]
		step.Object, step.Executable, step.Why = long, long, long
	}
	encoded, steps, err := document(facts, s.Redactor, s.documentBytesMax())
	require.NoError(t, err)
	assert.Len(t, steps, 1)
	body, err := s.request(encoded)
	require.NoError(t, err)
	assert.Less(t, tokens(len(body)), int64(2*RequestTokensMin), "each backslash is written twice there")
}

func TestLifecycle(t *testing.T) {
	withoutStart := newWriter(t, nil, nil)
	d := newTold()
	withoutStart.Offer(d.job("a", 2))
	withoutStart.Close()
	withoutStart.Close()
	assert.Equal(t, map[string]int64{"dropped ended": 1}, nonzero(withoutStart.Stats()))
	started := newWriter(t, nil, nil)
	started.Start()
	started.Close()
	started.Close()
	started.Offer(d.job("b", 2))
	assert.Equal(t, map[string]int{"a": 1, "b": 1}, d.dropped)
}
