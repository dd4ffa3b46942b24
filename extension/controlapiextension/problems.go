// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"net/http"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// Codes of the problems that the server itself finds, besides those of package controlapi. Programs rely on them:
// they are never given another meaning.
const (
	codeUnauthenticated  = "unauthenticated"
	codeTooManyAttempts  = "too_many_attempts"
	codeForbidden        = "forbidden"
	codeHostNotAllowed   = "host_not_allowed"
	codeOriginNotAllowed = "origin_not_allowed"
	codeCrossSite        = "cross_site"
	codeRouteNotFound    = "route_not_found"
	codeMethodNotAllowed = "method_not_allowed"
	codeHeaderTooLarge   = "header_too_large"
	codeTooManyRequests  = "too_many_requests"
	codeStopping         = "stopping"
	codeBodyTooLarge     = "body_too_large"
)

func unauthenticated() *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusUnauthorized, Code: codeUnauthenticated, Title: "It is not known who you are",
		Detail: "send a token that the server knows in the header Authorization, as \"Bearer TOKEN\"",
	}
}

func tooManyAttempts() *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusTooManyRequests, Code: codeTooManyAttempts, Title: "There were too many wrong credentials",
		Detail: "from your address; try again later",
	}
}

func forbidden(caller controlapi.Caller, needed controlapi.Role) *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusForbidden, Code: codeForbidden, Title: "You may not do this",
		Detail: "it needs the role " + needed.String() + ", and " + caller.Name + " has the role " + caller.Role.String(),
	}
}

func hostNotAllowed() *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusForbidden, Code: codeHostNotAllowed, Title: "The server is not known by this name",
		Detail: "the header Host names none of the server's names; the key allowed_hosts adds names",
	}
}

func originNotAllowed() *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusForbidden, Code: codeOriginNotAllowed, Title: "Pages from elsewhere may not send requests",
		Detail: "the header Origin names another site; the key allowed_origins adds those of proxies",
	}
}

func crossSite(detail string) *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusForbidden, Code: codeCrossSite, Title: "The request comes from another site", Detail: detail,
	}
}

func routeNotFound() *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusNotFound, Code: codeRouteNotFound, Title: "There is nothing at this path",
		Detail: "GET /v1/openapi.json lists what there is",
	}
}

func methodNotAllowed(allowed []string) *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusMethodNotAllowed, Code: codeMethodNotAllowed, Title: "This can't be done at this path",
		Detail: "possible are " + strings.Join(allowed, ", "),
	}
}

func headerTooLarge() *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusRequestHeaderFieldsTooLarge, Code: codeHeaderTooLarge, Title: "The header is too large",
	}
}

func tooManyRequests() *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusServiceUnavailable, Code: codeTooManyRequests, Title: "Too many requests are being answered",
		Detail: "try again; the key max_requests sets the limit",
	}
}

func stopping() *controlapi.Problem {
	return &controlapi.Problem{
		Status: http.StatusServiceUnavailable, Code: codeStopping, Title: "What answers this is stopping",
	}
}
