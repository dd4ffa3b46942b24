// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cilium/ebpf/link"
)

// Tracepoints keeps those that tracers have let go of registered for a while: when the last user lets go of one, the
// kernel waits for a grace period (perf_trace_event_unreg), one tracepoint after the other. So a tracer is
// switched off at once, and can be switched on again at once. Meanwhile nothing is observed by it.
// The zero value is ready. Its methods may be called from several goroutines.
type Tracepoints struct {
	mu     sync.Mutex
	held   map[string]*heldTracepoint
	closed bool
	// letting are those that are being let go.
	letting sync.WaitGroup
}

// heldTracepoint is a perf event that is disabled.
type heldTracepoint struct {
	event io.Closer
	timer *time.Timer
}

// tracepointHold is how long a tracepoint stays registered that nobody uses.
const tracepointHold = 10 * time.Second

// hold keeps a tracepoint registered, if it can.
func (t *Tracepoints) hold(tracepoint string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if h := t.held[tracepoint]; h != nil && h.timer.Reset(tracepointHold) {
		return
	}
	event, err := openDisabled(tracepoint)
	if err != nil {
		return // it takes longer then
	}
	if t.held == nil {
		t.held = map[string]*heldTracepoint{}
	}
	h := &heldTracepoint{event: event}
	t.letting.Add(1)
	h.timer = time.AfterFunc(tracepointHold, func() { t.let(tracepoint, h) })
	t.held[tracepoint] = h
}

func (t *Tracepoints) let(tracepoint string, h *heldTracepoint) {
	defer t.letting.Done()
	t.mu.Lock()
	if t.held[tracepoint] == h {
		delete(t.held, tracepoint)
	}
	t.mu.Unlock()
	_ = h.event.Close()
}

// Close lets go of all of them.
func (t *Tracepoints) Close() error {
	t.mu.Lock()
	t.closed = true
	var errs []error
	for _, h := range t.held {
		if h.timer.Stop() {
			errs = append(errs, h.event.Close())
			t.letting.Done()
		}
	}
	t.held = nil
	t.mu.Unlock()
	t.letting.Wait()
	return errors.Join(errs...)
}

// observedTracepoint is a link that leaves its tracepoint to somebody who keeps it.
type observedTracepoint struct {
	link.Link
	tracepoint string
	keeper     *Tracepoints
}

// Close implements io.Closer.
func (o observedTracepoint) Close() error {
	if o.keeper != nil {
		o.keeper.hold(o.tracepoint)
	}
	return o.Link.Close()
}

// tracepointID reads the number of a tracepoint.
func tracepointID(tracepoint string) (uint64, error) {
	group, name, _ := strings.Cut(tracepoint, "/")
	var errs []error
	for _, tracefs := range []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"} {
		content, err := os.ReadFile(filepath.Join(tracefs, "events", group, name, "id"))
		if err == nil {
			return strconv.ParseUint(strings.TrimSpace(string(content)), 10, 64)
		}
		errs = append(errs, err)
	}
	return 0, fmt.Errorf("read the number of tracepoint %q: %w", tracepoint, errors.Join(errs...))
}
