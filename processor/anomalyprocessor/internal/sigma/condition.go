// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// token is a word, a parenthesis, or anything else that stands in a condition.
var token = regexp.MustCompile(`[()|]|[^\s()|]+`)

// identifierPattern is what search identifiers look like, with wildcards.
var identifierPattern = regexp.MustCompile(`^[\pL\pN_.*-]+$`)

// condition reads "a and not 1 of b*" (specification, "Condition"): or binds least, then and, not, "x of", parentheses.
type condition struct {
	*detection
	at     *yaml.Node
	tokens []string
	depth  int
}

func (d *detection) compileCondition(node *yaml.Node) (expression, error) {
	if node.Kind != yaml.ScalarNode {
		return nil, broken(node, "a condition is a text")
	}
	if len(node.Value) > conditionBytesMax {
		return nil, overLimit(node, "the condition has %d bytes, %d are allowed", len(node.Value), conditionBytesMax)
	}
	c := &condition{detection: d, at: node, tokens: token.FindAllString(node.Value, -1)}
	compiled, err := c.disjunction()
	if err != nil {
		return nil, err
	}
	switch next := c.peek(); next {
	case "":
		return compiled, nil
	case "|":
		return nil, unsupported(node, "aggregations (| count() and the like) need several events: rules here look at one at a time")
	case "near", "by":
		return nil, unsupported(node, "%q needs several events: rules here look at one at a time", next)
	default:
		return nil, broken(node, "the condition has %q where and, or, or its end should be", next)
	}
}

// peek returns the next token, "" at the end. Words of the language are in lower case.
func (c *condition) peek() string {
	if len(c.tokens) == 0 {
		return ""
	}
	switch word := strings.ToLower(c.tokens[0]); word {
	case "and", "or", "not", "of", "them", "near", "by":
		return word
	}
	return c.tokens[0]
}

// take removes the next token if it is the one that is asked for.
func (c *condition) take(word string) bool {
	if c.peek() != word {
		return false
	}
	c.tokens = c.tokens[1:]
	return true
}

func (c *condition) disjunction() (expression, error) {
	return c.joined("or", some, func() (expression, error) { return c.joined("and", every, c.negation) })
}

// joined reads operands with a word between each two.
func (c *condition) joined(word string, join func([]expression) expression, operand func() (expression, error)) (expression, error) {
	var parts []expression
	for {
		part, err := operand()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		if !c.take(word) {
			return join(parts), nil
		}
	}
}

// deeper counts parentheses and negations; the returned function leaves them.
func (c *condition) deeper() (func(), error) {
	if c.depth >= conditionDepthMax {
		return nil, overLimit(c.at, "the condition is nested deeper than %d", conditionDepthMax)
	}
	c.depth++
	return func() { c.depth-- }, nil
}

func (c *condition) negation() (expression, error) {
	if !c.take("not") {
		return c.operand()
	}
	leave, err := c.deeper()
	if err != nil {
		return nil, err
	}
	defer leave()
	missing := len(c.missing)
	part, err := c.negation()
	if err != nil {
		return nil, err
	}
	if absent, ok := part.(*never); ok {
		return nil, unsupported(c.at, "the rule makes an exception by a field that no event has: %s", absent.field)
	}
	// Alternatives that were left out of an exception would have made it wider.
	if len(c.missing) > missing {
		return nil, unsupported(c.at, "the rule makes an exception by a field that no event has: %s", c.missing[missing])
	}
	return &not{part}, nil
}

func (c *condition) operand() (expression, error) {
	word := c.peek()
	switch {
	case word == "":
		return nil, broken(c.at, "the condition ends where a search identifier should be")
	case word == "(":
		return c.parentheses()
	case len(c.tokens) > 1 && strings.EqualFold(c.tokens[1], "of"):
		return c.quantified()
	case word == "and" || word == "or" || word == "of" || word == "them" || !identifierPattern.MatchString(word) || strings.Contains(word, "*"):
		return nil, broken(c.at, "the condition has %q where a search identifier should be", word)
	}
	c.tokens = c.tokens[1:]
	return c.named(word)
}

// named returns what an identifier stands for, and counts what that costs: a condition may name it many times.
func (c *condition) named(name string) (expression, error) {
	part, err := c.identifier(name, c.at)
	if err != nil {
		return nil, err
	}
	c.testCount += max(1, part.tests())
	if c.testCount > testsPerRuleMax {
		return nil, overLimit(c.at, "the condition compares more than %d values with an event", testsPerRuleMax)
	}
	return part, nil
}

func (c *condition) parentheses() (expression, error) {
	leave, err := c.deeper()
	if err != nil {
		return nil, err
	}
	defer leave()
	c.take("(")
	part, err := c.disjunction()
	if err != nil {
		return nil, err
	}
	if !c.take(")") {
		return nil, broken(c.at, "the condition has a parenthesis that is not closed")
	}
	return part, nil
}

// quantified reads "1 of them", "all of selection*" and the like.
func (c *condition) quantified() (expression, error) {
	quantity := strings.ToLower(c.tokens[0])
	join := some
	switch quantity {
	case "1", "any":
	case "all":
		join = every
	default:
		return nil, unsupported(c.at, "%q: only 1 of and all of are supported", quantity+" of")
	}
	if len(c.tokens) < 3 {
		return nil, broken(c.at, "the condition ends behind %q", quantity+" of")
	}
	c.tokens = c.tokens[2:]
	search := c.peek()
	c.tokens = c.tokens[1:]
	var parts []expression
	for _, name := range c.names {
		if !selects(search, name) {
			continue
		}
		part, err := c.named(name)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return nil, broken(c.at, "no search identifier is one of %q", search)
	}
	return join(parts), nil
}

// selects tells whether "x of search" is about an identifier. Those that begin with an underscore are for other
// identifiers to be left out of, so only a pattern that begins so too means them.
func selects(search, name string) bool {
	if search[0] != '_' && name != "" && name[0] == '_' {
		return false
	}
	if search == "them" {
		return true
	}
	var pieces []piece
	for i, text := range strings.Split(search, "*") {
		if i > 0 {
			pieces = append(pieces, piece{wildcard: '*'})
		}
		if text != "" {
			pieces = append(pieces, piece{text: text})
		}
	}
	p := compilePattern(pieces, false)
	return p.matches([]byte(name))
}
