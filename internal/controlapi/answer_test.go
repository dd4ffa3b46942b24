// SPDX-License-Identifier: Apache-2.0

package controlapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// Codes and statuses are what programs rely on.
func TestProblems(t *testing.T) {
	for code, c := range map[string]struct {
		problem *controlapi.Problem
		status  int
	}{
		"bad_request":            {controlapi.BadRequest("d"), 400},
		"invalid":                {controlapi.Invalid("d"), 422},
		"not_found":              {controlapi.NotFound("d"), 404},
		"body_too_large":         {controlapi.TooLarge(7), 413},
		"unsupported_media_type": {controlapi.UnsupportedMediaType("d"), 415},
		"internal":               {controlapi.Internal("d"), 500},
	} {
		assert.Equal(t, code, c.problem.Code)
		assert.Equal(t, c.status, c.problem.Status)
		assert.NotEmpty(t, c.problem.Title)
		assert.NotEmpty(t, c.problem.Detail)
		assert.Equal(t, c.problem.Title+": "+c.problem.Detail, c.problem.Error())
	}
	assert.Equal(t, "t", (&controlapi.Problem{Title: "t"}).Error())
	assert.Contains(t, controlapi.TooLarge(7).Detail, "7 bytes")
}

func TestAnswer(t *testing.T) {
	w := httptest.NewRecorder()
	controlapi.Answer(w, http.StatusAccepted, map[string]int{"a": 1})
	assert.Equal(t, http.StatusAccepted, w.Code)
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, "{\"a\":1}\n", w.Body.String())
}

func TestAnswer_whatIsNoJSON(t *testing.T) {
	w := httptest.NewRecorder()
	controlapi.Answer(w, http.StatusOK, make(chan int))
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.JSONEq(t, `{"status":500,"code":"internal","title":"It failed on our side"}`, w.Body.String())
}

func TestRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		body   string
	}{
		"problem": {controlapi.NotFound("no tracer x"), 404, `{"status":404,"code":"not_found","title":"There is no such thing","detail":"no tracer x"}`},
		"wrapped": {fmt.Errorf("look: %w", controlapi.Invalid("x")), 422, `{"status":422,"code":"invalid","title":"The request is not valid","detail":"x"}`},
		"other":   {errors.New("out of luck"), 500, `{"status":500,"code":"internal","title":"It failed on our side","detail":"out of luck"}`},
		"log":     {&controlapi.Problem{Status: 422, Code: "rejected", Title: "t", Log: "0: r1 = r2"}, 422, `{"status":422,"code":"rejected","title":"t","log":"0: r1 = r2"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			controlapi.Refuse(w, c.err)
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			assert.JSONEq(t, c.body, w.Body.String())
		})
	}
}

type body struct {
	Enabled *bool    `json:"enabled"`
	Paths   []string `json:"paths"`
	Inner   struct {
		Number uint8 `json:"number"`
	} `json:"inner"`
}

// read reads a body as a server would hand it over.
func read(contentType, text string, bytesMax int64) (body, error) {
	r := httptest.NewRequest(http.MethodPatch, "/", strings.NewReader(text))
	r.Header.Set("Content-Type", contentType)
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, bytesMax)
	var into body
	return into, controlapi.ReadJSON(r, &into)
}

func TestReadJSON(t *testing.T) {
	for _, contentType := range []string{"application/json", "application/merge-patch+json", "application/json; charset=utf-8", "Application/JSON"} {
		r := httptest.NewRequest(http.MethodPatch, "/", strings.NewReader(" {\"enabled\": true, \"inner\": {\"number\": 7}}\n "))
		r.Header.Set("Content-Type", contentType)
		var got body
		require.NoError(t, controlapi.ReadJSON(r, &got), contentType)
		assert.True(t, *got.Enabled)
		assert.EqualValues(t, 7, got.Inner.Number)
	}
}

func TestReadJSON_refused(t *testing.T) {
	const plain = "application/json"
	for name, c := range map[string]struct {
		contentType, text, code, detail string
		status                          int
	}{
		"no type":         {"", `{}`, "unsupported_media_type", "Content-Type has to be application/json", 415},
		"form":            {"application/x-www-form-urlencoded", `{}`, "unsupported_media_type", "Content-Type has to be application/json", 415},
		"plain text":      {"text/plain", `{}`, "unsupported_media_type", "Content-Type has to be application/json", 415},
		"empty":           {plain, ``, "bad_request", "the body is empty", 400},
		"half":            {plain, `{"enabled": tr`, "bad_request", "ends too early", 400},
		"broken":          {plain, `{"enabled": tru}`, "bad_request", "invalid character", 400},
		"something else":  {plain, `<xml/>`, "bad_request", "invalid character", 400},
		"unknown field":   {plain, `{"enable": true}`, "bad_request", `unknown field "enable"`, 400},
		"unknown, deeper": {plain, `{"inner": {"n": 1}}`, "bad_request", `unknown field "n"`, 400},
		"wrong type":      {plain, `{"enabled": "yes"}`, "bad_request", "cannot unmarshal string", 400},
		"out of range":    {plain, `{"inner": {"number": 256}}`, "bad_request", "256", 400},
		"list":            {plain, `[]`, "bad_request", "cannot unmarshal array", 400},
		"two":             {plain, `{} {}`, "bad_request", "something behind", 400},
		"rubbish behind":  {plain, `{} x`, "bad_request", "something behind", 400},
		"too large":       {plain, `{"paths": ["` + strings.Repeat("a", 100) + `"]}`, "body_too_large", "at most 64 bytes", 413},
		"spaces":          {plain, `{}` + strings.Repeat(" ", 100), "body_too_large", "at most 64 bytes", 413},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(c.contentType, c.text, 64)
			var problem *controlapi.Problem
			require.ErrorAs(t, err, &problem)
			assert.Equal(t, c.code, problem.Code)
			assert.Equal(t, c.status, problem.Status)
			assert.Contains(t, problem.Detail, c.detail)
		})
	}
}

// Whatever is sent, what is taken is one JSON value of known fields within the bound, and everything else is a
// problem of the sender.
func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{
		`{"enabled": true}`, `{"paths": ["/etc/", ""], "inner": {"number": 255}}`, `{`, `[[[[`, `{} {}`, `null`, `{"enabled": tru}`, "\xff",
		`{"Enabled": null}`, `{"paths": "` + strings.Repeat("a", 300) + `"}`, `{"inner": {"number": 1e2}}`, `{"enabled": true, "enabled": false}`,
	} {
		f.Add("application/json", seed)
	}
	f.Add("text/plain", `{}`)
	f.Add("application/json; a=\"", `{}`)
	f.Fuzz(func(t *testing.T, contentType, text string) {
		const bytesMax = 256
		got, err := read(contentType, text, bytesMax)
		if err != nil {
			var problem *controlapi.Problem
			require.ErrorAs(t, err, &problem)
			require.Contains(t, []int{400, 413, 415}, problem.Status)
			require.False(t, problem.Status == 413 && len(text) <= bytesMax, "it was within the bound")
			return
		}
		require.LessOrEqual(t, len(text), bytesMax)
		require.True(t, json.Valid([]byte(text)), "taken although it is no JSON")
		again, err := json.Marshal(got)
		require.NoError(t, err)
		var same body
		require.NoError(t, json.NewDecoder(bytes.NewReader(again)).Decode(&same))
		require.Equal(t, got, same)
	})
}
