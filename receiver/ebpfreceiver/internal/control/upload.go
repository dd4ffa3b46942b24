// SPDX-License-Identifier: Apache-2.0

package control

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// Bounds of the parts of an upload besides the object.
const (
	manifestBytesMax  = 64 << 10
	signatureBytesMax = 4 << 10
	// formBytesMax is what stands between the parts.
	formBytesMax = 16 << 10
	partsMax     = 3
)

func (h handlers) put(w http.ResponseWriter, r *http.Request) {
	upload, err := readUpload(r, h.custom.ObjectBytesMax())
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	wholeLog, _ := strconv.ParseBool(r.URL.Query().Get("log"))
	t, isNew, err := h.custom.Put(r.Context(), controlapi.CallerOf(r.Context()), r.PathValue("name"), upload, wholeLog)
	if err != nil {
		controlapi.Refuse(w, err)
		return
	}
	status := http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	controlapi.Answer(w, status, t)
}

func (h handlers) remove(w http.ResponseWriter, r *http.Request) {
	if err := h.custom.Delete(r.Context(), controlapi.CallerOf(r.Context()), r.PathValue("name")); err != nil {
		controlapi.Refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// readUpload reads a form with the parts "manifest", "object" and, if it is signed, "signature".
func readUpload(r *http.Request, objectBytesMax int64) (Upload, error) {
	var u Upload
	form, err := r.MultipartReader()
	if err != nil {
		return u, controlapi.UnsupportedMediaType("Content-Type has to be multipart/form-data with the parts manifest and object, and signature if it is signed")
	}
	parts := map[string]struct {
		into     *[]byte
		bytesMax int64
	}{
		"manifest": {&u.Manifest, manifestBytesMax}, "object": {&u.Object, objectBytesMax}, "signature": {&u.Signature, signatureBytesMax},
	}
	for range partsMax + 1 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return u, u.check()
		}
		if err != nil {
			return u, explainForm(err)
		}
		wanted, known := parts[part.FormName()]
		if !known {
			return u, controlapi.BadRequest(fmt.Sprintf("the form has a part %q, which is none of manifest, object and signature, or is there twice", part.FormName()))
		}
		delete(parts, part.FormName())
		if *wanted.into, err = readPart(part, wanted.bytesMax); err != nil {
			return u, err
		}
	}
	return u, controlapi.BadRequest("the form has too many parts")
}

func readPart(part *multipart.Part, bytesMax int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(part, bytesMax+1))
	if err != nil {
		return nil, explainForm(err)
	}
	if int64(len(content)) > bytesMax {
		return nil, controlapi.TooLarge(bytesMax)
	}
	return content, nil
}

func (u Upload) check() error {
	if len(u.Manifest) == 0 || len(u.Object) == 0 {
		return controlapi.BadRequest("the form lacks the part manifest or object, or it is empty")
	}
	return nil
}

func explainForm(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return controlapi.TooLarge(tooLarge.Limit)
	}
	return controlapi.BadRequest("the form: " + err.Error())
}
