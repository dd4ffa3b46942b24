// SPDX-License-Identifier: Apache-2.0

package sigma

// Set is a number of compiled rules. It never changes, and any number of goroutines may use it at once.
type Set struct {
	rules   []*Rule
	matches []expression
	groups  [categoryCount]group
}

// Len is the number of rules.
func (s *Set) Len() int { return len(s.rules) }

// Rule returns a rule by its number, from 0 to Len()-1.
func (s *Set) Rule(number int) *Rule { return s.rules[number] }

// Asks tells whether a rule of the category asks for the field. What no rule asks for need not be set in an Event.
func (s *Set) Asks(c Category, f Field) bool {
	return c < categoryCount && f < fieldCount && s.groups[c].asked&(1<<f) != 0
}

// Match appends the numbers of the rules that the event matches to matched, in no particular order, each once. It
// allocates nothing if matched has room.
func (s *Set) Match(e *Event, matched []int) []int {
	if e.category >= categoryCount {
		return matched
	}
	g := &s.groups[e.category]
	if len(g.byProgram) > 0 && e.has(FieldImage) {
		matched = s.try(e, g.byProgram[string(e.lastElement(FieldImage))], matched)
	}
	return s.try(e, g.rest, matched)
}

func (s *Set) try(e *Event, rules []int, matched []int) []int {
	for _, rule := range rules {
		if s.matches[rule].holds(e) {
			matched = append(matched, rule)
		}
	}
	return matched
}

func (s *Set) add(rule *Rule, matches expression) {
	number := len(s.rules)
	s.rules = append(s.rules, rule)
	s.matches = append(s.matches, matches)
	s.groups[rule.Category].add(number, matches)
}
