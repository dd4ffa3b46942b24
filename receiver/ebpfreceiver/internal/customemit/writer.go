// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
)

// writer writes the values of one record or key.
type writer struct {
	redact   func(string) string
	counters *Counters
	// left is how many values may still be written, and bytesLeft how long their texts may be.
	left, bytesLeft int
}

func (s *Settings) newWriter() writer {
	return writer{redact: s.Redact, counters: s.Counters, left: s.Limits.ValuesMax, bytesLeft: s.Limits.RecordTextBytesMax}
}

// put adds an attribute. A value that says nothing adds none: an error number 0, and what lies behind the end of
// the record.
func (w *writer) put(attributes pcommon.Map, name string, v btfvalue.Value) {
	if isNothing(v) {
		return
	}
	if !w.take() {
		return
	}
	w.set(attributes.PutEmpty(name), v)
}

func isNothing(v btfvalue.Value) bool {
	return v.Kind() == btfvalue.KindNone || v.Kind() == btfvalue.KindErrno && v.Name() == ""
}

// take takes one value from the bound, and counts those that are beyond it.
func (w *writer) take() bool {
	if w.left == 0 || w.bytesLeft <= 0 {
		w.counters.ValuesCut.Add(1)
		return false
	}
	w.left--
	return true
}

func (w *writer) set(to pcommon.Value, v btfvalue.Value) {
	switch v.Kind() {
	case btfvalue.KindNone:
	case btfvalue.KindBool:
		to.SetBool(v.Bool())
	case btfvalue.KindInteger, btfvalue.KindEnum:
		w.setInteger(to, v)
	case btfvalue.KindFloat, btfvalue.KindDuration:
		to.SetDouble(v.Float64())
	case btfvalue.KindList:
		w.setList(to.SetEmptySlice(), v)
	case btfvalue.KindStruct:
		w.setStruct(to.SetEmptyMap(), v)
	default:
		to.SetStr(w.text(v))
	}
}

// setInteger writes a number that OTLP has no type for as text.
func (w *writer) setInteger(to pcommon.Value, v btfvalue.Value) {
	if name := v.Name(); name != "" {
		to.SetStr(name)
	} else if number, fits := v.Int64(); fits {
		to.SetInt(number)
	} else {
		to.SetStr(v.Text())
	}
}

func (w *writer) setList(to pcommon.Slice, v btfvalue.Value) {
	if v.IsCut() {
		w.counters.ListsCut.Add(1)
	}
	to.EnsureCapacity(min(v.Len(), w.left))
	for i := range v.Len() {
		if !w.take() {
			return
		}
		w.set(to.AppendEmpty(), v.Index(i))
	}
}

func (w *writer) setStruct(to pcommon.Map, v btfvalue.Value) {
	for name, member := range v.Members() {
		if !w.take() {
			return
		}
		w.set(to.PutEmpty(name), member)
	}
}

// text is a scalar as text, without secrets.
func (w *writer) text(v btfvalue.Value) string {
	if v.IsCut() {
		w.counters.TextsCut.Add(1)
	}
	text := v.Text()
	w.bytesLeft -= len(text)
	if w.redact != nil && v.Kind() == btfvalue.KindText {
		return w.redact(text)
	}
	return text
}
