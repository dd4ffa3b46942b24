// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	// module is the path of the one Go module, and root its folder.
	module = "github.com/meerkat-otel/meerkat"
	root   = "../.."
)

// file is one that belongs to the repository.
type file struct {
	// name is the path from the root, with slashes.
	name    string
	content []byte
}

func (f file) text() string { return string(f.content) }

func (f file) folder() string { return path.Dir(f.name) }

// generatedLine is how tools mark what they have written.
var generatedLine = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func (f file) generated() bool { return generatedLine.Match(f.content) }

// has tells whether the name of the file ends with one of the suffixes.
func (f file) has(suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(f.name, suffix) })
}

// files returns everything that belongs to the repository, without what Git ignores.
func files(t *testing.T) []file {
	t.Helper()
	ignored := ignoredByGit(t)
	var all []file
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if ignored(filepath.ToSlash(relative), entry.IsDir()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(name)
		all = append(all, file{name: filepath.ToSlash(relative), content: content})
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// goFiles returns the files of the root module that are written in Go.
func goFiles(t *testing.T) []file {
	t.Helper()
	return slices.DeleteFunc(files(t), func(f file) bool { return !f.has(".go") })
}

// ignoredByGit understands the two forms that .gitignore uses: a folder from the root, and the end of a
// name.
func ignoredByGit(t *testing.T) func(name string, folder bool) bool {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	require.NoError(t, err)
	folders, suffixes := []string{".git"}, []string{}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '/' && strings.HasSuffix(line, "/"):
			folders = append(folders, strings.Trim(line, "/"))
		case line[0] == '*' && !strings.ContainsAny(line[1:], "*?[/"):
			suffixes = append(suffixes, line[1:])
		default:
			t.Fatalf(".gitignore: %q is neither /folder/ nor *suffix: write it in one of these forms", line)
		}
	}
	return func(name string, folder bool) bool {
		if folder {
			return slices.Contains(folders, name)
		}
		return name == ".git" || file{name: name}.has(suffixes...)
	}
}

// copyTree copies the repository to a folder outside of it.
func copyTree(t *testing.T) string {
	t.Helper()
	target := t.TempDir()
	for _, f := range files(t) {
		info, err := os.Stat(filepath.Join(root, f.name))
		require.NoError(t, err)
		name := filepath.Join(target, f.name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, f.content, info.Mode().Perm()))
	}
	return target
}

// command prepares a program. What it compiles is compiled like the binary, without cgo, the race detector
// and names of folders, so that packages are compiled once for all tests.
func command(t *testing.T, folder, name string, arguments ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, arguments...)
	c.Dir = folder
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath"))
	return c
}

// run runs a program that has to succeed, and returns what it prints.
func run(t *testing.T, folder, name string, arguments ...string) string {
	t.Helper()
	return output(t, command(t, folder, name, arguments...))
}

func output(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	var complaints bytes.Buffer
	c.Stderr = &complaints
	printed, err := c.Output()
	require.NoError(t, err, "%s, in %s:\n%s%s", strings.Join(c.Args, " "), c.Dir, printed, complaints.String())
	return string(printed)
}
