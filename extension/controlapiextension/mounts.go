// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// mounts are what components have added to the server. Requests see all of a mount or nothing of it.
type mounts struct {
	serve func(*mounted, controlapi.Route) http.HandlerFunc

	mu      sync.Mutex
	all     []*mounted
	stopped bool
	current atomic.Pointer[routing]
}

// routing is what requests are answered from. It is never changed, only replaced.
type routing struct {
	mux      *http.ServeMux
	document []byte
}

func (m *mounts) mux() *http.ServeMux { return m.current.Load().mux }

func (m *mounts) document() []byte { return m.current.Load().document }

// add mounts what a component brings.
func (m *mounts) add(added *mounted) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return errors.New("the server is stopped")
	}
	for _, other := range m.all {
		if err := added.conflict(other); err != nil {
			return err
		}
	}
	return m.replace(append(slices.Clone(m.all), added))
}

// remove takes a mount away, so that requests find nothing there any more.
func (m *mounts) remove(removed *mounted) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// What is left has fit together before.
	_ = m.replace(slices.DeleteFunc(slices.Clone(m.all), func(other *mounted) bool { return other == removed }))
}

// replace makes the routing of mounts.
func (m *mounts) replace(all []*mounted) error {
	next := &routing{mux: http.NewServeMux()}
	documents := make([]*document, 0, len(all))
	for _, one := range all {
		for _, route := range one.routes {
			next.mux.Handle(route.Method+" "+route.Path, m.serve(one, route))
		}
		documents = append(documents, one.document)
	}
	var err error
	if next.document, err = mergeDocuments(documents); err != nil {
		return err
	}
	m.all = all
	m.current.Store(next)
	return nil
}

// stop lets nobody mount any more, and ends all streams.
func (m *mounts) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = true
	for _, one := range m.all {
		one.endStreams()
	}
}

// mounted is what one component has added.
type mounted struct {
	owner    string
	routes   []controlapi.Route
	document *document

	// streams and requests are done when streams, and all other requests, have to end.
	streams, requests       context.Context
	endStreams, endRequests context.CancelFunc

	mu       sync.Mutex
	closed   bool
	inFlight int
	idle     chan struct{} // closed when nothing is in flight any more
}

// serverItself has the routes that no component brings.
const serverItself = "the server itself"

func newMounted(owner string, mount controlapi.Mount) (*mounted, error) {
	if err := checkRoutes(mount.Routes); err != nil {
		return nil, err
	}
	d, err := readDocument(mount.Document)
	if err != nil {
		return nil, err
	}
	if err := d.check(mount.Routes); err != nil {
		return nil, err
	}
	m := &mounted{owner: owner, routes: slices.Clone(mount.Routes), document: d, idle: make(chan struct{})}
	m.streams, m.endStreams = context.WithCancel(context.Background())
	m.requests, m.endRequests = context.WithCancel(context.Background())
	return m, nil
}

// routePath has whole elements, each fixed or a parameter: what an OpenAPI document can describe.
var routePath = regexp.MustCompile(`^(/([A-Za-z0-9._~-]+|\{[A-Za-z_][A-Za-z0-9_]*\}))+$`)

func checkRoutes(routes []controlapi.Route) error {
	if len(routes) == 0 || len(routes) > routesMax {
		return fmt.Errorf("%d routes are not from 1 to %d", len(routes), routesMax)
	}
	var errs []error
	for i, route := range routes {
		name := route.Method + " " + route.Path
		refuse := func(is bool, complaint string) {
			if is {
				errs = append(errs, fmt.Errorf("%s: %s", name, complaint))
			}
		}
		refuse(!slices.Contains(methods(), route.Method), "this method can't be mounted")
		refuse(!routePath.MatchString(route.Path), "the path does not consist of names and parameters such as {name} alone")
		refuse(route.Role != controlapi.RoleViewer && route.Role != controlapi.RoleOperator, "it needs the role viewer or operator")
		refuse(route.BodyBytesMax < 0, "the bound of its body is negative")
		refuse(route.Handler == nil, "it has no handler")
		for _, other := range routes[:i] {
			refuse(overlap(route, other), "it overlaps "+other.Method+" "+other.Path)
		}
	}
	return errors.Join(errs...)
}

// overlap tells whether there are requests that two routes could answer, neither being the more special one.
func overlap(a, b controlapi.Route) (is bool) {
	defer func() { is = recover() != nil }() // which is how a mux says so
	mux := http.NewServeMux()
	mux.HandleFunc(a.Method+" "+a.Path, http.NotFound)
	mux.HandleFunc(b.Method+" "+b.Path, http.NotFound)
	return false
}

func (m *mounted) conflict(other *mounted) error {
	for _, ours := range m.routes {
		for _, theirs := range other.routes {
			if overlap(ours, theirs) {
				return fmt.Errorf("%s %s: %s has mounted %s %s already", ours.Method, ours.Path, other.owner, theirs.Method, theirs.Path)
			}
		}
	}
	return nil
}

// enter is called for each request. The context is done when the request has to end because the mount goes.
func (m *mounted) enter(ctx context.Context, streams bool) (context.Context, func(), bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, false
	}
	m.inFlight++
	end := m.requests
	if streams {
		end = m.streams
	}
	ctx, cancel := context.WithCancel(ctx)
	forget := context.AfterFunc(end, cancel)
	return ctx, func() {
		forget()
		cancel()
		m.leave()
	}, true
}

func (m *mounted) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inFlight--
	if m.closed && m.inFlight == 0 {
		close(m.idle)
	}
}

// close waits for the requests that are being answered, and tells whether all have been in time.
func (m *mounted) close(wait time.Duration) (inTime bool) {
	m.mu.Lock()
	m.closed = true
	if m.inFlight == 0 {
		close(m.idle)
	}
	m.mu.Unlock()
	m.endStreams()
	defer m.endRequests()
	select {
	case <-m.idle:
		return true
	case <-time.After(wait):
		return false
	}
}

// ownerName is what a component is called in messages.
func ownerName(id component.ID) string { return "the component " + id.String() }
