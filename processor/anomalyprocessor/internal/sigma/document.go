// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// entry is one key of a map, with its value.
type entry struct {
	key   string
	at    *yaml.Node
	value *yaml.Node
}

// entriesOf returns what is in a map, in its order. A key that stands twice is refused: YAML forbids it, and only one
// of the two would count.
func entriesOf(node *yaml.Node, what string) ([]entry, error) {
	if node.Kind != yaml.MappingNode {
		return nil, broken(node, "%s has to be a map of names and values", what)
	}
	entries := make([]entry, 0, len(node.Content)/2)
	seen := make(map[string]bool, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode {
			return nil, broken(key, "a key in %s is no text", what)
		}
		if seen[key.Value] {
			return nil, broken(key, "%q stands twice in %s", key.Value, what)
		}
		seen[key.Value] = true
		entries = append(entries, entry{key.Value, key, node.Content[i+1]})
	}
	return entries, nil
}

// parseDocument reads the one YAML document of a file.
func parseDocument(content []byte) (*yaml.Node, error) {
	if !utf8.Valid(content) {
		return nil, broken(nil, "the file is not UTF-8")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, broken(nil, "the file is empty")
	case err != nil:
		return nil, notYAML(err)
	case len(document.Content) != 1:
		return nil, broken(nil, "the file has no document")
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, unsupported(&second, "the file has more than one document: write one rule in each file")
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, broken(root, "a rule is a map that begins with title")
	}
	return root, checkShape(root, 1)
}

// notYAML tells an error of the YAML library, which has the line in its text only.
func notYAML(err error) error {
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	at := &yaml.Node{}
	if _, scanned := fmt.Sscanf(reason, "line %d:", &at.Line); scanned == nil {
		_, reason, _ = strings.Cut(reason, ": ")
	}
	return broken(at, "it is not YAML: %s", reason)
}

// checkShape bounds the depth and refuses aliases, by which few bytes stand for very many.
func checkShape(node *yaml.Node, depth int) error {
	if depth > yamlDepthMax {
		return overLimit(node, "lists and maps lie in each other deeper than %d", yamlDepthMax)
	}
	if node.Kind == yaml.AliasNode {
		return unsupported(node, "aliases (*%s) are not supported: write the value out", node.Value)
	}
	for _, child := range node.Content {
		if err := checkShape(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// textOf returns the text of a scalar; null is empty.
func textOf(e entry) (string, error) {
	if e.value.Kind != yaml.ScalarNode {
		return "", broken(e.value, "%s has to be a text; quote it if a colon is in it", e.key)
	}
	if e.value.Tag == "!!null" {
		return "", nil
	}
	return e.value.Value, nil
}

// textsOf returns the texts of a list. Rules are also published with a single text in its place.
func textsOf(e entry) ([]string, error) {
	if e.value.Kind == yaml.ScalarNode {
		text, err := textOf(e)
		if text == "" {
			return nil, err
		}
		return []string{text}, err
	}
	if e.value.Kind != yaml.SequenceNode {
		return nil, broken(e.value, "%s has to be a list of texts", e.key)
	}
	if len(e.value.Content) > metadataItemsMax {
		return nil, overLimit(e.value, "%s has %d items, %d are allowed", e.key, len(e.value.Content), metadataItemsMax)
	}
	texts := make([]string, 0, len(e.value.Content))
	for _, item := range e.value.Content {
		text, err := textOf(entry{e.key, e.at, item})
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}
