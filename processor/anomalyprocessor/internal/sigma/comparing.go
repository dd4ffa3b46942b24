// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"net/netip"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// comparing is a field with its modifiers, while its values are compiled.
type comparing struct {
	field     Field
	modifiers modifiers
	// name is the field as the rule writes it.
	name     string
	category Category
}

func (c *comparing) compile(values []*yaml.Node) (expression, error) {
	switch c.modifiers.comparison {
	case asExpression:
		return c.compileExpressions(values)
	case asNetwork:
		return c.compileNetworks(values)
	case asExistence:
		return c.compileExistence(values)
	case asField:
		return c.compileReference(values)
	case asPattern:
		if numbers := c.compileNumbers(values); numbers != nil {
			return numbers, nil
		}
		return c.compilePatterns(values)
	}
	return c.compileBound(values)
}

// isPlain tells whether no modifier changes or extends the values.
func (c *comparing) isPlain() bool {
	m := &c.modifiers
	return !m.before && !m.after && len(m.transformations) == 0
}

// compileNumbers compiles whole numbers that a field of numbers is compared with; nil if they are something else.
func (c *comparing) compileNumbers(values []*yaml.Node) expression {
	if mappings[c.field].kind != numberKind || !c.isPlain() || c.modifiers.all {
		return nil
	}
	x := &numbers{field: c.field}
	for _, value := range values {
		var number int64
		text := value.Value
		if value.Tag == "!!int" && value.Decode(&number) == nil {
			text = strconv.FormatInt(number, 10)
		}
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil || strconv.FormatInt(number, 10) != text {
			return nil
		}
		x.any = append(x.any, number)
	}
	return x
}

// compilePatterns compiles texts with wildcards. One of them is enough, unless the modifier all is there.
func (c *comparing) compilePatterns(values []*yaml.Node) (expression, error) {
	var alternatives []pattern
	var parts []expression
	m := &c.modifiers
	for _, value := range values {
		if value.Tag == "!!null" {
			if !c.isPlain() {
				return nil, broken(value, "%s is compared with null, and its modifiers want a text", c.name)
			}
			parts = append(parts, &presence{c.field, false})
			continue
		}
		patterns, err := c.compileValue(value)
		if err != nil {
			return nil, err
		}
		if m.all {
			parts = append(parts, newTexts(c.field, patterns, false, m.cased))
		} else {
			alternatives = append(alternatives, patterns...)
		}
	}
	if m.all {
		return every(merged(c.field, parts, m.cased)), nil
	}
	if len(alternatives) > 0 {
		parts = append(parts, newTexts(c.field, alternatives, false, m.cased))
	}
	return some(parts), nil
}

// merged puts comparisons of one field, all of which have to hold, into one.
func merged(field Field, parts []expression, cased bool) []expression {
	var patterns []pattern
	for _, part := range parts {
		one, ok := part.(*texts)
		if !ok || len(one.patterns) != 1 {
			return parts
		}
		patterns = append(patterns, one.patterns[0])
	}
	return []expression{newTexts(field, patterns, true, cased)}
}

