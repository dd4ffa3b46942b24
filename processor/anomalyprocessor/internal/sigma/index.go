// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"bytes"
	"slices"
)

// group holds the rules of one category. Most published rules are about programs of certain names, so the rules are
// kept by the name of the program, and an event is compared with those of its program and with the rest.
type group struct {
	byProgram map[string][]int
	rest      []int
	// asked has a bit for each field that a rule asks for.
	asked uint64
}

func (g *group) add(rule int, matches expression) {
	g.asked |= fieldsOf(matches)
	programs, known := programsOf(matches)
	if !known {
		g.rest = append(g.rest, rule)
		return
	}
	if g.byProgram == nil {
		g.byProgram = make(map[string][]int)
	}
	g.asked |= 1 << FieldImage
	for _, program := range programs {
		if !slices.Contains(g.byProgram[program], rule) {
			g.byProgram[program] = append(g.byProgram[program], rule)
		}
	}
}

// programsOf returns names of programs, one of which the event has to be about for the expression to hold: last
// elements of the path, in lower case. It is false if that can't be said.
func programsOf(x expression) ([]string, bool) {
	switch x := x.(type) {
	case *texts:
		return programsOfTexts(x)
	case *allOf:
		// Any part will do: the one with the fewest names is best.
		var fewest []string
		found := false
		for _, part := range x.parts {
			if programs, known := programsOf(part); known && (!found || len(programs) < len(fewest)) {
				fewest, found = programs, true
			}
		}
		return fewest, found
	case *anyOf:
		var together []string
		for _, part := range x.parts {
			programs, known := programsOf(part)
			if !known {
				return nil, false
			}
			together = append(together, programs...)
		}
		return together, true
	}
	return nil, false
}

func programsOfTexts(x *texts) ([]string, bool) {
	if x.field != FieldImage {
		return nil, false
	}
	var programs []string
	for i := range x.patterns {
		program, known := x.patterns[i].program()
		switch {
		case known && x.all:
			return []string{program}, true
		case known:
			programs = append(programs, program)
		case !x.all:
			return nil, false
		}
	}
	for path := range x.whole {
		programs = append(programs, programOf([]byte(path)))
	}
	return programs, len(programs) > 0
}

// program returns the last element that a path has to have to be like the pattern.
func (p *pattern) program() (string, bool) {
	end := p.text
	switch p.shape {
	case whole:
		return programOf(end), true
	case chain:
		end = p.parts[len(p.parts)-1]
	case suffix:
	default:
		return "", false
	}
	return programOf(end), bytes.IndexByte(end, '/') >= 0
}

func programOf(path []byte) string {
	return string(appendLower(nil, path[bytes.LastIndexByte(path, '/')+1:]))
}

// fieldsOf returns a bit for each field that an expression asks for.
func fieldsOf(x expression) uint64 {
	var fields uint64
	switch x := x.(type) {
	case *allOf:
		for _, part := range x.parts {
			fields |= fieldsOf(part)
		}
	case *anyOf:
		for _, part := range x.parts {
			fields |= fieldsOf(part)
		}
	case *not:
		return fieldsOf(x.part)
	case *presence:
		return 1 << x.field
	case *numbers:
		return 1 << x.field
	case *bound:
		return 1 << x.field
	case *networks:
		return 1 << x.field
	case *sameAs:
		return 1<<x.field | 1<<x.other
	case *searches:
		return 1 << x.field
	case *texts:
		return 1 << x.field
	}
	return fields
}
