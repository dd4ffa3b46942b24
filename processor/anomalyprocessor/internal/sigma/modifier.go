// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// comparison is what a value is compared as, after its modifiers.
type comparison uint8

const (
	asPattern comparison = iota
	asExpression
	asNetwork
	asExistence
	asField
	asLess
	asLessOrEqual
	asGreater
	asGreaterOrEqual
)

// comparisons are the modifiers that change what a value is (specification, "Sigma Modifiers").
var comparisons = map[string]comparison{
	"re": asExpression, "cidr": asNetwork, "exists": asExistence, "fieldref": asField,
	"lt": asLess, "lte": asLessOrEqual, "gt": asGreater, "gte": asGreaterOrEqual,
}

// notSupported are modifiers of the specification that this package refuses, and why.
var notSupported = map[string]string{
	"expand":  "placeholders have no values here: write them out",
	"utf16":   "programs for Linux are not given text in UTF-16",
	"utf16le": "programs for Linux are not given text in UTF-16",
	"utf16be": "programs for Linux are not given text in UTF-16",
	"wide":    "programs for Linux are not given text in UTF-16",
	"minute":  "parts of times are not compared",
	"hour":    "parts of times are not compared",
	"day":     "parts of times are not compared",
	"week":    "parts of times are not compared",
	"month":   "parts of times are not compared",
	"year":    "parts of times are not compared",
}

// modifiers is what stands after the name of a field, in a form that is easy to follow.
type modifiers struct {
	// transformations change the values, in this order: base64, base64offset, windash.
	transformations []string
	// before and after tell where a wildcard is put: endswith, startswith, contains (both).
	before, after bool
	comparison    comparison
	// flags of a regular expression: i, m, s.
	flags string
	// all wants all values and not one of them.
	all   bool
	cased bool
	// differs is neq: the field has none of the values.
	differs bool
}

// parseModifiers reads the modifiers of a field; at is where the field stands.
func parseModifiers(names []string, at *yaml.Node) (modifiers, error) {
	var m modifiers
	if len(names) > modifiersMax {
		return m, overLimit(at, "the field has %d modifiers, %d are allowed", len(names), modifiersMax)
	}
	for _, name := range names {
		if err := m.add(name, at); err != nil {
			return m, err
		}
	}
	if m.comparison != asPattern && (m.before || m.after || len(m.transformations) > 0) {
		return m, broken(at, "the modifiers %s can't be combined", strings.Join(names, "|"))
	}
	if m.cased && m.comparison != asPattern && m.comparison != asField {
		return m, broken(at, "cased can't be combined with %s", strings.Join(names, "|"))
	}
	if m.all && m.comparison != asPattern && m.comparison != asExpression {
		return m, broken(at, "all can't be combined with %s", strings.Join(names, "|"))
	}
	return m, nil
}

// add takes one modifier. They work in the order in which they are written.
func (m *modifiers) add(name string, at *yaml.Node) error {
	if reason, known := notSupported[name]; known {
		return unsupported(at, "the modifier %s is not supported: %s", name, reason)
	}
	if comparison, known := comparisons[name]; known {
		if m.comparison != asPattern {
			return broken(at, "the modifier %s comes after another one that excludes it", name)
		}
		m.comparison = comparison
		return nil
	}
	switch name {
	case "contains":
		m.before, m.after = true, true
	case "startswith":
		m.after = true
	case "endswith":
		m.before = true
	case "all":
		m.all = true
	case "cased":
		m.cased = true
	case "neq":
		m.differs = true
	case "i", "m", "s":
		if m.comparison != asExpression {
			return broken(at, "the modifier %s belongs behind re", name)
		}
		m.flags += name
	case "base64", "base64offset", "windash":
		// Wildcards would be encoded. A dash is one before and after.
		if name != "windash" && (m.before || m.after) {
			return broken(at, "the modifier %s has to stand before contains, startswith and endswith", name)
		}
		if slices.Contains(m.transformations, name) {
			return broken(at, "the modifier %s stands twice", name)
		}
		m.transformations = append(m.transformations, name)
	default:
		return unsupported(at, "the modifier %q is not known", name)
	}
	return nil
}
