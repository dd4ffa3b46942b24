// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documented tells whether a file has a comment on its package in Go's form.
func documented(f file, syntax *ast.File) bool {
	doc := syntax.Doc.Text()
	starts := []string{"Package " + syntax.Name.Name + " "}
	if syntax.Name.Name == "main" {
		starts = append(starts, "Command "+path.Base(f.folder())+" ", "Program ")
	}
	for _, start := range starts {
		if strings.HasPrefix(doc, start) {
			return true
		}
	}
	return false
}

func TestPackageDoc(t *testing.T) {
	packages := map[string]bool{}
	for _, f := range goFiles(t) {
		syntax, err := parser.ParseFile(token.NewFileSet(), f.name, f.content, parser.ParseComments|parser.PackageClauseOnly)
		require.NoError(t, err)
		packages[f.folder()] = packages[f.folder()] || documented(f, syntax)
	}
	for folder, ok := range packages {
		if !ok {
			t.Errorf("%s has no comment on its package: write one that says what it is and what it never does, beginning with \"Package %s \"",
				folder, path.Base(folder))
		}
	}
}

func TestPackageDoc_findsMissing(t *testing.T) {
	for text, want := range map[string]bool{
		"// Package ring reads.\npackage ring\n":       true,
		"// Reads rings.\npackage ring\n":              false,
		"// Package ring reads.\n\npackage ring\n":     false,
		"// Command ring reads rings.\npackage main\n": true,
		"// Command bench measures.\npackage main\n":   false,
	} {
		f := file{"a/ring/x.go", []byte(text)}
		syntax, err := parser.ParseFile(token.NewFileSet(), f.name, f.content, parser.ParseComments)
		require.NoError(t, err)
		assert.Equal(t, want, documented(f, syntax), text)
	}
}
