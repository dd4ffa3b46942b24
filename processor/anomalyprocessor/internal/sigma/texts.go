// SPDX-License-Identifier: Apache-2.0

package sigma

import "slices"

// wholeMin is from how many whole values on they are looked up in a map.
const wholeMin = 8

// texts asks whether a field is like one of some patterns, or like all of them.
type texts struct {
	field Field
	cased bool
	all   bool
	// sought says that patterns have grams, and that these are of the event's value in lower case.
	sought bool
	// patterns are without those in whole.
	patterns []pattern
	// whole are values without wildcards, if they are many and one of them is enough.
	whole map[string]struct{}
}

// newTexts puts patterns into the form in which they are compared fastest.
func newTexts(field Field, patterns []pattern, all, cased bool) *texts {
	x := &texts{field: field, cased: cased, all: all, patterns: patterns}
	var others []pattern
	exact := make(map[string]struct{})
	for _, p := range patterns {
		if p.shape == whole {
			exact[string(p.text)] = struct{}{}
		} else {
			others = append(others, p)
		}
	}
	x.sought = !cased && slices.ContainsFunc(patterns, func(p pattern) bool { return p.grams.count > 0 })
	if !all && len(exact) >= wholeMin {
		x.patterns, x.whole = others, exact
	}
	return x
}

func (x *texts) holds(e *Event) bool {
	if !e.has(x.field) {
		return false
	}
	text := e.text(x.field, x.cased)
	if _, found := x.whole[string(text)]; found {
		return true
	}
	var present *gramSet
	if x.sought {
		present = e.gramsOf(x.field)
	}
	for i := range x.patterns {
		p := &x.patterns[i]
		found := (present == nil || p.grams.in(present)) && p.matches(text)
		if found != x.all {
			return !x.all
		}
	}
	return x.all
}

func (x *texts) tests() int {
	tests := len(x.patterns) + len(x.whole)
	for i := range x.patterns {
		if expression := x.patterns[i].expression; expression != nil {
			// Each character of it is about one instruction.
			tests += len(expression.String())
		}
	}
	return tests
}

func (x *texts) cost() int {
	cost := costEnds
	for i := range x.patterns {
		switch x.patterns[i].shape {
		case whole, prefix, suffix:
			cost += costEnds
		case within, chain:
			cost += costWithin
		default:
			cost += costExpression
		}
	}
	return cost
}
