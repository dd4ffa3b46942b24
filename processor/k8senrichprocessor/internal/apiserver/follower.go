// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

// watchGrace is how much longer a watch may last than it was asked to: behind it nobody is there any more.
const watchGrace = 30 * time.Second

// follower lists and watches one kind of objects for a reflector, and stores what the reflector gets.
type follower struct {
	resource
	client *rest.RESTClient
	into   *inventory.Inventory
	state  *sourcestate.Recorder
	logger *zap.Logger
	clock  *patientClock
	// listTimeout bounds a page.
	listTimeout time.Duration
	// paged is true where a first list must not come at once, however large.
	paged bool
	// calls are the requests that the reflector began; it does not wait for all of them.
	calls *calls
}

// errStopping is for requests that begin after the end.
var errStopping = errors.New("shutting down")

// ListWithContext returns one page.
func (f *follower) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	if !f.calls.begin() {
		return nil, errStopping
	}
	defer f.calls.end()
	if options.Continue == "" {
		f.state.Listing(f.kind)
	}
	switch {
	case options.Continue != "":
	case f.paged:
		// With a version, API servers may answer from their cache, and give everything at once whatever the limit.
		options.ResourceVersion = ""
	case options.ResourceVersion != "" && options.ResourceVersion != "0":
		// Without this a limit means just that version, and an API server that was started again can't let a watch go on
		// from there: it would be listed over and over.
		options.ResourceVersionMatch = metav1.ResourceVersionMatchNotOlderThan
	}
	f.state.Requested(f.kind, true)
	ctx, cancel := context.WithTimeout(ctx, f.listTimeout)
	defer cancel()
	list := f.newList()
	if err := f.request(options).Do(ctx).Into(list); err != nil {
		return nil, f.failed(ctx, err)
	}
	return f.items(list)
}

func (f *follower) request(options metav1.ListOptions) *rest.Request {
	request := f.client.Get().AbsPath(f.path)
	set := func(name, value string) {
		if value != "" {
			request.Param(name, value)
		}
	}
	set("fieldSelector", f.fieldSelector)
	set("labelSelector", f.labelSelector)
	set("resourceVersion", options.ResourceVersion)
	set("resourceVersionMatch", string(options.ResourceVersionMatch))
	set("continue", options.Continue)
	if options.Limit > 0 {
		set("limit", strconv.FormatInt(options.Limit, 10))
	}
	if options.Watch {
		set("watch", "true")
	}
	if options.AllowWatchBookmarks {
		set("allowWatchBookmarks", "true")
	}
	if options.SendInitialEvents != nil {
		set("sendInitialEvents", strconv.FormatBool(*options.SendInitialEvents))
	}
	if options.TimeoutSeconds != nil {
		set("timeoutSeconds", strconv.FormatInt(*options.TimeoutSeconds, 10))
	}
	return request
}

func (f *follower) items(list runtime.Object) (runtime.Object, error) {
	from, err := meta.ListAccessor(list)
	if err != nil {
		return nil, fmt.Errorf("read a list of %s objects: %w", f.kind, err)
	}
	to := &itemList{}
	to.ResourceVersion, to.Continue = from.GetResourceVersion(), from.GetContinue()
	err = meta.EachListItem(list, func(object runtime.Object) error {
		to.Items = append(to.Items, f.item(object))
		return nil
	})
	return to, err
}

// item converts an object, which is let go of then.
func (f *follower) item(object runtime.Object) *item {
	accessor, err := meta.Accessor(object)
	if err != nil {
		f.state.Unusable(f.kind)
		return &item{}
	}
	converted := &item{namespace: accessor.GetNamespace(), name: accessor.GetName(), version: accessor.GetResourceVersion()}
	if converted.object, err = f.convert(object); err != nil {
		f.state.Unusable(f.kind)
		converted.object = nil
	}
	return converted
}

func bookmark(object runtime.Object) *item {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return &item{}
	}
	return &item{
		version:    accessor.GetResourceVersion(),
		initialEnd: accessor.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true",
	}
}

// WatchWithContext begins a watch.
func (f *follower) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	if !f.calls.begin() {
		return nil, errStopping
	}
	defer f.calls.end()
	options.Watch = true
	initial := options.SendInitialEvents != nil && *options.SendInitialEvents
	if initial {
		f.state.Listing(f.kind)
	}
	lasts := watchGrace
	if options.TimeoutSeconds != nil {
		lasts += time.Duration(*options.TimeoutSeconds) * time.Second
	}
	f.state.Requested(f.kind, false)
	limited, cancel := context.WithTimeout(ctx, lasts)
	inner, err := f.request(options).Watch(limited)
	if err != nil {
		cancel()
		if initial && apierrors.IsInvalid(err) {
			return nil, err // it is too old to stream lists; the reflector asks for pages instead
		}
		return nil, f.failed(ctx, err)
	}
	if !initial {
		f.well()
		f.clock.Answered()
	}
	return newWatching(f, inner, cancel, lasts-watchGrace, initial), nil
}

// List is not called: the reflector prefers ListWithContext.
func (f *follower) List(options metav1.ListOptions) (runtime.Object, error) {
	return f.ListWithContext(context.Background(), options)
}

// Watch is not called: the reflector prefers WatchWithContext.
func (f *follower) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return f.WatchWithContext(context.Background(), options)
}

// calls counts requests, so that their end can be waited for.
type calls struct {
	mu       sync.Mutex
	stopping bool
	running  sync.WaitGroup
}

func (c *calls) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return false
	}
	c.running.Add(1)
	return true
}

func (c *calls) end() { c.running.Done() }

// stop lets no request begin any more.
func (c *calls) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
}
