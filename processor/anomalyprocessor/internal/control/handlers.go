// SPDX-License-Identifier: Apache-2.0

package control

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

//go:embed openapi.json
var document []byte

// binaryType is the format of exported profiles.
const binaryType = "application/octet-stream"

// handlers answers for one processor.
type handlers struct{ detection Detection }

// Mount returns the routes for a processor.
func Mount(detection Detection) controlapi.Mount {
	h := handlers{detection}
	look, change := controlapi.RoleViewer, controlapi.RoleOperator
	return controlapi.Mount{
		Document: document,
		Routes: []controlapi.Route{
			{Method: http.MethodGet, Path: "/v1/profiles", Role: look, Handler: h.profiles},
			{Method: http.MethodPost, Path: "/v1/profiles/import", Role: change, BodyBytesMax: detection.ImportBytesMax(), Handler: h.importProfile},
			{Method: http.MethodGet, Path: "/v1/profiles/{id}", Role: look, Handler: h.profile},
			{Method: http.MethodGet, Path: "/v1/profiles/{id}/export", Role: look, Handler: h.export},
			{Method: http.MethodGet, Path: "/v1/profiles/{id}/policies/{kind}", Role: look, Handler: h.policy},
			{Method: http.MethodPost, Path: "/v1/profiles/{id}/reset", Role: change, Handler: h.reset},
			{Method: http.MethodGet, Path: "/v1/incidents", Role: look, Handler: h.incidents},
			{Method: http.MethodGet, Path: "/v1/incidents/{id}", Role: look, Handler: h.incident},
			{Method: http.MethodPost, Path: "/v1/incidents/{id}/verdict", Role: change, BodyBytesMax: verdictBytesMax, Handler: h.judge},
			{Method: http.MethodGet, Path: "/v1/rules", Role: look, Handler: h.rules},
			{Method: http.MethodPost, Path: "/v1/rules/reload", Role: change, Handler: h.reload},
			{Method: http.MethodPatch, Path: "/v1/rules/{id}", Role: change, BodyBytesMax: patchBytesMax, Handler: h.changeRule},
		},
	}
}

func (h handlers) profiles(w http.ResponseWriter, r *http.Request) {
	p, err := page(r, profileStates, "workload", "state")
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	controlapi.Answer(w, http.StatusOK, h.detection.Profiles(p))
}

func (h handlers) profile(w http.ResponseWriter, r *http.Request) {
	p, err := h.detection.Profile(r.PathValue("id"))
	answer(w, p, err)
}

func (h handlers) reset(w http.ResponseWriter, r *http.Request) {
	if err := h.detection.ResetProfile(r.Context(), controlapi.CallerOf(r.Context()), r.PathValue("id")); err != nil {
		controlapi.Refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h handlers) export(w http.ResponseWriter, r *http.Request) {
	data, err := h.detection.ExportProfile(r.PathValue("id"))
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", r.PathValue("id")+".profile"))
	send(w, binaryType, data)
}

func (h handlers) policy(w http.ResponseWriter, r *http.Request) {
	values, err := query(r, "force")
	force := false
	if text := values.Get("force"); err == nil && text != "" {
		if force, err = strconv.ParseBool(text); err != nil {
			err = controlapi.BadRequest(fmt.Sprintf("force: %q is neither true nor false", text))
		}
	}
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	data, contentType, err := h.detection.Policy(r.PathValue("id"), r.PathValue("kind"), force)
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	send(w, contentType, data)
}

// send sends what is no JSON of this API. Browsers are told by the server not to guess what it is.
func send(w http.ResponseWriter, contentType string, data []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(data) //nolint:gosec // nosniff and a type that is no HTML; whoever asked may have gone
}

func (h handlers) importProfile(w http.ResponseWriter, r *http.Request) {
	values, err := query(r, "workload")
	var data []byte
	if err == nil {
		data, err = h.readBytes(r)
	}
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	p, err := h.detection.ImportProfile(r.Context(), controlapi.CallerOf(r.Context()), values.Get("workload"), data)
	answer(w, p, err)
}

// readBytes reads the body, of which the server has bounded the size.
func (h handlers) readBytes(r *http.Request) ([]byte, error) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != binaryType {
		return nil, controlapi.UnsupportedMediaType("Content-Type has to be " + binaryType + ", as profiles are exported")
	}
	data, err := io.ReadAll(r.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, controlapi.TooLarge(tooLarge.Limit)
	}
	if err != nil {
		return nil, controlapi.BadRequest("the body ends too early: " + err.Error())
	}
	return data, nil
}

func (h handlers) incidents(w http.ResponseWriter, r *http.Request) {
	p, err := page(r, incidentStates, "workload", "state", "severity")
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	list, err := h.detection.Incidents(p)
	answer(w, list, err)
}

func (h handlers) incident(w http.ResponseWriter, r *http.Request) {
	i, err := h.detection.Incident(r.PathValue("id"))
	answer(w, i, err)
}

// verdictBody is the body of a verdict.
type verdictBody struct {
	Verdict string `json:"verdict"`
	Comment string `json:"comment"`
	Close   *bool  `json:"close"`
}

func (v *verdictBody) judgement() (Judgement, error) {
	j := Judgement{Benign: v.Verdict == "benign", Comment: v.Comment}
	switch {
	case v.Verdict != "benign" && v.Verdict != "malicious":
		return j, controlapi.Invalid("verdict: it is benign or malicious")
	case len(v.Comment) > commentBytesMax:
		return j, controlapi.Invalid(fmt.Sprintf("comment: %d bytes are more than %d", len(v.Comment), commentBytesMax))
	case j.Benign && v.Close != nil && !*v.Close:
		return j, controlapi.Invalid("close: an incident that is benign is always closed")
	}
	j.Close = j.Benign || v.Close != nil && *v.Close
	return j, nil
}

func (h handlers) judge(w http.ResponseWriter, r *http.Request) {
	var v verdictBody
	err := controlapi.ReadJSON(r, &v)
	var j Judgement
	if err == nil {
		j, err = v.judgement()
	}
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	i, err := h.detection.Judge(r.Context(), controlapi.CallerOf(r.Context()), r.PathValue("id"), j)
	answer(w, i, err)
}

func (h handlers) rules(w http.ResponseWriter, r *http.Request) {
	p, err := page(r, nil)
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	list, err := h.detection.Rules(p)
	answer(w, list, err)
}

func (h handlers) reload(w http.ResponseWriter, r *http.Request) {
	loaded, err := h.detection.ReloadRules(r.Context(), controlapi.CallerOf(r.Context()))
	answer(w, loaded, err)
}

func (h handlers) changeRule(w http.ResponseWriter, r *http.Request) {
	var patch struct {
		Enabled json.RawMessage `json:"enabled"`
	}
	err := controlapi.ReadJSON(r, &patch)
	var enabled *bool
	if err == nil {
		enabled, err = wanted(string(patch.Enabled))
	}
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	rule, err := h.detection.ChangeRule(r.Context(), controlapi.CallerOf(r.Context()), r.PathValue("id"), enabled)
	answer(w, rule, err)
}

// wanted reads whether a rule is to be used, nil for what the configuration says.
func wanted(text string) (*bool, error) {
	switch text {
	case "true", "false":
		enabled := text == "true"
		return &enabled, nil
	case "null":
		return nil, nil //nolint:nilnil // It stands for the configuration.
	}
	return nil, controlapi.Invalid("enabled: it is true, false, or null for what the configuration says")
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	controlapi.Answer(w, http.StatusOK, value)
}
