// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"net/http"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// ownMount has the routes that no component brings.
func (s *server) ownMount() controlapi.Mount {
	return controlapi.Mount{
		Routes: []controlapi.Route{
			{Method: http.MethodGet, Path: "/v1/openapi.json", Role: controlapi.RoleViewer, Handler: s.answerDocument},
			{Method: http.MethodGet, Path: "/v1/whoami", Role: controlapi.RoleViewer, Handler: answerCaller},
		},
		Document: ownDocument,
	}
}

func (s *server) answerDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.mounts.document())
}

// caller is who the server takes somebody for.
type caller struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	Via     string `json:"via"`
	Address string `json:"address,omitempty"`
}

func answerCaller(w http.ResponseWriter, r *http.Request) {
	c := controlapi.CallerOf(r.Context())
	controlapi.Answer(w, http.StatusOK, caller{Name: c.Name, Role: c.Role.String(), Via: c.Via, Address: c.Address})
}
