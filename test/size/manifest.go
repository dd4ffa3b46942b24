// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// manifest is the builder's, in the order in which it is written.
type manifest struct {
	// dist is what the builder wants to know besides the entries.
	dist    *yaml.Node
	entries []entry
}

// entry is a line of the manifest: a component, or a provider of configuration.
type entry struct {
	// section is the list in which it stands, such as "receivers".
	section string
	// name is the last element of its package.
	name string
	node *yaml.Node
}

// providers is the section that no collector can do without, and that the builder fills itself when it is
// not there.
const providers = "providers"

func parse(text []byte) (manifest, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return manifest{}, fmt.Errorf("read the manifest: %w", err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return manifest{}, errors.New("read the manifest: it is not a mapping")
	}
	var m manifest
	for pair := range slices.Chunk(document.Content[0].Content, 2) {
		section, value := pair[0].Value, pair[1]
		if section == "dist" {
			m.dist = value
			continue
		}
		for _, node := range value.Content {
			name, err := nameOf(node)
			if err != nil {
				return manifest{}, fmt.Errorf("read the section %q of the manifest: %w", section, err)
			}
			m.entries = append(m.entries, entry{section, name, node})
		}
	}
	if m.dist == nil || len(m.entries) == 0 {
		return manifest{}, errors.New("read the manifest: it has no dist section, or no components")
	}
	return m, nil
}

func nameOf(node *yaml.Node) (string, error) {
	var fields struct {
		GoMod  string `yaml:"gomod"`
		Import string `yaml:"import"`
	}
	if err := node.Decode(&fields); err != nil {
		return "", err
	}
	if fields.Import != "" {
		return path.Base(fields.Import), nil
	}
	module, _, _ := strings.Cut(fields.GoMod, " ")
	if module == "" {
		return "", fmt.Errorf("line %d has no gomod", node.Line)
	}
	return path.Base(module), nil
}

// with writes a manifest that has some of the entries.
func (m manifest) with(entries []entry) ([]byte, error) {
	sections := map[string]any{"dist": m.dist}
	for _, e := range entries {
		list, _ := sections[e.section].([]*yaml.Node)
		sections[e.section] = append(list, e.node)
	}
	return yaml.Marshal(sections)
}
