// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// key is a key that users write.
type key struct {
	// path is where it stands, such as tracers::udp::idle_timeout. An entry of a list is named as list[].
	path string
	// name is its last part.
	name string
	kind reflect.Type
	// value is what it has by default; it can be set for trying what is refused.
	value reflect.Value
	// absent tells that the section that it is in, or the entry of a list, is not there by default.
	absent bool
	brief  string
}

// comments has what the source says of fields, as package path, type and field with dots between them.
type comments struct {
	t      *testing.T
	fields map[string]string
	read   map[string]bool
}

// of returns what is said of a field. What several are said of together stands with the first of them.
func (c *comments) of(owner reflect.Type, field string) string {
	folder := strings.TrimPrefix(owner.PkgPath(), module+"/")
	if !c.read[folder] {
		c.read[folder] = true
		for _, f := range files(c.t) {
			if f.folder() == folder && f.has(".go") && !f.has("_test.go") {
				c.parse(owner.PkgPath(), f)
			}
		}
	}
	return c.fields[owner.PkgPath()+"."+owner.Name()+"."+field]
}

func (c *comments) parse(pkg string, f file) {
	parsed, err := parser.ParseFile(token.NewFileSet(), f.name, f.content, parser.ParseComments)
	require.NoError(c.t, err)
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		body, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		said := ""
		for _, field := range body.Fields.List {
			if text := strings.Join(strings.Fields(field.Doc.Text()), " "); text != "" {
				said = text
			}
			for _, name := range field.Names {
				if field.Doc.Text() != "" || regexp.MustCompile(`\b`+name.Name+`\b`).MatchString(said) {
					c.fields[pkg+"."+spec.Name.Name+"."+name.Name] = keyed(said, body)
				}
			}
		}
		return true
	})
}

// keyed replaces names of fields by the keys that users know.
func keyed(said string, body *ast.StructType) string {
	for _, field := range body.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("mapstructure")
		tag, _, _ = strings.Cut(tag, ",")
		for _, name := range field.Names {
			if tag != "" {
				said = regexp.MustCompile(`\b`+name.Name+`\b`).ReplaceAllLiteralString(said, "`"+tag+"`")
			}
		}
	}
	return said
}

// keysOf lists the keys of a configuration, in the order of its types. Types of others are one key.
func keysOf(c *comments, prefix string, value reflect.Value, absent bool) []key {
	var all []key
	owner := value.Type()
	for at := range owner.NumField() {
		field := owner.Field(at)
		tag, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		switch {
		case options == "squash" && ours(field.Type):
			all = append(all, keysOf(c, prefix, value.Field(at), absent)...)
		case options == "squash":
			all = append(all, key{path: prefix + "…", name: "…", kind: field.Type, value: value.Field(at), brief: c.of(owner, field.Name)})
		case tag != "":
			all = append(all, c.keys(key{
				path: prefix + tag, name: tag, kind: field.Type, value: value.Field(at), absent: absent, brief: c.of(owner, field.Name),
			})...)
		}
	}
	return all
}

// ours tells whether a type is a section whose keys are ours.
func ours(kind reflect.Type) bool {
	return kind.Kind() == reflect.Struct && strings.HasPrefix(kind.PkgPath(), module)
}

// keys returns the key itself, or what is in it.
func (c *comments) keys(k key) []key {
	switch {
	case ours(k.kind):
		return keysOf(c, k.path+"::", k.value, k.absent)
	case k.kind.Kind() == reflect.Slice && ours(k.kind.Elem()):
		entry := reflect.New(k.kind.Elem()).Elem()
		return append([]key{k}, keysOf(c, k.path+"[]::", entry, true)...)
	case strings.HasPrefix(k.kind.Name(), "Optional[") && strings.Contains(k.kind.Name(), module):
		section := k.value.Addr().MethodByName("GetOrInsertDefault").Call(nil)[0].Elem()
		return append([]key{k}, keysOf(c, k.path+"::", section, false)...)
	}
	return []key{k}
}
