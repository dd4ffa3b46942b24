// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// below tells whether a path is the pattern's or lies below it. In the pattern * stands for one element.
func below(pattern, name string) bool {
	elements := strings.Split(name, "/")
	depth := strings.Count(pattern, "/") + 1
	if len(elements) < depth {
		return false
	}
	fits, err := path.Match(pattern, strings.Join(elements[:depth], "/"))
	return err == nil && fits
}

func anyBelow(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return below(pattern, name) })
}

// ruleFor returns the rule that holds for the packages in a folder, nil if there is none.
func ruleFor(folder string) *importRule {
	var holds *importRule
	for _, rule := range importTable() {
		if below(rule.folder, folder) && (holds == nil || len(rule.folder) > len(holds.folder)) {
			holds = &rule
		}
	}
	return holds
}

// forbidden says why the package in a folder may not import another one, "" if it may.
func forbidden(folder, imported string) string {
	rule := ruleFor(folder)
	if rule == nil {
		return folder + " has no row in importTable(): add one that says what it may know"
	}
	edge := fmt.Sprintf("%s imports %s", folder, imported)
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case isOurs && !below(rule.folder, ours) && !anyBelow(rule.ours, ours):
		return fmt.Sprintf("%s: of ours it may know %q: hand over what it needs from above, or move it", edge, rule.ours)
	case isOurs, !strings.Contains(first, "."):
		return ""
	case anyBelow(rule.never, imported):
		return fmt.Sprintf("%s: it must not know %q", edge, rule.never)
	case !slices.Contains(rule.others, anything) && !anyBelow(rule.others, imported):
		return fmt.Sprintf("%s: of others it may know %q: if it needs this one, say so in importTable()", edge, rule.others)
	}
	return ""
}

// importsOf returns what a file imports.
func importsOf(t *testing.T, f file) []string {
	t.Helper()
	syntax, err := parser.ParseFile(token.NewFileSet(), f.name, f.content, parser.ImportsOnly)
	require.NoError(t, err)
	var all []string
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		all = append(all, imported)
	}
	return all
}

func TestImports(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.has("_test.go") {
			continue
		}
		if ruleFor(f.folder()) == nil {
			t.Error(forbidden(f.folder(), ""))
			continue
		}
		for _, imported := range importsOf(t, f) {
			if complaint := forbidden(f.folder(), imported); complaint != "" {
				t.Errorf("%s: %s", f.name, complaint)
			}
		}
	}
}

// Edges that were made up, one for each kind of rule.
func TestImports_findsForbiddenEdges(t *testing.T) {
	for _, edge := range []struct{ folder, imported, want string }{
		{"bpf/process", "go.uber.org/zap", "bpf/process imports go.uber.org/zap"},
		{"bpf/process", module + "/internal/names", "of ours"},
		{receiverAt + "tracer", pdata + "/plog", "of others"},
		{receiverAt + "tracer", module + "/" + receiverAt + "decode", "of ours"},
		{receiverAt + "ring", module + "/bpf/process", "of ours"},
		{receiverAt + "decode", ebpf, "of others"},
		{receiverAt + "emit", module + "/" + receiverAt + "tracer", "of ours"},
		{receiverAt + "emit", module + "/bpf/file", "of ours"},
		{"processor/k8senrichprocessor/internal/watch", "k8s.io/client-go/kubernetes/typed/core/v1", "must not know"},
		{"processor/k8senrichprocessor", "k8s.io/client-go/tools/cache", ""},
		{"processor/anomalyprocessor", "k8s.io/client-go/rest", "must not know"},
		{"processor/anomalyprocessor", module + "/processor/k8senrichprocessor", "of ours"},
		{"exporter/consoleexporter", module + "/receiver/ebpfreceiver", "of ours"},
		{"internal/names", "github.com/google/uuid", "of others"},
		{"test/bench", module + "/receiver/ebpfreceiver", "of ours"},
		{"receiver/otherreceiver", "fmt", "has no row"},
		{"receiver/ebpfreceiver", module + "/" + receiverAt + "emit", ""},
		{"receiver/ebpfreceiver", module + "/receiver/ebpfreceiverextra", "of ours"},
		{"bpf/file", "encoding/binary", ""},
	} {
		complaint := forbidden(edge.folder, edge.imported)
		if edge.want == "" {
			assert.Empty(t, complaint)
			continue
		}
		assert.Contains(t, complaint, edge.want, "%s -> %s", edge.folder, edge.imported)
	}
}
