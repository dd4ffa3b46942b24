// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	functionLinesMax = 70
	fileLinesMax     = 300
	// longFileLinesMax holds for the files that are excepted.
	longFileLinesMax = 500
)

// longFiles may be longer than others, each for a reason.
func longFiles() map[string]string {
	return map[string]string{
		"bpf/process/process.bpf.c":                       "the programs of a tracer share static functions and maps: one unit",
		"bpf/file/file.bpf.c":                             "the programs of a tracer share static functions and maps: one unit",
		"bpf/injection/injection.bpf.c":                   "the programs of a tracer share static functions and maps: one unit",
		"bpf/ipc/ipc.bpf.c":                               "the programs of a tracer share static functions and maps: one unit",
		"bpf/socket/socket.bpf.c":                         "the programs of a tracer share static functions and maps: one unit",
		"bpf/tcp/tcp.bpf.c":                               "the programs of a tracer share static functions and maps: one unit",
		"bpf/udp/udp.bpf.c":                               "the programs of a tracer share static functions and maps: one unit",
		"receiver/ebpfreceiver/internal/tracer/tracer.go": "the life cycle of a tracer, to be read in one go",
		"receiver/ebpfreceiver/internal/process/table.go": "one data structure under one lock",
		"receiver/ebpfreceiver/process_test.go":           "one test per kind of exec, fork and exit",
	}
}

func lines(f file) int { return strings.Count(f.text(), "\n") }

// longFunctions returns the functions of a file that are too long, each with its place.
func longFunctions(t *testing.T, f file) []string {
	t.Helper()
	if f.has(".go") {
		return longGoFunctions(t, f)
	}
	return longCFunctions(f)
}

func longGoFunctions(t *testing.T, f file) []string {
	t.Helper()
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, f.name, f.content, parser.SkipObjectResolution)
	require.NoError(t, err)
	var long []string
	for _, declaration := range syntax.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		first, last := set.Position(function.Pos()).Line, set.Position(function.End()).Line
		if last-first+1 >= functionLinesMax {
			long = append(long, fmt.Sprintf("%s:%d: function %s has %d lines", f.name, first, function.Name.Name, last-first+1))
		}
	}
	return long
}

// longCFunctions knows a body by its braces, which stand at the beginning of their lines.
func longCFunctions(f file) []string {
	var long []string
	opened := 0
	for i, line := range strings.Split(f.text(), "\n") {
		switch {
		case line == "{":
			opened = i + 1
		case line == "}" && opened > 0:
			// The line above the brace is the function's head.
			if length := i + 1 - opened + 2; length >= functionLinesMax {
				long = append(long, fmt.Sprintf("%s:%d: function has %d lines", f.name, opened-1, length))
			}
			opened = 0
		}
	}
	return long
}

func TestCodeSize(t *testing.T) {
	excepted := longFiles()
	for _, f := range files(t) {
		if !f.has(".go", ".c", ".h", ".sh") || f.generated() {
			continue
		}
		for _, long := range longFunctions(t, f) {
			t.Errorf("%s: the limit is %d: divide it", long, functionLinesMax-1)
		}
		_, mayBeLong := excepted[f.name]
		delete(excepted, f.name)
		switch {
		case lines(f) > longFileLinesMax:
			t.Errorf("%s has %d lines, the limit for any file is %d: divide it", f.name, lines(f), longFileLinesMax)
		case lines(f) > fileLinesMax && !mayBeLong:
			t.Errorf("%s has %d lines, the limit is %d: divide it, or name it in longFiles() with a reason", f.name, lines(f), fileLinesMax)
		case lines(f) <= fileLinesMax && mayBeLong:
			t.Errorf("%s has only %d lines by now: take it out of longFiles()", f.name, lines(f))
		}
	}
	for name := range excepted {
		t.Errorf("%s does not exist: take it out of longFiles()", name)
	}
}

func TestCodeSize_findsLongFunctions(t *testing.T) {
	body := strings.Repeat("\tcall();\n", functionLinesMax-3)
	assert.Len(t, longFunctions(t, file{"x.go", []byte("package x\n\nfunc f() {\n" + body + "\n}\n")}), 1)
	assert.Empty(t, longFunctions(t, file{"x.go", []byte("package x\n\nfunc f() {\n" + body + "}\n")}))
	assert.Equal(t, []string{"x.bpf.c:1: function has 70 lines"},
		longFunctions(t, file{"x.bpf.c", []byte("int f(void)\n{\n" + body + "}\n")}))
	assert.Empty(t, longFunctions(t, file{"x.bpf.c", []byte("int f(void)\n{\n" + body[9:] + "}\n")}))
}
