// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// processContents has executables read the first time that they are seen. It never makes the stream
// wait: the events of a file that is being read are held here, for at most executableWait.
type processContents struct {
	session  *session
	stream   *stream
	reader   process.ContentReader
	cache    *process.ContentCache
	jobs     chan *decode.ProcessExec
	ended    chan struct{} // closed when the goroutine that reads has
	outcomes *contentOutcomes

	mu      sync.Mutex
	budget  contentBudget
	waiting map[process.FileKey][]heldExec
	bytes   int // of the events that are held
}

// heldExec is an event that waits for the content of its executable.
type heldExec struct {
	event    *decode.ProcessExec
	who      emit.Who
	observed time.Time
}

// contentOutcomes count exec events by what became of the wish to know the content of the executable.
type contentOutcomes struct {
	// inUse is set when executables are read for the first time.
	inUse atomic.Bool

	read, known, late, rate, noRoom, tooLarge, gone, changed, elsewhere, failed atomic.Uint64
}

// each calls do with every count and its name.
func (o *contentOutcomes) each(do func(outcome string, count uint64)) {
	for outcome, count := range map[string]*atomic.Uint64{
		"read": &o.read, "known": &o.known, "late": &o.late, "rate": &o.rate, "no_room": &o.noRoom, "too_large": &o.tooLarge,
		"gone": &o.gone, "changed": &o.changed, "not_local": &o.elsewhere, "failed": &o.failed,
	} {
		do(outcome, count.Load())
	}
}

func newProcessContents(s *session, st *stream) *companion {
	c := st.config.Tracers.Process.ExecutableHash
	if !c.Enabled {
		return nil
	}
	p := &processContents{
		session: s, stream: st, outcomes: s.contents,
		reader:  process.ContentReader{Proc: "/proc", FileBytesMax: c.MaxFileBytes},
		cache:   process.NewContentCache(executableCacheEntriesMax),
		jobs:    make(chan *decode.ProcessExec, executableQueueFilesMax),
		ended:   make(chan struct{}),
		budget:  newContentBudget(c, time.Now()),
		waiting: map[process.FileKey][]heldExec{},
	}
	s.contents.inUse.Store(true)
	return &companion{hold: p.hold, run: p.run, tick: p.tick}
}

