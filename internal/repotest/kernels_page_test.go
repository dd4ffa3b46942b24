// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// kernelsPage is written by make vm, which takes too long to run it at every change.
const kernelsPage = "docs/kernels.md"

var (
	// objectProgram is how bpf2go lists the programs of an object. Each of them serves a hook of the
	// tracer's specification, which a test of that holds.
	objectProgram = regexp.MustCompile(`\*ebpf\.ProgramSpec\s+.ebpf:"(\w+)".`)
	pageTracer    = regexp.MustCompile("(?m)^### `(\\w+)`$")
	pageProgram   = regexp.MustCompile("(?m)^\\| \\w+ \\| `(\\w+)` \\|")
)

// programsOf returns the programs of all tracers, each as tracer and program.
func programsOf(all []file) map[string]bool {
	programs := map[string]bool{}
	for _, f := range all {
		if !f.has("_bpfel.go") {
			continue
		}
		for _, match := range objectProgram.FindAllStringSubmatch(f.text(), -1) {
			programs[path.Base(f.folder())+" "+match[1]] = true
		}
	}
	return programs
}

// programsOn returns the programs that a page lists, each as tracer and program.
func programsOn(page string) map[string]bool {
	programs := map[string]bool{}
	headings := pageTracer.FindAllStringSubmatchIndex(page, -1)
	for i, at := range headings {
		end := len(page)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		for _, match := range pageProgram.FindAllStringSubmatch(page[at[1]:end], -1) {
			programs[page[at[2]:at[3]]+" "+match[1]] = true
		}
	}
	return programs
}

// untried returns the programs that the page about kernels lacks, and those that it has too many.
func untried(all []file, page string) []string {
	there, listed := programsOf(all), programsOn(page)
	var wrong []string
	for _, program := range slices.Sorted(maps.Keys(there)) {
		if !listed[program] {
			wrong = append(wrong, fmt.Sprintf("%s does not have %s: make vm", kernelsPage, program))
		}
	}
	for _, program := range slices.Sorted(maps.Keys(listed)) {
		if !there[program] {
			wrong = append(wrong, fmt.Sprintf("%s has %s, which does not exist any more: make vm", kernelsPage, program))
		}
	}
	return wrong
}

// Every program has been tried on every kernel. What it does there is not compared: the page is renewed
// when there are other programs, not at each change to one.
func TestKernelsPage(t *testing.T) {
	all := files(t)
	at := slices.IndexFunc(all, func(f file) bool { return f.name == kernelsPage })
	if at < 0 {
		t.Fatalf("%s is missing: make vm", kernelsPage)
	}
	assert.NotEmpty(t, programsOf(all))
	for _, wrong := range untried(all, all[at].text()) {
		t.Error(wrong)
	}
}

func TestKernelsPage_findsUntriedPrograms(t *testing.T) {
	all := []file{
		{"bpf/tcp/tcp_x86_bpfel.go", []byte("\tA *ebpf.ProgramSpec `ebpf:\"tcp_a\"`\n\tB  *ebpf.ProgramSpec `ebpf:\"tcp_b\"`\n")},
		{"bpf/file/file_x86_bpfel.go", []byte("\tA *ebpf.ProgramSpec `ebpf:\"file_a\"`\n\tM *ebpf.MapSpec `ebpf:\"m\"`\n")},
	}
	page := "### `tcp`\n\n| hook | program | 5.10 |\n| --- | --- | --- |\n| x | `tcp_a` | **1**, 2 ms |\n| x | `tcp_c` | 1, 2 ms |\n\n" +
		"### `file`\n\n| x | `file_a` | 1 |\n| x | `tcp_b` | 1 |\n"
	assert.Equal(t, []string{
		"docs/kernels.md does not have tcp tcp_b: make vm",
		"docs/kernels.md has file tcp_b, which does not exist any more: make vm",
		"docs/kernels.md has tcp tcp_c, which does not exist any more: make vm",
	}, untried(all, page))
}
