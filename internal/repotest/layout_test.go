// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// topLevel is everything that may stand in the root. Data walks from left to right: bpf, receiver,
// processor, exporter. Nothing else at the top holds logic of the product.
func topLevel() []string {
	return []string{
		"bpf", "receiver", "processor", "exporter", "extension", "internal",
		"distribution", "examples", "docs", "test", ".ci",
		"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "go.mod", "go.sum", "builder-config.yaml",
		".gitignore", ".golangci.yml", ".clang-format", ".editorconfig",
	}
}

// vagueFolders say nothing about what is in them, so everything ends up there.
func vagueFolders() []string {
	return []string{"pkg", "util", "utils", "common", "core", "manager", "helper", "helpers", "misc", "lib"}
}

// misplaced returns what is wrong with the place of a file.
func misplaced(name string) string {
	top, _, _ := strings.Cut(name, "/")
	if !slices.Contains(topLevel(), top) {
		return name + ": " + top + " has no place at the top: put it under one of the folders in topLevel()"
	}
	for folder := range strings.SplitSeq(path.Dir(name), "/") {
		if slices.Contains(vagueFolders(), folder) {
			return name + ": a folder named " + folder + " says nothing: name it after what is in it"
		}
	}
	return ""
}

func TestLayout(t *testing.T) {
	for _, f := range files(t) {
		if complaint := misplaced(f.name); complaint != "" {
			t.Error(complaint)
		}
	}
}

func TestLayout_findsWhatIsMisplaced(t *testing.T) {
	assert.Empty(t, misplaced("receiver/ebpfreceiver/config.go"))
	assert.Contains(t, misplaced("server/main.go"), "server has no place at the top")
	assert.Contains(t, misplaced("receiver/ebpfreceiver/internal/utils/x.go"), "named utils")
	assert.Empty(t, misplaced("internal/names/common.go"), "a file may be called so")
}
