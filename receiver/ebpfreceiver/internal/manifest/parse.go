// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse reads a manifest, which may come from anybody. name is what errors call it: a file's name, or "the upload".
// Whether it makes sense is up to Validate.
func Parse(name string, content []byte) (*Manifest, error) {
	m, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("read manifest %s: %w", name, err)
	}
	return m, nil
}

func parse(content []byte) (*Manifest, error) {
	if len(content) > BytesMax {
		return nil, fmt.Errorf("it has %d bytes, and may have %d: leave out what is no part of a manifest", len(content), BytesMax)
	}
	if err := checkShape(content); err != nil {
		return nil, err
	}
	var m Manifest
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&m); err != nil {
		return nil, plainly(err)
	}
	return &m, nil
}

// checkShape looks at the YAML before anything is made of it: one document, no references, not too deep.
// References are what makes small files expand into large ones.
func checkShape(content []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return errors.New("it is empty; it has to begin with name, brief and events or metrics")
	} else if err != nil {
		return plainly(err)
	}
	if err := checkNode(&document, 0); err != nil {
		return err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return errors.New("it is no mapping; it has to begin with name, brief and events or metrics")
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return fmt.Errorf("line %d: there is something behind the manifest; a file holds one, without \"---\" behind it", second.Line)
	}
	return nil
}

func checkNode(node *yaml.Node, level int) error {
	switch {
	case level > depthLevelsMax:
		return fmt.Errorf("line %d: it nests deeper than %d levels, which no manifest needs", node.Line, depthLevelsMax)
	case node.Kind == yaml.AliasNode || node.Anchor != "":
		return fmt.Errorf("line %d: anchors and aliases (& and *) are not read here: write out what they stand for", node.Line)
	}
	for _, part := range node.Content {
		if err := checkNode(part, level+1); err != nil {
			return err
		}
	}
	return nil
}

var (
	unknownKey  = regexp.MustCompile(`field (\S+) not found in type manifest\.(\w+)`)
	repeatedKey = regexp.MustCompile(`field (\S+) already set in type manifest\.\w+`)
	wrongType   = regexp.MustCompile("cannot unmarshal !!(\\w+)(?: `([^`]*)`)? into (\\S+)")
)

// plainly says what the YAML library says without naming types of Go.
func plainly(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	text = strings.ReplaceAll(text, "\n  ", "; ")
	text = unknownKey.ReplaceAllString(text, `there is no key "$1" here`)
	text = repeatedKey.ReplaceAllString(text, `key "$1" stands here twice`)
	text = wrongType.ReplaceAllStringFunc(text, func(found string) string {
		match := wrongType.FindStringSubmatch(found)
		if match[2] == "" {
			return fmt.Sprintf("%s is wanted here, not a %s", wanted(match[3]), yamlKind(match[1]))
		}
		return fmt.Sprintf("%s is wanted here, not %q", wanted(match[3]), match[2])
	})
	if len(text) > bodyBytesMax {
		text = strings.ToValidUTF8(text[:bodyBytesMax], "") + "…"
	}
	return errors.New(text)
}

// wanted names what a type of Go is in YAML.
func wanted(goType string) string {
	switch {
	case goType == "time.Duration":
		return "a duration such as 10s"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "manifest.Clock", goType == "manifest.As", goType == "manifest.MetricType", goType == "manifest.Scale", goType == "string":
		return "a text"
	default:
		return "a mapping"
	}
}

func yamlKind(tag string) string {
	switch tag {
	case "seq":
		return "list"
	case "map":
		return "mapping"
	default:
		return "value of type " + tag
	}
}
