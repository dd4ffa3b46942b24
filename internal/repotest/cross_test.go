// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// typecheck prepares a check of packages for another system, as if they were compiled for it.
func typecheck(t *testing.T, system, processor, packages string) *exec.Cmd {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "typecheck")
	run(t, root, "go", "build", "-o", binary, "./internal/repotest/typecheck")
	c := command(t, root, binary, "-tags", readManifest(t).Dist.BuildTags, packages)
	c.Env = append(c.Env, "GOOS="+system, "GOARCH="+processor)
	return c
}

// The whole distribution, down to the last package, is there for arm64 too.
func TestCross_arm64(t *testing.T) {
	output(t, typecheck(t, "linux", "arm64", "./distribution"))
}

// Who has our receiver in a collector can build that for systems without eBPF too, where it says at the
// start that it can't run.
func TestCross_receiverWithoutEBPF(t *testing.T) {
	for _, system := range []string{"darwin", "windows"} {
		output(t, typecheck(t, system, "amd64", "./receiver/ebpfreceiver"))
	}
}

// The control API can be in collectors for other systems.
func TestCross_controlAPI(t *testing.T) {
	for _, system := range []string{"darwin", "windows"} {
		output(t, typecheck(t, system, "amd64", "./extension/controlapiextension"))
	}
}

// What is for Linux alone is found out.
func TestCross_findsWhatIsMissing(t *testing.T) {
	complaints, err := typecheck(t, "darwin", "amd64", "./receiver/ebpfreceiver/internal/process").CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(complaints), "receiver/ebpfreceiver/internal/process/clock.go")
	assert.Contains(t, string(complaints), "undefined: unix.CLOCK_BOOTTIME")
}
