// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	tracerSource = regexp.MustCompile(`^bpf/([^/]+)/([^/]+)\.bpf\.c$`)
	included     = regexp.MustCompile(`(?m)^#include ["<](?:\.\./include/)?([^">]+)[">]`)
)

// dispatcher is the one folder with kernel code that is no tracer: it calls those of the tracers.
const dispatcher = "syscall"

// bottomHeaders hold types of the kernel. Headers include them, tracers don't.
func bottomHeaders() []string { return []string{"kernel.h", "kernel_file.h", "kernel_task.h", "kernel_socket.h", "kernel_memory.h"} }

// strayParts returns what is wrong with the source of a tracer, by the rules of bpf/README.md.
func strayParts(f file, there map[string]bool) []string {
	match := tracerSource.FindStringSubmatch(f.name)
	if match == nil {
		return nil
	}
	var wrong []string
	for _, header := range included.FindAllStringSubmatch(f.text(), -1) {
		own := path.Join(path.Dir(f.name), header[1]) // a tracer that is too long for one file
		if slices.Contains(bottomHeaders(), header[1]) || !there["bpf/include/"+header[1]] && !there[own] {
			wrong = append(wrong, fmt.Sprintf("%s includes %s: a tracer includes headers of the top and the middle layer", f.name, header[1]))
		}
	}
	if strings.Contains(f.text(), "preserve_access_index") {
		wrong = append(wrong, f.name+" defines a type of the kernel: it belongs into bpf/include/kernel.h")
	}
	if !strings.Contains(f.text(), `SEC("license") = "Dual BSD/GPL";`) {
		wrong = append(wrong, f.name+` lacks: char LICENSE[] SEC("license") = "Dual BSD/GPL";`)
	}
	if match[2] == dispatcher {
		return wrong
	}
	// Everything of a tracer has its stem, so that one finds the other parts.
	for _, part := range []string{
		path.Join("bpf", match[2], "gen.go"), path.Join(receiverAt, "tracer", match[2]+".go"), path.Join(receiverAt, "decode", match[2]+".go"),
		path.Join(receiverAt, "emit", match[2]+".go"), path.Join("internal/names", match[2]+".go"),
	} {
		if !there[part] {
			wrong = append(wrong, fmt.Sprintf("%s: the part %s is missing", f.name, part))
		}
	}
	return wrong
}

func TestBPF(t *testing.T) {
	all := files(t)
	there := map[string]bool{}
	for _, f := range all {
		there[f.name] = true
	}
	for _, f := range all {
		for _, wrong := range strayParts(f, there) {
			t.Error(wrong)
		}
	}
}

func TestBPF_findsStrayParts(t *testing.T) {
	source := file{"bpf/x/x.bpf.c", []byte("#include \"../include/event.h\"\n#include \"../include/kernel.h\"\n#include <linux/bpf.h>\n")}
	there := map[string]bool{"bpf/include/event.h": true, "bpf/include/kernel.h": true, "bpf/x/gen.go": true}
	wrong := strings.Join(strayParts(source, there), "\n")
	assert.NotContains(t, wrong, "includes event.h")
	assert.Contains(t, wrong, "includes kernel.h")
	assert.Contains(t, wrong, "includes linux/bpf.h")
	assert.Contains(t, wrong, "lacks: char LICENSE")
	assert.Contains(t, wrong, "internal/names/x.go is missing")
	require.NotContains(t, wrong, "gen.go is missing")
}
