// SPDX-License-Identifier: Apache-2.0

package control

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// patchBytesMax bounds the body of a change. The longest lists that filters may have are shorter.
const patchBytesMax = 256 << 10

//go:embed openapi.json
var document []byte

// handlers answers for one receiver.
type handlers struct {
	tracers Tracers
	custom  CustomTracers
}

// Mount returns the routes for the tracers of a receiver.
func Mount(tracers Tracers, custom CustomTracers) controlapi.Mount {
	h := handlers{tracers: tracers, custom: custom}
	uploadBytesMax := custom.ObjectBytesMax() + manifestBytesMax + signatureBytesMax + formBytesMax
	look, change := controlapi.RoleViewer, controlapi.RoleOperator
	return controlapi.Mount{
		Document: document,
		Routes: []controlapi.Route{
			{Method: http.MethodGet, Path: "/v1/tracers", Role: look, Handler: h.list},
			{Method: http.MethodGet, Path: "/v1/tracers/{name}", Role: look, Handler: h.get},
			{Method: http.MethodPatch, Path: "/v1/tracers/{name}", Role: change, BodyBytesMax: patchBytesMax, Handler: h.change},
			{Method: http.MethodDelete, Path: "/v1/tracers/{name}/override", Role: change, Handler: h.reset},
			{Method: http.MethodPut, Path: "/v1/custom-tracers/{name}", Role: change, BodyBytesMax: uploadBytesMax, Handler: h.put},
			{Method: http.MethodDelete, Path: "/v1/custom-tracers/{name}", Role: change, Handler: h.remove},
			{Method: http.MethodGet, Path: "/v1/filters", Role: look, Handler: h.filters},
			{Method: http.MethodPatch, Path: "/v1/filters", Role: change, BodyBytesMax: patchBytesMax, Handler: h.changeFilters},
			{Method: http.MethodDelete, Path: "/v1/filters/override", Role: change, Handler: h.resetFilters},
		},
	}
}

func (h handlers) list(w http.ResponseWriter, _ *http.Request) {
	tracers, err := h.tracers.List()
	answer(w, map[string]any{"tracers": tracers}, err)
}

func (h handlers) get(w http.ResponseWriter, r *http.Request) {
	tracers, err := h.tracers.List()
	for _, t := range tracers {
		if t.Name == r.PathValue("name") {
			answer(w, t, err)
			return
		}
	}
	if err == nil {
		err = NoTracer(r.PathValue("name"))
	}
	controlapi.Refuse(w, err)
}

// NoTracer is the answer when there is none of that name.
func NoTracer(name string) error {
	return controlapi.NotFound(fmt.Sprintf("no tracer is called %q; GET /v1/tracers lists them", name))
}

// patch is the body of a change.
type patch struct {
	// Enabled is true, false, or null for what the configuration says.
	Enabled  json.RawMessage `json:"enabled"`
	Settings map[string]any  `json:"settings"`
}

func (p patch) override() (map[string]any, error) {
	override := p.Settings
	if override == nil {
		override = map[string]any{}
	}
	if _, ok := override["enabled"]; ok {
		return nil, controlapi.Invalid("settings.enabled: enabled stands beside settings, not in it")
	}
	switch string(p.Enabled) {
	case "":
	case "true", "false":
		override["enabled"] = string(p.Enabled) == "true"
	case "null":
		override["enabled"] = nil
	default:
		return nil, controlapi.Invalid("enabled: it is true, false, or null for what the configuration says")
	}
	if len(override) == 0 {
		return nil, controlapi.Invalid(`neither "enabled" nor any of "settings" is there: nothing is to be changed`)
	}
	return override, nil
}

func (h handlers) change(w http.ResponseWriter, r *http.Request) {
	var p patch
	err := controlapi.ReadJSON(r, &p)
	var override map[string]any
	if err == nil {
		override, err = p.override()
	}
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	t, err := h.tracers.Change(r.Context(), controlapi.CallerOf(r.Context()), r.PathValue("name"), override)
	answer(w, t, err)
}

func (h handlers) reset(w http.ResponseWriter, r *http.Request) {
	t, err := h.tracers.Change(r.Context(), controlapi.CallerOf(r.Context()), r.PathValue("name"), nil)
	answer(w, t, err)
}

func (h handlers) filters(w http.ResponseWriter, _ *http.Request) {
	f, err := h.tracers.Filters()
	answer(w, f, err)
}

func (h handlers) changeFilters(w http.ResponseWriter, r *http.Request) {
	var p struct {
		Settings map[string]any `json:"settings"`
	}
	err := controlapi.ReadJSON(r, &p)
	if err == nil && len(p.Settings) == 0 {
		err = controlapi.Invalid(`"settings" is empty: nothing is to be changed`)
	}
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	f, err := h.tracers.ChangeFilters(r.Context(), controlapi.CallerOf(r.Context()), p.Settings)
	answer(w, f, err)
}

func (h handlers) resetFilters(w http.ResponseWriter, r *http.Request) {
	f, err := h.tracers.ChangeFilters(r.Context(), controlapi.CallerOf(r.Context()), nil)
	answer(w, f, err)
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	controlapi.Answer(w, http.StatusOK, value)
}
