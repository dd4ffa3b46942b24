// SPDX-License-Identifier: Apache-2.0

package controlapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// Role is what a caller may do. Each role includes those below it.
type Role int

// Roles, from below.
const (
	RoleNone     Role = iota // nothing
	RoleViewer               // look
	RoleOperator             // change
)

// String is the role's name in configuration, answers and telemetry.
func (r Role) String() string {
	switch r {
	case RoleViewer:
		return "viewer"
	case RoleOperator:
		return "operator"
	default:
		return "none"
	}
}

// Caller is who sent a request, as the server found out.
type Caller struct {
	// Name tells people who it is: a user's name or id, the common name of a certificate, a token's name.
	Name string
	Role Role
	// Via is how the caller was recognised: "unix_socket", "token", "client_certificate" or "extension".
	Via string
	// Address is where it comes from; empty for a Unix socket.
	Address string
}

type callerKey struct{}

// WithCaller is for the server: it makes the caller known to handlers.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns who sent the request of a handler. Without a server in front it is nobody.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Route is one operation.
type Route struct {
	Method string
	// Path is a pattern of http.ServeMux without a method: "/v1/tracers/{name}".
	Path string
	// Role is the least that a caller needs.
	Role Role
	// BodyBytesMax bounds the body of requests; 0 for those that have none.
	BodyBytesMax int64
	// Streams tells that an answer goes on for as long as the caller listens. It is not bounded in time then.
	Streams bool
	Handler http.HandlerFunc
}

// Mount is what a component adds to the server.
type Mount struct {
	Routes []Route
	// Document describes the routes: an OpenAPI 3.1 document in JSON, of which the server takes "paths" and
	// "components". Names of schemas are shared by all components.
	Document []byte
}

// Change is something that was changed over the API.
type Change struct {
	Caller Caller
	// Action is what was done: "enable", "disable", "set", "reset", "upload", "delete", "import", "reload" or "judge".
	Action string
	// Subject is what it was done to: "tracer/file".
	Subject string
	// From and To are what it was before and is now, as JSON; empty where there is nothing.
	From, To string
}

// Server is the extension "control_api" as other components see it. Extensions start before all other
// components and stop after them.
type Server interface {
	component.Component

	// Mount adds routes until unmount is called, which waits for requests that are being answered. It fails
	// if another component has one of the routes already, or if the document does not describe them.
	Mount(owner component.ID, m Mount) (unmount func(), err error)
	// Record logs and counts a change that was made. The event of it is made by the component.
	Record(Change)
}

// ServerOf returns the server of a collector, the first one by name if there are several; nil without one.
func ServerOf(host component.Host) Server {
	extensions := host.GetExtensions()
	ids := slices.SortedFunc(maps.Keys(extensions), func(a, b component.ID) int { return strings.Compare(a.String(), b.String()) })
	for _, id := range ids {
		if server, ok := extensions[id].(Server); ok {
			return server
		}
	}
	return nil
}