// compileValue compiles one text, of which modifiers may make several.
func (c *comparing) compileValue(value *yaml.Node) ([]pattern, error) {
	pieces := parseWildcards(textOfScalar(value))
	if err := c.check(pieces, value); err != nil {
		return nil, err
	}
	variants, err := c.modifiers.transform(pieces)
	if err != nil {
		return nil, unsupported(value, "%s: %s", c.name, err)
	}
	patterns := make([]pattern, 0, len(variants))
	for _, variant := range variants {
		if c.modifiers.before {
			variant = append([]piece{{wildcard: '*'}}, variant...)
		}
		if c.modifiers.after {
			variant = append(slices.Clip(variant), piece{wildcard: '*'})
		}
		p := compilePattern(variant, !c.modifiers.cased)
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// check refuses values that the field can't have, and would mislead.
func (c *comparing) check(pieces []piece, value *yaml.Node) error {
	if mappings[c.field].kind == truthKind {
		if text, ok := plain(pieces); !ok || !c.isPlain() || !isTruth(text) {
			return broken(value, "%s is true or false", c.name)
		}
	}
	if c.field != FieldUser {
		return nil
	}
	root := compilePattern(pieces, true)
	for _, p := range pieces {
		if strings.Trim(p.text, "0123456789") != "" && !root.matches([]byte("root")) {
			return unsupported(value, "%s: names of users are not known, only root and numbers", c.name)
		}
	}
	return nil
}

func isTruth(text string) bool {
	return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
}

// textOfScalar returns a value as events have it: numbers in decimal.
func textOfScalar(value *yaml.Node) string {
	if value.Tag == "!!int" {
		var number int64
		if value.Decode(&number) == nil {
			return strconv.FormatInt(number, 10)
		}
	}
	return value.Value
}

// compileExpressions compiles regular expressions in the syntax of RE2. Sigma's is a subset of PCRE, most of which
// RE2 has; what it has not would need time without bound.
func (c *comparing) compileExpressions(values []*yaml.Node) (expression, error) {
	if c.field == FieldUser {
		return nil, unsupported(values[0], "%s: names of users are not known, only root and numbers", c.name)
	}
	x := &searches{field: c.field, all: c.modifiers.all}
	for _, value := range values {
		text := value.Value
		if len(text) > expressionBytesMax {
			return nil, overLimit(value, "the regular expression has %d bytes, %d are allowed", len(text), expressionBytesMax)
		}
		if c.modifiers.flags != "" {
			text = "(?" + c.modifiers.flags + ")" + text
		}
		parsed, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			return nil, unsupported(value, "the regular expression is not one of RE2, which has no lookarounds and backreferences: %s",
				strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		program, err := syntax.Compile(parsed.Simplify())
		if err != nil || len(program.Inst) > expressionInstructionsMax {
			return nil, overLimit(value, "the regular expression is too large once its repetitions are written out: %d steps are allowed", expressionInstructionsMax)
		}
		compiled, err := regexp.Compile(text)
		if err != nil {
			return nil, unsupported(value, "the regular expression can't be compiled: %s", err)
		}
		x.expressions = append(x.expressions, &regular{compiled, factorsOf(parsed)})
		if x.instructions += len(program.Inst); x.instructions > testsPerRuleMax {
			return nil, overLimit(value, "the regular expressions are too large together: %d steps are allowed", testsPerRuleMax)
		}
	}
	return x, nil
}

func (c *comparing) compileNetworks(values []*yaml.Node) (expression, error) {
	if mappings[c.field].kind != addressKind {
		return nil, broken(values[0], "cidr is for IP addresses, and %s is none", c.name)
	}
	x := &networks{field: c.field}
	for _, value := range values {
		network, err := netip.ParsePrefix(value.Value)
		if address, single := netip.ParseAddr(value.Value); single == nil && address.Zone() == "" {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return nil, broken(value, "%q is no network, such as 10.0.0.0/8", value.Value)
		}
		if network != network.Masked() {
			return nil, broken(value, "%s has bits behind its prefix: write %s", network, network.Masked())
		}
		x.any = append(x.any, network)
	}
	return x, nil
}

func (c *comparing) compileExistence(values []*yaml.Node) (expression, error) {
	if len(values) != 1 || values[0].Tag != "!!bool" {
		return nil, broken(values[0], "exists is true or false")
	}
	return &presence{c.field, strings.EqualFold(values[0].Value, "true")}, nil
}

func (c *comparing) compileReference(values []*yaml.Node) (expression, error) {
	var parts []expression
	for _, value := range values {
		other, known := byLowerName[strings.ToLower(value.Value)]
		if !known || !other.in(c.category) {
			return nil, unsupported(value, "fieldref: no event of %s has the field %q", c.category, value.Value)
		}
		parts = append(parts, &sameAs{c.field, other, c.modifiers.cased})
	}
	return some(parts), nil
}

func (c *comparing) compileBound(values []*yaml.Node) (expression, error) {
	if mappings[c.field].kind != numberKind {
		return nil, broken(values[0], "lt, lte, gt and gte are for numbers, and %s is none", c.name)
	}
	var parts []expression
	for _, value := range values {
		number, err := strconv.ParseInt(textOfScalar(value), 10, 64)
		if err != nil {
			return nil, broken(value, "%q is no whole number", value.Value)
		}
		parts = append(parts, &bound{c.field, c.modifiers.comparison, number})
	}
	return some(parts), nil
}
