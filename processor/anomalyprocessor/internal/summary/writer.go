// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"context"
	"sync/atomic"
	"time"
)

// Writer gets summaries written, one after another.
type Writer struct {
	settings Settings
	queue    queue
	wake     chan struct{}
	began    time.Time

	// budget and last belong to the worker.
	budget *budget
	last   Outcome

	requests [Outcomes]atomic.Int64
	dropped  [Drops]atomic.Int64
	// tokens are those of requests and of answers, each as reported and estimated.
	tokens [2][2]atomic.Int64

	stop context.CancelFunc
	done chan struct{}
}

// Stats counts what a writer has done.
type Stats struct {
	Requests [Outcomes]int64
	Dropped  [Drops]int64
	// RequestTokens and AnswerTokens are what requests and answers took.
	RequestTokens, AnswerTokens Tokens
	// Waiting is how many incidents wait at present.
	Waiting int64
}

// Tokens are counted by the endpoint, or estimated.
type Tokens struct{ Reported, Estimated int64 }

// NewWriter returns a writer that does nothing before it is started.
func NewWriter(s Settings) *Writer {
	return &Writer{
		settings: s, wake: make(chan struct{}, 1), began: time.Now(), budget: newBudget(s.RequestsPerHourMax, s.TokensPerDayMax),
	}
}

// Start starts the worker.
func (w *Writer) Start() {
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.done = stop, make(chan struct{})
	go w.run(ctx)
}

// Close ends a request that is under way, and drops what waits. It may be called without Start, and again.
func (w *Writer) Close() {
	jobs := w.queue.close()
	if w.stop != nil {
		w.stop()
		<-w.done
	}
	for _, j := range jobs {
		w.drop(j, Ended)
	}
}

// Offer lets an incident wait for its summary. It never blocks.
func (w *Writer) Offer(j *Job) {
	j.since = w.now()
	if dropped, why := w.queue.add(j); dropped != nil {
		w.drop(dropped, why)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Stats returns the counts so far.
func (w *Writer) Stats() Stats {
	var s Stats
	for at := range w.requests {
		s.Requests[at] = w.requests[at].Load()
	}
	for at := range w.dropped {
		s.Dropped[at] = w.dropped[at].Load()
	}
	s.RequestTokens = Tokens{w.tokens[0][0].Load(), w.tokens[0][1].Load()}
	s.AnswerTokens = Tokens{w.tokens[1][0].Load(), w.tokens[1][1].Load()}
	s.Waiting = int64(w.queue.len())
	return s
}

// now is the time since the writer was made. Nobody sets it.
func (w *Writer) now() time.Duration { return time.Since(w.began) }

func (w *Writer) drop(j *Job, why Drop) {
	w.dropped[why].Add(1)
	j.Dropped()
}

// run works until it is stopped.
func (w *Writer) run(ctx context.Context) {
	defer close(w.done)
	for ctx.Err() == nil {
		j := w.queue.front()
		if j == nil {
			select {
			case <-ctx.Done():
			case <-w.wake:
			}
			continue
		}
		wait, ok := w.prepare(j)
		switch {
		case !ok:
		case wait > 0:
			pause(ctx, wait)
		case w.queue.remove(j):
			w.ask(ctx, j)
		}
	}
}

// pause waits. What is offered meanwhile waits too.
func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// prepare makes the request of a job, and returns for how long it must not be sent yet. A job that can't be sent is dropped.
func (w *Writer) prepare(j *Job) (wait time.Duration, ok bool) {
	now := w.now()
	why := TooOld
	left := j.since + jobAgeMax - now
	if left > 0 && j.body == nil {
		why = NoRoom
		left = 0
		if facts, steps, err := document(j.Facts, w.settings.Redactor, w.settings.documentBytesMax()); err == nil {
			if j.body, err = w.settings.request(facts); err == nil {
				j.steps, left = steps, j.since+jobAgeMax-now
			}
		}
	}
	if left <= 0 {
		if w.queue.remove(j) {
			w.drop(j, why)
		}
		return 0, false
	}
	return min(w.budget.wait(now, w.reserve(j)), left), true
}

// reserve is what a request takes at most, as far as that can be known.
func (w *Writer) reserve(j *Job) int64 { return tokens(len(j.body)) + w.settings.AnswerTokensMax }

// ask sends a request about a job, and hands on what comes of it.
func (w *Writer) ask(ctx context.Context, j *Job) {
	began, reserved := w.now(), w.reserve(j)
	w.budget.begin(began, reserved)
	r := w.settings.exchange(ctx, j.body)
	var s *Summary
	var used *usage
	if r.outcome == Written {
		s, used, r.outcome = parse(r.body, j.steps)
	}
	took := w.count(&r, used, len(j.body))
	w.budget.end(began, w.now(), reserved, took, r.outcome, r.retryAfter)
	j.attempts++
	switch {
	case s != nil:
		if !j.Written(s) {
			r.outcome = Outdated
		}
	case r.outcome.again() && j.attempts < attemptsMax:
		if dropped, why := w.queue.again(j); dropped {
			w.drop(j, why)
		}
	case r.outcome.again():
		w.drop(j, Attempts)
	case r.outcome.ofEndpoint() || r.outcome == Cancelled:
		j.Dropped()
	}
	w.requests[r.outcome].Add(1)
	if r.outcome != w.last && w.settings.Changed != nil {
		w.settings.Changed(r.outcome, r.err)
	}
	w.last = r.outcome
}

// count adds up what a request took, as the endpoint says, or else by the length of what was sent and read, and returns it.
func (w *Writer) count(r *reply, used *usage, sentBytes int) int64 {
	counted := 1
	u := usage{}
	switch {
	case used != nil:
		// What the endpoint says may be anything. More than the limit makes no difference.
		counted, u = 0, usage{min(used.Request, w.settings.TokensPerDayMax), min(used.Answer, w.settings.TokensPerDayMax)}
	case r.sent && r.body == nil:
		// Nobody knows how far it came.
		u = usage{tokens(sentBytes), w.settings.AnswerTokensMax}
	case r.sent:
		u = usage{tokens(sentBytes), min(tokens(len(r.body)), w.settings.AnswerTokensMax)}
	}
	w.tokens[0][counted].Add(u.Request)
	w.tokens[1][counted].Add(u.Answer)
	return u.Request + u.Answer
}
