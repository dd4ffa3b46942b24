// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"math"
	"strings"
)

// eventKey is what tells events apart before anything is known of their structs.
type eventKey struct{ ring, record, field, equals string }

func (m *Manifest) checkEvents(p *problems) {
	known := map[eventKey]int{}
	for i := range m.Events {
		event := &m.Events[i]
		key := fmt.Sprintf("events[%d]", i)
		event.check(p, key)
		same := eventKey{ring: event.Map, record: event.Struct}
		if event.When != nil {
			same.field, same.equals = event.When.Field, event.When.Equals
		}
		if first, twice := known[same]; twice {
			p.addf("%s: it takes the same records as events[%d]: tell them apart by struct or when", key, first)
		}
		known[same] = i
	}
}

func (e *Event) check(p *problems, key string) {
	checkMap(p, key+".map", e.Map)
	checkIdentifier(p, key+".struct", e.Struct, "a struct")
	checkDotted(p, key+".name", e.Name)
	checkChoice(p, key+".severity", e.Severity, "", "trace", "debug", "info", "warn", "error")
	checkText(p, key+".body", e.Body, bodyBytesMax, false)
	checkBody(p, key+".body", e.Body)
	if e.When != nil {
		checkPath(p, key+".when.field", e.When.Field)
		if e.When.Equals == "" || len(e.When.Equals) > equalsBytesMax {
			p.add(key+".when.equals", e.When.Equals, "is no value: write a number, or the name of an enum's value")
		}
	}
	if e.Time != nil {
		checkPath(p, key+".time.field", e.Time.Field)
		checkChoice(p, key+".time.clock", e.Time.Clock, "", ClockBoot, ClockMonotonic, ClockReal)
	}
	checkOptionalPath(p, key+".process_id", e.ProcessID)
	checkOptionalPath(p, key+".cgroup_id", e.CgroupID)
	checkFields(p, key+".fields", e.Fields, e.Name)
}

// checkBody looks at what stands in braces.
func checkBody(p *problems, key, body string) {
	rest := body
	for {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			return
		}
		end := strings.IndexByte(rest, '}')
		if rest[at] == '}' || end < 0 {
			p.add(key, body, "has a brace too many: a field is written {field}")
			return
		}
		if field := rest[at+1 : end]; !isPath(field) {
			p.add(key, body, fmt.Sprintf("names %q, which is no field: a field is written {field}", field))
			return
		}
		rest = rest[end+1:]
	}
}

// checkFields is for lists of fields; defaults are named after prefix.
func checkFields(p *problems, key string, fields []Field, prefix string) {
	checkCount(p, key, len(fields), fieldsMax)
	known := map[string]int{}
	for i, field := range fields {
		at := fmt.Sprintf("%s[%d]", key, i)
		// A key of a map that is no struct is a field without a name.
		if field.Field != "" || field.Attribute == "" {
			checkPath(p, at+".field", field.Field)
		}
		attribute := field.Attribute
		if attribute == "" {
			attribute = prefix + "." + field.Field
		} else {
			checkDotted(p, at+".attribute", attribute)
		}
		checkChoice(p, at+".as", field.As, AsDefault, AsAddress, AsPort, AsHex, AsText, AsDuration, AsErrno)
		if first, twice := known[attribute]; twice {
			p.add(at+".attribute", attribute, fmt.Sprintf("is that of %s[%d] too: name each attribute once", key, first))
		}
		known[attribute] = i
	}
}

func (m *Manifest) checkMetrics(p *problems) {
	known := map[string]int{}
	for i := range m.Metrics {
		metric := &m.Metrics[i]
		key := fmt.Sprintf("metrics[%d]", i)
		metric.check(p, key)
		if first, twice := known[metric.Name]; twice {
			p.add(key+".name", metric.Name, fmt.Sprintf("is that of metrics[%d] too: name each metric once", first))
		}
		known[metric.Name] = i
	}
}

func (m *Metric) check(p *problems, key string) {
	checkMap(p, key+".map", m.Map)
	checkDotted(p, key+".name", m.Name)
	if len(m.Unit) > unitBytesMax || !isUnit(m.Unit) {
		p.add(key+".unit", m.Unit, fmt.Sprintf("is no unit of UCUM, such as \"By\", \"s\" or \"{packet}\", of at most %d bytes", unitBytesMax))
	}
	checkChoice(p, key+".type", m.Type, TypeSum, TypeGauge, TypeHistogram)
	checkText(p, key+".brief", m.Brief, briefBytesMax, false)
	checkOptionalPath(p, key+".value", m.Value)
	checkFields(p, key+".attributes", m.Attributes, m.Name)
	checkOptionalPath(p, key+".process_id", m.ProcessID)
	checkOptionalPath(p, key+".cgroup_id", m.CgroupID)
	switch {
	case m.Type == TypeHistogram && m.Buckets == nil:
		p.addf("%s.buckets: they are missing: say how the buckets of the histogram are laid out, such as {scale: log2}", key)
	case m.Type != TypeHistogram && m.Buckets != nil:
		p.addf("%s.buckets: a %s has none: leave them out, or use type \"histogram\"", key, m.Type)
	case m.Buckets != nil:
		m.Buckets.check(p, key+".buckets")
		if m.Buckets.Sum != "" && m.Buckets.Sum == m.Value {
			p.add(key+".buckets.sum", m.Buckets.Sum, "is what value names too, which counts: name the field in which the program adds up what it measures")
		}
	}
}

// isUnit takes what UCUM is written with; annotations stand in braces.
func isUnit(unit string) bool {
	return !strings.ContainsFunc(unit, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (b *Buckets) check(p *problems, key string) {
	checkChoice(p, key+".scale", b.Scale, ScaleLog2, ScaleLinear)
	checkOptionalPath(p, key+".bucket", b.Bucket)
	checkOptionalPath(p, key+".sum", b.Sum)
	switch {
	case b.Bucket != "" && (b.Count < 2 || b.Count > bucketsMax):
		p.addf("%s.count: %d buckets can't be: say how many the program counts, from 2 to %d", key, b.Count, bucketsMax)
	case b.Bucket == "" && b.Count != 0:
		p.addf("%s.count: %d is not wanted: the map's value tells how many buckets there are; leave it out, or name the key's field in bucket", key, b.Count)
	}
	switch {
	case b.Scale == ScaleLinear && (!finite(b.Width) || b.Width <= 0):
		p.addf("%s.width: %v is no width: it has to be above 0", key, b.Width)
	case b.Scale == ScaleLog2 && b.Width != 0:
		p.addf("%s.width: %v is not wanted: buckets of scale \"log2\" double; leave it out, or use scale \"linear\"", key, b.Width)
	}
	if !finite(b.Offset) || b.Scale == ScaleLog2 && b.Offset != 0 {
		p.addf("%s.offset: %v can't be: it is where the first bucket of scale \"linear\" begins", key, b.Offset)
	}
	if !finite(b.Factor) || b.Factor < 0 {
		p.addf("%s.factor: %v can't be: it turns the program's unit into the metric's, such as 1e-9", key, b.Factor)
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
