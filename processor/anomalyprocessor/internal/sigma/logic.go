// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"cmp"
	"slices"
)

// allOf holds if all of its parts do, anyOf if one of them does.
type (
	allOf struct{ parts []expression }
	anyOf struct{ parts []expression }
	not   struct{ part expression }
)

func (x *allOf) holds(e *Event) bool {
	for _, part := range x.parts {
		if !part.holds(e) {
			return false
		}
	}
	return true
}

func (x *anyOf) holds(e *Event) bool {
	for _, part := range x.parts {
		if part.holds(e) {
			return true
		}
	}
	return false
}

func (x *not) holds(e *Event) bool { return !x.part.holds(e) }

func (x *allOf) tests() int { return sum(x.parts, expression.tests) }
func (x *anyOf) tests() int { return sum(x.parts, expression.tests) }
func (x *not) tests() int   { return x.part.tests() }

func (x *allOf) cost() int { return sum(x.parts, expression.cost) }
func (x *anyOf) cost() int { return sum(x.parts, expression.cost) }
func (x *not) cost() int   { return x.part.cost() }

func sum(parts []expression, of func(expression) int) int {
	total := 0
	for _, part := range parts {
		total += of(part)
	}
	return total
}

// every joins parts by "and", the cheap ones first: what they say does not depend on the order.
func every(parts []expression) expression {
	var flat []expression
	for _, part := range parts {
		switch part := part.(type) {
		case *never:
			return part
		case *allOf:
			flat = append(flat, part.parts...)
		default:
			flat = append(flat, part)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	slices.SortStableFunc(flat, func(a, b expression) int { return cmp.Compare(a.cost(), b.cost()) })
	return &allOf{flat}
}

// some joins parts by "or". What can never hold is left out, if anything else is there.
func some(parts []expression) expression {
	var flat []expression
	for _, part := range parts {
		switch part := part.(type) {
		case *never:
		case *anyOf:
			flat = append(flat, part.parts...)
		default:
			flat = append(flat, part)
		}
	}
	switch len(flat) {
	case 0:
		return parts[0]
	case 1:
		return flat[0]
	}
	slices.SortStableFunc(flat, func(a, b expression) int { return cmp.Compare(a.cost(), b.cost()) })
	return &anyOf{flat}
}
