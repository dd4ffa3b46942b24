// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// goFor prepares a go command for another system or processor.
func goFor(t *testing.T, system, processor string, arguments ...string) *exec.Cmd {
	t.Helper()
	c := command(t, root, "go", arguments...)
	c.Env = append(c.Env, "GOOS="+system, "GOARCH="+processor)
	return c
}

// What is ours compiles for arm64. That the Collector's parts do is for their makers to test: to compile
// all of them takes longer than everything else here, so it is only looked whether all are there.
func TestCross_arm64(t *testing.T) {
	output(t, goFor(t, "linux", "arm64", "build", "./bpf/...", "./internal/...", "./receiver/..."))
	linked := strings.Fields(output(t, goFor(t, "linux", "arm64", "list", "-deps", "-tags", readManifest(t).Dist.BuildTags, "./distribution")))
	assert.Contains(t, linked, module+"/bpf/process")
}

// Who has our receiver in a collector can build that for systems without eBPF too, where it says at the
// start that it can't run.
func TestCross_withoutEBPF(t *testing.T) {
	for _, system := range []string{"darwin", "windows"} {
		output(t, goFor(t, system, "amd64", "build", "./receiver/ebpfreceiver"))
	}
}
