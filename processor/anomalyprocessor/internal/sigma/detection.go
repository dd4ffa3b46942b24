// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// detection is what a rule searches for, while it is compiled.
type detection struct {
	category Category
	// names are the search identifiers in their order, nodes what each of them is.
	names []string
	nodes map[string]*yaml.Node
	// done are those that are compiled; each is compiled once, and only if the condition names it.
	done map[string]search
	// missing are fields that no event has, in what the condition has named so far.
	missing []string
	// testCount is how many values the conditions have named so far.
	testCount int
}

// search is a compiled search identifier.
type search struct {
	matches expression
	// missing are fields that no event has.
	missing []string
}

// compileDetection compiles what is under "detection" (specification, "Detection"). It also returns the fields that
// no event has and that only alternatives ask for.
func compileDetection(node *yaml.Node, category Category) (expression, []string, error) {
	entries, err := entriesOf(node, "detection")
	if err != nil {
		return nil, nil, err
	}
	d := &detection{category: category, nodes: make(map[string]*yaml.Node), done: make(map[string]search)}
	var condition *yaml.Node
	for _, e := range entries {
		switch e.key {
		case "condition":
			condition = e.value
		case "timeframe":
			return nil, nil, unsupported(e.at, "a timeframe needs several events: rules here look at one at a time")
		default:
			d.names = append(d.names, e.key)
			d.nodes[e.key] = e.value
		}
	}
	if len(d.names) > identifiersMax {
		return nil, nil, overLimit(node, "the detection has %d search identifiers, %d are allowed", len(d.names), identifiersMax)
	}
	if condition == nil {
		return nil, nil, broken(node, "the detection has no condition")
	}
	matches, err := d.compileConditions(condition)
	slices.Sort(d.missing)
	d.missing = slices.Compact(d.missing)
	if err != nil {
		return nil, d.missing, err
	}
	if missing, ok := matches.(*never); ok {
		return nil, d.missing, unsupported(node, "the rule can't match: no event has the field %s", missing.field)
	}
	return matches, d.missing, nil
}

// compileConditions compiles the condition, or a list of them, of which one is enough.
func (d *detection) compileConditions(node *yaml.Node) (expression, error) {
	conditions := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		conditions = node.Content
	}
	if len(conditions) == 0 {
		return nil, broken(node, "the condition is empty")
	}
	if len(conditions) > identifiersMax {
		return nil, overLimit(node, "there are %d conditions, %d are allowed", len(conditions), identifiersMax)
	}
	parts := make([]expression, 0, len(conditions))
	for _, condition := range conditions {
		part, err := d.compileCondition(condition)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return some(parts), nil
}

// identifier returns what a search identifier stands for.
func (d *detection) identifier(name string, at *yaml.Node) (expression, error) {
	if done, ok := d.done[name]; ok {
		d.missing = append(d.missing, done.missing...)
		return done.matches, nil
	}
	node, ok := d.nodes[name]
	if !ok {
		return nil, broken(at, "the condition names %q, and the detection has no such search identifier", name)
	}
	before := len(d.missing)
	compiled, err := d.compileSearch(node, name)
	if err != nil {
		return nil, err
	}
	d.done[name] = search{compiled, slices.Clone(d.missing[before:])}
	return compiled, nil
}

// compileSearch compiles a map, whose entries are joined by "and", or a list of maps, of which one is enough
// (specification, "Lists" and "Maps").
func (d *detection) compileSearch(node *yaml.Node, name string) (expression, error) {
	switch node.Kind {
	case yaml.MappingNode:
		return d.compileMap(node, name)
	case yaml.SequenceNode:
	default:
		return nil, unsupported(node, "%s is a text to search for anywhere in an event: name the field", name)
	}
	if len(node.Content) == 0 {
		return nil, broken(node, "%s is an empty list", name)
	}
	if len(node.Content) > listItemsMax {
		return nil, overLimit(node, "%s has %d items, %d are allowed", name, len(node.Content), listItemsMax)
	}
	parts := make([]expression, 0, len(node.Content))
	for _, item := range node.Content {
		if item.Kind != yaml.MappingNode {
			return nil, unsupported(item, "%s searches for keywords anywhere in an event: name the field", name)
		}
		part, err := d.compileMap(item, name)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return some(parts), nil
}

func (d *detection) compileMap(node *yaml.Node, name string) (expression, error) {
	entries, err := entriesOf(node, name)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, broken(node, "%s is empty", name)
	}
	parts := make([]expression, 0, len(entries))
	for _, e := range entries {
		part, err := d.compileField(e)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return every(parts), nil
}

// compileField compiles one entry of a map: a field with its modifiers, and a value or a list of values.
func (d *detection) compileField(e entry) (expression, error) {
	parts := strings.Split(e.key, "|")
	if parts[0] == "" {
		return nil, unsupported(e.at, "%q searches for keywords anywhere in an event: name the field", e.key)
	}
	m, err := parseModifiers(parts[1:], e.at)
	if err != nil {
		return nil, err
	}
	values := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		values = e.value.Content
	}
	if len(values) == 0 {
		return nil, broken(e.value, "%s has no value; for an absent field write null", e.key)
	}
	if len(values) > listItemsMax {
		return nil, overLimit(e.value, "%s has %d values, %d are allowed", e.key, len(values), listItemsMax)
	}
	for _, value := range values {
		if value.Kind != yaml.ScalarNode {
			return nil, broken(value, "a value of %s has to be a text, a number, true, false or null", e.key)
		}
		if len(value.Value) > valueBytesMax {
			return nil, overLimit(value, "a value of %s has %d bytes, %d are allowed", e.key, len(value.Value), valueBytesMax)
		}
	}
	field, missing, err := d.field(parts[0], e.at)
	if err != nil {
		return nil, err
	}
	if missing != "" {
		return d.never(parts[0], missing, m, values, e.at)
	}
	c := comparing{field: field, modifiers: m, name: parts[0], category: d.category}
	compiled, err := c.compile(values)
	if err == nil && m.differs {
		compiled = &not{compiled}
	}
	return compiled, err
}

// field finds the field of a name. If no event of the category can have it, missing says why.
func (d *detection) field(name string, at *yaml.Node) (field Field, missing string, err error) {
	field, known := byLowerName[strings.ToLower(name)]
	if known && field.in(d.category) {
		return field, "", nil
	}
	if known {
		return 0, "it is in no event of " + d.category.String(), nil
	}
	if reason, there := neverThere[strings.ToLower(name)]; there {
		return 0, reason, nil
	}
	return 0, "", unsupported(at, "the field %q is not known", name)
}

// never stands for a field that no event has. Sigma's comparisons don't match then, but what asks for its absence
// would always hold, and that is hardly what the author meant.
func (d *detection) never(name, reason string, m modifiers, values []*yaml.Node, at *yaml.Node) (expression, error) {
	absence := m.differs || m.comparison == asExistence
	for _, value := range values {
		absence = absence || value.Tag == "!!null"
	}
	if absence {
		return nil, unsupported(at, "no event has the field %s: %s", name, reason)
	}
	d.missing = append(d.missing, name)
	return &never{name + ": " + reason}, nil
}
