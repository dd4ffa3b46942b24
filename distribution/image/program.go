// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// program is the collector for one processor.
type program struct {
	// architecture is the processor as Go calls it, and path where the program is.
	architecture, path string
	// goVersion is the compiler's, such as go1.26.0.
	goVersion string
	// modules are those that it was linked from, without our own, in the order of their names.
	modules []module
}

// module is one of others in a program.
type module struct {
	path, version string
	// sum is as in go.sum.
	sum string
	// folder is where its files are.
	folder string
}

// build builds the collector as `make build` does. What Go would add of the commit is left out, so that the program is the
// same whether it is made from a clone or from an archive: the commit is told by a label of the image.
func build(ctx context.Context, root, architecture, path string) (program, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return program{}, err
	}
	environment := []string{
		"GOOS=linux", "GOARCH=" + architecture, "CGO_ENABLED=0", "GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -buildvcs=false"),
	}
	if _, err := output(ctx, root, environment, "make", "--no-print-directory", "build", "BINARY="+absolute); err != nil {
		return program{}, fmt.Errorf("build for %s: %w", architecture, err)
	}
	return open(ctx, root, absolute)
}

// open reads what a program says it was made of.
func open(ctx context.Context, root, path string) (program, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return program{}, err
	}
	p := program{path: path, goVersion: info.GoVersion}
	for _, setting := range info.Settings {
		if setting.Key == "GOARCH" {
			p.architecture = setting.Value
		}
	}
	if p.architecture == "" {
		return program{}, fmt.Errorf("%s does not say what processor it is for", path)
	}
	p.modules, err = modulesOf(ctx, root, info.Deps)
	if err != nil {
		return program{}, fmt.Errorf("find the modules of %s: %w", path, err)
	}
	return p, nil
}

// modulesOf finds the folders of the modules that a program was linked from.
func modulesOf(ctx context.Context, root string, linked []*debug.Module) ([]module, error) {
	if len(linked) == 0 {
		return nil, nil
	}
	arguments := []string{"list", "-mod=readonly", "-m", "-json=Path,Version,Dir"}
	for _, dependency := range linked {
		arguments = append(arguments, dependency.Path)
	}
	listed, err := output(ctx, root, nil, "go", arguments...)
	if err != nil {
		return nil, err
	}
	folders := map[string]string{}
	decoder := json.NewDecoder(strings.NewReader(string(listed)))
	for {
		var one struct{ Path, Version, Dir string }
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		folders[one.Path+"@"+one.Version] = one.Dir
	}
	var modules []module
	for _, dependency := range linked {
		folder := folders[dependency.Path+"@"+dependency.Version]
		if folder == "" || dependency.Replace != nil {
			return nil, fmt.Errorf("%s %s is not what go.mod names, or not downloaded: go mod download", dependency.Path, dependency.Version)
		}
		modules = append(modules, module{dependency.Path, dependency.Version, dependency.Sum, folder})
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.path, b.path) })
	return modules, nil
}
