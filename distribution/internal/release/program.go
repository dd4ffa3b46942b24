// SPDX-License-Identifier: Apache-2.0

package release

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

// Program is the collector for one processor.
type Program struct {
	// Architecture is the processor as Go calls it, and Path where the program is.
	Architecture, Path string
	// GoVersion is the compiler's, such as go1.26.0.
	GoVersion string
	// Modules are those that it was linked from, without our own, in the order of their names.
	Modules []Module
}

// Module is one of others in a program.
type Module struct {
	Path, Version string
	// Sum is as in go.sum.
	Sum string
	// Folder is where its files are.
	Folder string
}

// Build builds the collector as `make build` does. What Go would add of the commit is left out, so that the program is the
// same whether it is made from a clone or from an archive: the commit is told by what is made of it.
func Build(ctx context.Context, root, architecture, path string) (Program, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return Program{}, err
	}
	environment := []string{
		"GOOS=linux", "GOARCH=" + architecture, "CGO_ENABLED=0", "GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -buildvcs=false"),
	}
	if _, err := Output(ctx, root, environment, "make", "--no-print-directory", "build", "BINARY="+absolute); err != nil {
		return Program{}, fmt.Errorf("build for %s: %w", architecture, err)
	}
	return Open(ctx, root, absolute)
}

// Open reads what a program says it was made of.
func Open(ctx context.Context, root, path string) (Program, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return Program{}, err
	}
	p := Program{Path: path, GoVersion: info.GoVersion}
	for _, setting := range info.Settings {
		if setting.Key == "GOARCH" {
			p.Architecture = setting.Value
		}
	}
	if p.Architecture == "" {
		return Program{}, fmt.Errorf("%s does not say what processor it is for", path)
	}
	p.Modules, err = modulesOf(ctx, root, info.Deps)
	if err != nil {
		return Program{}, fmt.Errorf("find the modules of %s: %w", path, err)
	}
	return p, nil
}

// modulesOf finds the folders of the modules that a program was linked from.
func modulesOf(ctx context.Context, root string, linked []*debug.Module) ([]Module, error) {
	if len(linked) == 0 {
		return nil, nil
	}
	arguments := []string{"list", "-mod=readonly", "-m", "-json=Path,Version,Dir"}
	for _, dependency := range linked {
		arguments = append(arguments, dependency.Path)
	}
	listed, err := Output(ctx, root, nil, "go", arguments...)
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
	var modules []Module
	for _, dependency := range linked {
		folder := folders[dependency.Path+"@"+dependency.Version]
		if folder == "" || dependency.Replace != nil {
			return nil, fmt.Errorf("%s %s is not what go.mod names, or not downloaded: go mod download", dependency.Path, dependency.Version)
		}
		modules = append(modules, Module{dependency.Path, dependency.Version, dependency.Sum, folder})
	}
	slices.SortFunc(modules, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}
