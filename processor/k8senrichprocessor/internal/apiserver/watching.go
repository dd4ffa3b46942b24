// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"
)

// watching is a watch whose objects become items on the way to the reflector.
type watching struct {
	follower *follower
	inner    watch.Interface
	cancel   context.CancelFunc
	begun    time.Time
	lasts    time.Duration
	result   chan watch.Event
	stopped  chan struct{}
	once     sync.Once
	// failed is true once the other side said why there is no more; it is of the goroutine that runs.
	failed bool
	// initial is true of a watch that lists first, and told once anything came of it.
	initial, told bool
}

func newWatching(f *follower, inner watch.Interface, cancel context.CancelFunc, lasts time.Duration, initial bool) *watching {
	w := &watching{
		initial: initial, follower: f, inner: inner, cancel: cancel, begun: time.Now(), lasts: lasts,
		result: make(chan watch.Event), stopped: make(chan struct{}),
	}
	if !f.calls.begin() {
		w.Stop()
		close(w.result)
		return w
	}
	go func() {
		defer f.calls.end()
		w.run()
	}()
	return w
}

// ResultChan is watch.Interface.
func (w *watching) ResultChan() <-chan watch.Event { return w.result }

// Stop is watch.Interface.
func (w *watching) Stop() {
	w.once.Do(func() {
		close(w.stopped)
		w.inner.Stop()
		w.cancel()
	})
}

func (w *watching) run() {
	defer close(w.result)
	defer w.Stop()
	for {
		select {
		case <-w.stopped:
			return
		case event, ok := <-w.inner.ResultChan():
			if !ok {
				w.ended()
				return
			}
			w.failed = event.Type == watch.Error
			converted := w.convert(event)
			w.told = true
			select {
			case <-w.stopped:
				return
			case w.result <- converted:
			}
		}
	}
}

func (w *watching) convert(event watch.Event) watch.Event {
	switch event.Type {
	case watch.Error:
		w.refused(apierrors.FromObject(event.Object))
		return event
	case watch.Bookmark:
		event.Object = bookmark(event.Object)
	default:
		event.Object = w.follower.item(event.Object)
	}
	w.follower.state.Heard(w.follower.kind, event.Type == watch.Bookmark, time.Now())
	return event
}

// refused notes what the other side says instead of events. An API server whose etcd is too old to stream lists says so
// in this way; the reflector asks for pages then, and whether that works is another matter.
func (w *watching) refused(err error) {
	if w.initial && !w.told && apierrors.IsInternalError(err) {
		w.follower.state.Noted(w.follower.kind, reasonOf(err))
		return
	}
	_ = w.follower.failed(context.Background(), err)
}

// ended notes a watch that the other side ended too early: it is restarted, or the way to it is cut. That is no
// trouble yet: the next request will tell.
func (w *watching) ended() {
	select {
	case <-w.stopped:
	default:
		if !w.failed && time.Since(w.begun) < w.lasts {
			w.follower.state.Cut(w.follower.kind)
		}
	}
}
