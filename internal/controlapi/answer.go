// SPDX-License-Identifier: Apache-2.0

package controlapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// Problem is an answer that says what went wrong (RFC 9457).
type Problem struct {
	// Status is the HTTP status.
	Status int `json:"status"`
	// Code is for programs: it never changes its meaning.
	Code string `json:"code"`
	// Title is the same for all problems of one code.
	Title string `json:"title"`
	// Detail says what is wrong here, where, and how to mend it.
	Detail string `json:"detail,omitempty"`
	// Log is what the kernel's verifier said, if the caller asked for it.
	Log string `json:"log,omitempty"`
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// BadRequest is for what can't be understood.
func BadRequest(detail string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: "bad_request", Title: "The request can't be understood", Detail: detail}
}

// Invalid is for a request that is understood and can't be carried out as it is.
func Invalid(detail string) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Code: "invalid", Title: "The request is not valid", Detail: detail}
}

// NotFound is for a thing that does not exist.
func NotFound(detail string) *Problem {
	return &Problem{Status: http.StatusNotFound, Code: "not_found", Title: "There is no such thing", Detail: detail}
}

// TooLarge is for a body beyond the bound of its route.
func TooLarge(bytesMax int64) *Problem {
	return &Problem{
		Status: http.StatusRequestEntityTooLarge, Code: "body_too_large", Title: "The body is too large",
		Detail: fmt.Sprintf("at most %d bytes are read", bytesMax),
	}
}

// UnsupportedMediaType is for a body in a format that the route does not read.
func UnsupportedMediaType(detail string) *Problem {
	return &Problem{
		Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Title: "The body has a format that is not read here",
		Detail: detail,
	}
}

// Internal is for what is not the caller's fault.
func Internal(detail string) *Problem {
	return &Problem{Status: http.StatusInternalServerError, Code: "internal", Title: "It failed on our side", Detail: detail}
}

// Answer sends a value as JSON.
func Answer(w http.ResponseWriter, status int, value any) {
	answerAs(w, "application/json", status, value)
}

// Refuse sends an error: a Problem as it is, any other as one of ours.
func Refuse(w http.ResponseWriter, err error) {
	var problem *Problem
	if !errors.As(err, &problem) {
		problem = Internal(err.Error())
	}
	answerAs(w, "application/problem+json", problem.Status, problem)
}

func answerAs(w http.ResponseWriter, contentType string, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		// Types of answers are ours: they have no channels, functions, cycles or numbers that JSON lacks.
		body, status = []byte(`{"status":500,"code":"internal","title":"It failed on our side"}`), http.StatusInternalServerError
		contentType = "application/problem+json"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// ReadJSON reads the body of a request, of which the server has bounded the size, into a value: one JSON
// value with no fields that the value does not have, and nothing behind it. Errors are Problems.
func ReadJSON(r *http.Request, into any) error {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || (mediaType != "application/json" && mediaType != "application/merge-patch+json") {
		return UnsupportedMediaType("Content-Type has to be application/json")
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return explainBody(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return explainBody(errors.Join(errors.New("there is something behind the JSON value"), err))
	}
	return nil
}

func explainBody(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return TooLarge(tooLarge.Limit)
	case errors.Is(err, io.EOF):
		return BadRequest("the body is empty; it has to be a JSON object")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return BadRequest("the JSON of the body ends too early")
	default:
		return BadRequest("the body: " + err.Error())
	}
}
