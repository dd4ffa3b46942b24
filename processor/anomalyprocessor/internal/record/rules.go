// SPDX-License-Identifier: Apache-2.0

package record

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// Filler makes events as rules see them, with the fields that the rules of a set ask for. Any number of goroutines may use it at once.
type Filler struct {
	asked [][]sigma.Field
	// commands is nil unless a rule asks for the command line of a parent.
	commands *commands
}

// NewFiller returns a filler for a set of rules.
func NewFiller(set *sigma.Set) *Filler {
	f := &Filler{asked: make([][]sigma.Field, sigma.Categories())}
	for category := range sigma.Categories() {
		for _, field := range sigma.Fields() {
			if set.Asks(category, field) {
				f.asked[category] = append(f.asked[category], field)
			}
		}
	}
	if set.Asks(sigma.ProcessCreation, sigma.FieldParentCommandLine) {
		f.commands = newCommands()
	}
	return f
}

// Inherit takes over what another filler knows of command lines, before either is used for other rules.
func (f *Filler) Inherit(before *Filler) {
	if f.commands != nil && before.commands != nil {
		f.commands = before.commands
	}
}

// Fill makes an event of a record, and tells whether any rule is about such records.
func (f *Filler) Fill(resource pcommon.Resource, log plog.LogRecord, to *sigma.Event) bool {
	category, ok := sigma.CategoryOf(log.EventName(), text(log.Attributes(), names.FileAccess))
	if !ok || len(f.asked[category]) == 0 {
		return false
	}
	to.Reset(category)
	for _, field := range f.asked[category] {
		fillField(resource.Attributes(), log, field, to)
	}
	if f.commands != nil && category == sigma.ProcessCreation {
		f.commands.fill(NodeOf(resource), log.Attributes(), to)
	}
	return true
}

func fillField(resource pcommon.Map, log plog.LogRecord, field sigma.Field, to *sigma.Event) {
	switch field {
	case sigma.FieldParentCommandLine:
		return // the record of the parent has it, not this one: see commands
	case sigma.FieldSourceFilename:
		if event := log.EventName(); event != names.EventFileRename && event != names.EventFileLink {
			return
		}
	case sigma.FieldFileOperation:
		to.SetFileOperation(log.EventName())
		return
	}
	for _, attribute := range sigma.MappingOf(field).Attributes {
		value, ok := log.Attributes().Get(attribute)
		if !ok {
			value, ok = resource.Get(attribute)
		}
		if ok {
			fillValue(field, value, to)
			return
		}
	}
}

func fillValue(field sigma.Field, value pcommon.Value, to *sigma.Event) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		switch field {
		case sigma.FieldInitiated:
			to.SetSide(value.Str())
		case sigma.FieldHashes:
			to.SetSHA256(value.Str())
		default:
			to.SetText(field, value.Str())
		}
	case pcommon.ValueTypeInt:
		if field == sigma.FieldUser || field == sigma.FieldUserID {
			to.SetUserID(value.Int())
			return
		}
		to.SetNumber(field, value.Int())
	case pcommon.ValueTypeBool:
		to.SetTruth(field, value.Bool())
	case pcommon.ValueTypeSlice:
		for at := range min(value.Slice().Len(), argumentsMax) {
			if part := value.Slice().At(at); part.Type() == pcommon.ValueTypeStr {
				to.AddText(field, part.Str())
			}
		}
	}
}
