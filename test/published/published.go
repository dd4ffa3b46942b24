// SPDX-License-Identifier: Apache-2.0

// Package published builds commands of other projects from the modules that these have published, for tests that need the real thing.
//
// What is built stays in a cache folder of the user, so that only the first test waits. It never runs what it has built, and never
// takes anything that the Go module proxy does not serve.
package published

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// cacheFolder is where builds are, in the cache folder of the user.
const cacheFolder = "meerkat-e2e"

// Source is the source of commands.
type Source struct {
	// Name is what people call the project.
	Name string
	// Module is its path, and Version which one.
	Module, Version string
	// Commands are folders of the module, each with a program that gets the folder's name. The module's own folder is the empty one.
	Commands []string
	// Tags are build constraints that hold.
	Tags []string
}

// Build returns the folder with the commands, which are built if they are not there. Removing the folder renews them.
func Build(ctx context.Context, s Source) (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	folder := filepath.Join(caches, cacheFolder, s.Name+"-"+s.Version)
	bin := filepath.Join(folder, "bin")
	if s.isIn(bin) {
		return bin, nil
	}
	started := time.Now()
	fmt.Printf("Building %s %s in %s, which takes minutes the first time\n", s.Name, s.Version, folder)
	if err := s.build(ctx, filepath.Join(folder, "source"), bin); err != nil {
		return "", fmt.Errorf("build %s %s (remove %s to start anew): %w", s.Name, s.Version, folder, err)
	}
	fmt.Printf("Built %s in %s\n", s.Name, time.Since(started).Round(time.Second))
	return bin, nil
}

func (s Source) isIn(folder string) bool {
	for _, command := range s.Commands {
		if _, err := os.Stat(filepath.Join(folder, path.Base(path.Join(s.Module, command)))); err != nil {
			return false
		}
	}
	return true
}

// build makes a module that requires the source, since a module that replaces others can't be installed by its name.
func (s Source) build(ctx context.Context, source, bin string) error {
	for _, folder := range []string{source, bin} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	of, err := ReadGoMod(ctx, source, s.Module+"@"+s.Version)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(source, "go.mod"), []byte(s.scratchMod(of)), 0o644); err != nil {
		return err
	}
	if _, err := Go(ctx, source, "mod", "tidy"); err != nil {
		return err
	}
	arguments := []string{"build", "-trimpath", "-ldflags", "-s -w", "-tags", strings.Join(s.Tags, ","), "-o", bin + "/"}
	_, err = Go(ctx, source, append(arguments, s.packages()...)...)
	return err
}

func (s Source) packages() []string {
	all := make([]string, len(s.Commands))
	for i, command := range s.Commands {
		all[i] = path.Join(s.Module, command)
	}
	return all
}

// GoMod is a go.mod as go mod edit prints it.
type GoMod struct {
	Go      string
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
}

// scratchMod is the go.mod of a module that has the commands as tools, and replaces what the source replaces. What that takes from a
// folder of its repository, which no proxy serves, is taken as it was published.
func (s Source) scratchMod(of GoMod) string {
	var text strings.Builder
	fmt.Fprintf(&text, "module %s\n\ngo %s\n\nrequire %s %s\n\n", strings.ToLower(s.Name), of.Go, s.Module, s.Version)
	for _, command := range s.packages() {
		fmt.Fprintf(&text, "tool %s\n", command)
	}
	for _, replaced := range of.Replace {
		if replaced.New.Version != "" {
			old := strings.TrimSpace(replaced.Old.Path + " " + replaced.Old.Version)
			fmt.Fprintf(&text, "replace %s => %s %s\n", old, replaced.New.Path, replaced.New.Version)
		}
	}
	return text.String()
}

// ReadGoMod reads the go.mod of a module, such as example.com/a@v1.2.3. The folder is any that is in no module of a go.work.
func ReadGoMod(ctx context.Context, folder, module string) (of GoMod, err error) {
	var downloaded struct{ GoMod string }
	if err := goJSON(ctx, folder, &downloaded, "mod", "download", "-json", module); err != nil {
		return of, err
	}
	return of, goJSON(ctx, folder, &of, "mod", "edit", "-json", downloaded.GoMod)
}

func goJSON(ctx context.Context, folder string, into any, arguments ...string) error {
	printed, err := Go(ctx, folder, arguments...)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(printed), into)
}

// Go runs the go command in a folder and returns what it prints. If it fails, its complaints are in the error.
func Go(ctx context.Context, folder string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	printed, err := command.Output()
	if exit, exited := errors.AsType[*exec.ExitError](err); exited {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, strings.TrimSpace(string(exit.Stderr)))
	}
	return string(printed), err
}
