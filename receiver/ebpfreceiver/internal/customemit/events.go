// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// Events decodes the ring buffers of a tracer.
type Events struct {
	rings map[string]*Ring
}

// plan is how the records of one event are read.
type plan struct {
	name     string
	key      string
	layout   *btfvalue.Layout
	when     *condition
	severity plog.SeverityNumber
	body     body
	time     *btfvalue.Field
	clock    manifest.Clock
	ownership
	attributes []attribute
}

// condition holds for records in which a field has a value.
type condition struct {
	field *btfvalue.Field
	equal uint64
}

// NewEvents compiles the events of a manifest. types are those of the object. Errors name the key that is wrong.
func NewEvents(m *manifest.Manifest, types *btf.Spec, settings Settings) (*Events, error) {
	e := &Events{rings: map[string]*Ring{}}
	for i := range m.Events {
		p, err := settings.compile(&m.Events[i], types)
		if err != nil {
			return nil, at(err, "events[%d]", i)
		}
		p.key = fmt.Sprintf("events[%d]", i)
		r := e.rings[m.Events[i].Map]
		if r == nil {
			r = &Ring{settings: settings}
			e.rings[m.Events[i].Map] = r
		}
		if err := r.add(p); err != nil {
			return nil, at(err, "events[%d]", i)
		}
	}
	return e, nil
}

// Ring returns what decodes a ring buffer; nil for one that no event is about.
func (e *Events) Ring(name string) *Ring { return e.rings[name] }

// compile makes the plan of an event.
func (s *Settings) compile(event *manifest.Event, types *btf.Spec) (*plan, error) {
	t, err := typeNamed(types, event.Struct)
	if err != nil {
		return nil, at(err, "struct")
	}
	p := &plan{name: event.Name}
	if p.layout, err = btfvalue.Compile(t, s.Order, s.Limits.Types); err != nil {
		return nil, at(err, "struct")
	}
	if p.severity, err = severity(event.Severity); err != nil {
		return nil, at(err, "severity")
	}
	if err := p.compileWhen(event.When); err != nil {
		return nil, err
	}
	if event.Time != nil {
		if p.time, err = numberAt(p.layout.Lookup, event.Time.Field); err != nil {
			return nil, at(err, "time.field")
		}
		if p.clock = event.Time.Clock; p.clock == "" {
			p.clock = manifest.ClockBoot
		}
	}
	if p.ownership, err = ownershipAt(p.layout.Lookup, event.ProcessID, event.CgroupID); err != nil {
		return nil, err
	}
	if p.attributes, err = s.attributesAt(p.layout.Lookup, p.chosen(event), "fields", event.Name); err != nil {
		return nil, err
	}
	return p, s.compileBody(p, event)
}

func (p *plan) compileWhen(when *manifest.When) error {
	if when == nil {
		return nil
	}
	field, err := numberAt(p.layout.Lookup, when.Field)
	if err != nil {
		return at(err, "when.field")
	}
	if field == nil {
		return at(errors.New("it is empty"), "when.field")
	}
	equal, err := field.Named(when.Equals)
	if err != nil {
		return at(err, "when.equals")
	}
	p.when = &condition{field: field, equal: equal}
	return nil
}

// chosen are the fields that the manifest chooses; without a choice all that have no other purpose.
func (p *plan) chosen(event *manifest.Event) []manifest.Field {
	if len(event.Fields) > 0 {
		return event.Fields
	}
	used := []string{event.ProcessID, event.CgroupID}
	if event.Time != nil {
		used = append(used, event.Time.Field)
	}
	if event.When != nil {
		used = append(used, event.When.Field)
	}
	var all []manifest.Field
	for _, leaf := range p.layout.Leaves() {
		if !slices.Contains(used, leaf.Path) {
			all = append(all, manifest.Field{Field: leaf.Path})
		}
	}
	return all
}

// compileBody reads the sentence. A field is read in it as its first attribute is.
func (s *Settings) compileBody(p *plan, event *manifest.Event) error {
	if event.Body == "" {
		p.body = body{parts: []bodyPart{{words: event.Name}}}
		return nil
	}
	readings := map[string]manifest.As{}
	for _, field := range slices.Backward(event.Fields) {
		readings[field.Field] = field.As
	}
	var err error
	p.body, err = parseBody(event.Body, s.Limits.BodyBytesMax, func(path string) (*btfvalue.Field, error) {
		field, err := p.layout.Lookup(path)
		if err != nil {
			return nil, err
		}
		return field.As(btfvalue.Reading(readings[path]), s.Limits.Types)
	})
	if err != nil {
		return at(err, "body")
	}
	return nil
}

// severity is the lowest number of a name's range.
func severity(name string) (plog.SeverityNumber, error) {
	switch name {
	case "trace":
		return plog.SeverityNumberTrace, nil
	case "debug":
		return plog.SeverityNumberDebug, nil
	case "", "info":
		return plog.SeverityNumberInfo, nil
	case "warn":
		return plog.SeverityNumberWarn, nil
	case "error":
		return plog.SeverityNumberError, nil
	default:
		return 0, fmt.Errorf("%q is none of trace, debug, info, warn, error", name)
	}
}
