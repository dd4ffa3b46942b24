// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"net/netip"
	"slices"
)

// expression is a compiled part of a rule. None of them allocates, and each takes time that is bounded by the sizes of
// the rule and of the event.
type expression interface {
	holds(e *Event) bool
	// tests is how many values are compared at most (testsPerRuleMax).
	tests() int
	// cost is a rough number by which cheap ones are asked first.
	cost() int
}

// Costs of one comparison, as a ratio to a look at a bit; from the benchmark.
const (
	costPresence   = 1
	costNumber     = 2
	costEnds       = 4
	costWithin     = 20
	costExpression = 200
)

// presence asks whether the event has a field: "exists", and null for its contrary.
type presence struct {
	field Field
	want  bool
}

func (x *presence) holds(e *Event) bool { return e.has(x.field) == x.want }
func (x *presence) tests() int          { return 1 }
func (x *presence) cost() int           { return costPresence }

// numbers asks whether a field is one of some numbers.
type numbers struct {
	field Field
	any   []int64
}

func (x *numbers) holds(e *Event) bool {
	v := &e.values[x.field]
	return e.has(x.field) && v.counted && slices.Contains(x.any, v.number)
}
func (x *numbers) tests() int { return len(x.any) }
func (x *numbers) cost() int  { return costNumber }

// bound compares a field with a number: lt, lte, gt, gte.
type bound struct {
	field  Field
	as     comparison
	number int64
}

func (x *bound) holds(e *Event) bool {
	v := &e.values[x.field]
	if !e.has(x.field) || !v.counted {
		return false
	}
	switch x.as {
	case asLess:
		return v.number < x.number
	case asLessOrEqual:
		return v.number <= x.number
	case asGreater:
		return v.number > x.number
	default:
		return v.number >= x.number
	}
}
func (x *bound) tests() int { return 1 }
func (x *bound) cost() int  { return costNumber }

// networks asks whether an address lies in one of some networks: cidr.
type networks struct {
	field Field
	any   []netip.Prefix
}

func (x *networks) holds(e *Event) bool {
	if !e.has(x.field) {
		return false
	}
	for _, network := range x.any {
		if network.Contains(e.values[x.field].address) {
			return true
		}
	}
	return false
}
func (x *networks) tests() int { return len(x.any) }
func (x *networks) cost() int  { return costEnds }

// sameAs asks whether two fields are equal: fieldref.
type sameAs struct {
	field, other Field
	cased        bool
}

func (x *sameAs) holds(e *Event) bool {
	return e.has(x.field) && e.has(x.other) && string(e.text(x.field, x.cased)) == string(e.text(x.other, x.cased))
}
func (x *sameAs) tests() int { return 1 }
func (x *sameAs) cost() int  { return costEnds }

// searches asks whether regular expressions are found in a field: one of them, or all.
type searches struct {
	field       Field
	all         bool
	expressions []*regular
	// instructions are those of all expressions together.
	instructions int
}

func (x *searches) holds(e *Event) bool {
	if !e.has(x.field) {
		return false
	}
	for _, expression := range x.expressions {
		if expression.found(e.text(x.field, true)) != x.all {
			return !x.all
		}
	}
	return x.all
}
func (x *searches) tests() int { return x.instructions }
func (x *searches) cost() int  { return costExpression * len(x.expressions) }

// never is what asks for a field that no event has.
type never struct{ field string }

func (x *never) holds(*Event) bool { return false }
func (x *never) tests() int        { return 0 }
func (x *never) cost() int         { return 0 }
