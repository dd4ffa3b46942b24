// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// ServeHTTP answers a request: guard, caller, route, role, body, handler, in this order, so that who is not let in
// learns nothing of what is behind.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c, ok := r.Context().Value(connectionKey{}).(*connection); ok && c != nil {
		c.answered.Store(true)
	}
	x := &exchange{ResponseWriter: w, route: noRoute}
	s.telemetry.inFlight.Add(context.Background(), 1)
	open := s.inFlight.Add(1)
	defer s.finish(x)
	if open > int64(s.config.MaxRequests) {
		s.refuse(x, tooManyRequests())
		return
	}
	if problem := s.guard.check(r); problem != nil {
		s.refuse(x, problem)
		return
	}
	caller, err := s.callers.identify(x, r)
	switch {
	case err != nil:
		s.refuse(x, err)
	case caller.Role == controlapi.RoleNone:
		s.refuse(x, forbidden(caller, controlapi.RoleViewer))
	case caller.Role < controlapi.RoleOperator && open > int64(s.config.MaxRequests-operatorReserve):
		s.refuse(x, tooManyRequests())
	default:
		s.dispatch(x, r.WithContext(withExchange(controlapi.WithCaller(r.Context(), caller), x)))
	}
}

// finish counts a request. A handler that panics has failed by itself: the others go on.
func (s *server) finish(x *exchange) {
	defer func() {
		s.inFlight.Add(-1)
		s.telemetry.inFlight.Add(context.Background(), -1)
		s.telemetry.requests.Add(context.Background(), 1,
			metric.WithAttributes(attribute.String(names.Route, x.route), attribute.Int(names.Status, x.status)))
	}()
	failure := recover()
	if failure == nil {
		if x.status == 0 {
			x.WriteHeader(http.StatusOK) // as Go does when a handler says nothing
		}
		return
	}
	if err, ok := failure.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		add(s.telemetry.panics, attribute.String(names.Route, x.route))
		s.logger.Error("A handler of the control API failed", zap.String(names.Route, x.route), zap.Any("panic", failure), zap.Stack("stack"))
		if x.status == 0 {
			controlapi.Refuse(x, controlapi.Internal("the log has more"))
			return
		}
	}
	if x.status == 0 {
		x.status = http.StatusInternalServerError // for the count; the client sees the end of the connection
	}
	panic(http.ErrAbortHandler) // half an answer must not look like a whole one
}

// refuse answers with a problem and counts it.
func (s *server) refuse(x *exchange, err error) {
	var problem *controlapi.Problem
	if !errors.As(err, &problem) {
		problem = controlapi.Internal(err.Error())
	}
	s.telemetry.refuse(problem.Code)
	controlapi.Refuse(x, problem)
}

// dispatch finds the route.
func (s *server) dispatch(x *exchange, r *http.Request) {
	mux := s.mounts.mux()
	if r.URL.Path == "" || path.Clean(r.URL.Path) != r.URL.Path {
		s.refuse(x, routeNotFound()) // Go would answer with the address of what was meant
		return
	}
	if _, pattern := mux.Handler(r); pattern != "" {
		mux.ServeHTTP(x, r)
		return
	}
	if allowed := allowedMethods(mux, r); len(allowed) > 0 {
		x.Header().Set("Allow", strings.Join(allowed, ", "))
		s.refuse(x, methodNotAllowed(allowed))
		return
	}
	s.refuse(x, routeNotFound())
}

// methods are all that routes can have.
func methods() []string {
	return []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut}
}

func allowedMethods(mux *http.ServeMux, r *http.Request) []string {
	return slices.DeleteFunc(methods(), func(method string) bool {
		other := *r
		other.Method = method
		_, pattern := mux.Handler(&other)
		return pattern == ""
	})
}

// serve returns the handler of a route: what the server sees to, and then what was mounted.
func (s *server) serve(m *mounted, route controlapi.Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x := exchangeOf(r.Context())
		x.route = route.Method + " " + route.Path
		if caller := controlapi.CallerOf(r.Context()); caller.Role < route.Role {
			s.refuse(x, forbidden(caller, route.Role))
			return
		}
		if err := s.boundBody(x, r, route.BodyBytesMax); err != nil {
			s.refuse(x, err)
			return
		}
		ctx, leave, ok := m.enter(r.Context(), route.Streams)
		if !ok {
			s.refuse(x, stopping())
			return
		}
		defer leave()
		if route.Streams {
			if err := x.stream(s.config.HTTP.WriteTimeout); err != nil {
				s.refuse(x, controlapi.Internal("this connection can't stream: "+err.Error()))
				return
			}
		}
		route.Handler(w, r.WithContext(ctx))
	}
}

// boundBody refuses bodies that are known to be too large, and makes reading fail of those that turn out to be.
func (s *server) boundBody(x *exchange, r *http.Request, bytesMax int64) error {
	bytesMax = min(bytesMax, s.config.HTTP.MaxRequestBodySize)
	if r.ContentLength > bytesMax || (bytesMax == 0 && r.ContentLength != 0) {
		return controlapi.TooLarge(bytesMax)
	}
	if encoding := r.Header.Get("Content-Encoding"); r.ContentLength != 0 && encoding != "" && !strings.EqualFold(encoding, "identity") {
		return controlapi.UnsupportedMediaType("compressed bodies are not read here")
	}
	r.Body = &countedBody{http.MaxBytesReader(x.innermost(), r.Body, bytesMax), func() { s.telemetry.refuse(codeBodyTooLarge) }}
	return nil
}
