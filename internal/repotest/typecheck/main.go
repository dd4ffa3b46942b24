// SPDX-License-Identifier: Apache-2.0

// Command typecheck checks the types of packages and of all that they import, for the system and the
// processor that GOOS and GOARCH name.
//
// It finds what the compiler would find in our code, and what is missing in that of others, in a small part
// of the time that it takes to compile hundreds of packages for another system: it never makes code, and
// leaves out the bodies of functions that are not ours.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "typecheck:", err)
		os.Exit(1)
	}
}

// run takes the arguments of go list.
func run(arguments []string) error {
	list := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,Module"}, arguments...)...)
	var complaints bytes.Buffer
	list.Stderr = &complaints
	listed, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the packages: %w\n%s", err, complaints.String())
	}
	c := checker{files: token.NewFileSet(), checked: map[string]*types.Package{"unsafe": types.Unsafe}}
	decoder := json.NewDecoder(bytes.NewReader(listed))
	for {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("read the list of packages: %w", err)
		}
		// What a package imports comes before it.
		c.check(p)
	}
	fmt.Println(len(c.checked), "packages")
	return errors.Join(c.found...)
}

// listedPackage is what go list says of a package.
type listedPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	// ImportMap has the imports that mean another package than they name.
	ImportMap map[string]string
	Module    *struct{ Main bool }
}

type checker struct {
	files   *token.FileSet
	checked map[string]*types.Package
	found   []error
}

func (c *checker) check(p listedPackage) {
	if p.ImportPath == "unsafe" {
		return
	}
	ours := p.Module != nil && p.Module.Main
	var syntax []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(c.files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			c.found = append(c.found, err)
			return
		}
		syntax = append(syntax, file)
	}
	configuration := types.Config{
		Importer:         importer{c, p.ImportMap},
		IgnoreFuncBodies: !ours,
		Sizes:            types.SizesFor(runtime.Compiler, processor()),
		Error:            func(err error) { c.found = append(c.found, err) },
	}
	// All errors come through Error.
	c.checked[p.ImportPath], _ = configuration.Check(p.ImportPath, c.files, syntax, nil)
}

func processor() string {
	if wanted := os.Getenv("GOARCH"); wanted != "" {
		return wanted
	}
	return runtime.GOARCH
}

// importer finds packages that were checked before.
type importer struct {
	checker *checker
	renamed map[string]string
}

// Import implements types.Importer.
func (i importer) Import(path string) (*types.Package, error) {
	if renamed, ok := i.renamed[path]; ok {
		path = renamed
	}
	if p, ok := i.checker.checked[path]; ok && p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%s is not among the packages", path)
}