// hold adds what is known of the executable, or keeps the event until it is. It runs on the stream's
// goroutine.
func (p *processContents) hold(event decode.Event, who *emit.Who, observed time.Time) bool {
	e, ok := event.(*decode.ProcessExec)
	if !ok {
		return false
	}
	key := process.FileKeyOf(e)
	if who.Content = p.cache.Get(key); who.Content != nil {
		p.outcomes.known.Add(1)
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	held := heldExec{event: e.Clone(), who: *who, observed: observed}
	_, isBeingRead := p.waiting[key]
	switch {
	case p.bytes+held.event.Bytes() > executableHeldBytesMax:
		p.outcomes.noRoom.Add(1)
		return false
	case isBeingRead:
	case !p.budget.take(e.ExecutableSize, time.Now()):
		p.outcomes.rate.Add(1)
		return false
	default:
		select {
		case p.jobs <- held.event:
		default:
			p.outcomes.noRoom.Add(1)
			return false
		}
	}
	p.waiting[key] = append(p.waiting[key], held)
	p.bytes += held.event.Bytes()
	return true
}

// run lets events go that have waited for too long, until ctx ends.
func (p *processContents) run(ctx context.Context) {
	// Not among the goroutines that the session waits for: a disk may hang.
	go p.read(ctx)
	every(ctx, executableWait/4, func() { p.releaseLate(time.Now().Add(-executableWait)) })
}

// read reads one file after another, until ctx ends.
func (p *processContents) read(ctx context.Context) {
	defer close(p.ended)
	for {
		select {
		case e := <-p.jobs:
			content, err := p.reader.Read(e)
			if content != nil {
				p.cache.Put(process.FileKeyOf(e), content)
			}
			p.release(process.FileKeyOf(e), content, p.outcome(content, err))
		case <-ctx.Done():
			return
		}
	}
}

func (p *processContents) outcome(content *process.Content, err error) *atomic.Uint64 {
	switch {
	case err == nil && content.SHA256 == "":
		return &p.outcomes.tooLarge
	case err == nil:
		return &p.outcomes.read
	case errors.Is(err, process.ErrContentGone):
		return &p.outcomes.gone
	case errors.Is(err, process.ErrContentChanged):
		return &p.outcomes.changed
	case errors.Is(err, process.ErrContentElsewhere):
		return &p.outcomes.elsewhere
	}
	p.session.logger.Debug("An executable could not be read", zap.Error(err))
	return &p.outcomes.failed
}

// release sends the events that have waited for a file.
func (p *processContents) release(key process.FileKey, content *process.Content, outcome *atomic.Uint64) {
	p.mu.Lock()
	held := p.waiting[key]
	p.forget(key)
	p.mu.Unlock()
	p.send(held, content, outcome)
}

// releaseLate sends the events that were observed before a moment, as they are.
func (p *processContents) releaseLate(before time.Time) {
	var late []heldExec
	p.mu.Lock()
	for key, held := range p.waiting {
		if held[0].observed.Before(before) {
			late = append(late, held...)
			p.forget(key)
		}
	}
	p.mu.Unlock()
	p.send(late, nil, &p.outcomes.late)
}

// forget is called with mu held.
func (p *processContents) forget(key process.FileKey) {
	for _, held := range p.waiting[key] {
		p.bytes -= held.event.Bytes()
	}
	delete(p.waiting, key)
}

func (p *processContents) send(events []heldExec, content *process.Content, outcome *atomic.Uint64) {
	if len(events) == 0 {
		return
	}
	outcome.Add(uint64(len(events)))
	logs := p.session.newLogs()
	for _, held := range events {
		held.who.Content = content
		logs.Append(held.event, held.who, held.observed, p.stream.emitter)
	}
	b := batch{logs: logs.Take(), ledger: p.stream.ledger}
	b.counts[decode.KindProcessExec] = uint64(len(events))
	p.stream.sender.enqueue(b)
}

// tick ends it: what is held goes out as it is.
func (p *processContents) tick(last bool) {
	if !last {
		return
	}
	p.releaseLate(time.Now().Add(time.Hour))
	select {
	case <-p.ended:
	case <-time.After(executableWait):
		p.session.logger.Warn("An executable is still being read; its file system does not answer")
	}
}

// contentBudget bounds what is read in a second, of files and of bytes, each with a second's worth at once.
type contentBudget struct {
	files, bytes                   float64
	filesPerSecond, bytesPerSecond float64
	filesMax, bytesMax             float64
	fileBytesMax                   uint64
	filled                         time.Time
}

func newContentBudget(c ExecutableHashConfig, now time.Time) contentBudget {
	b := contentBudget{
		filesPerSecond: float64(c.MaxFilesPerSecond), bytesPerSecond: float64(c.MaxBytesPerSecond), fileBytesMax: c.MaxFileBytes, filled: now,
		filesMax: float64(c.MaxFilesPerSecond),
		// The largest file must fit.
		bytesMax: float64(max(c.MaxBytesPerSecond, c.MaxFileBytes)),
	}
	b.files, b.bytes = b.filesMax, b.bytesMax
	return b
}

// take reports whether there is budget for a file, and takes it then.
func (b *contentBudget) take(size uint64, now time.Time) bool {
	passed := max(0, now.Sub(b.filled).Seconds())
	if passed > 0 {
		b.filled = now
	}
	b.files = min(b.filesMax, b.files+passed*b.filesPerSecond)
	b.bytes = min(b.bytesMax, b.bytes+passed*b.bytesPerSecond)
	bytes := float64(size)
	if size > b.fileBytesMax {
		bytes = 0 // it is not hashed
	}
	if b.files < 1 || b.bytes < bytes {
		return false
	}
	b.files--
	b.bytes -= bytes
	return true
}
