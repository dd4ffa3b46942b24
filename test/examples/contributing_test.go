// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// copyRepository copies what belongs to the repository, without what Git ignores.
func copyRepository(t *testing.T) string {
	t.Helper()
	target := t.TempDir()
	copied := exec.Command("sh", "-ec", `git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- | tar --extract --directory "$0"`, target)
	copied.Dir = "../.."
	output, err := copied.CombinedOutput()
	require.NoError(t, err, string(output))
	return target
}

// TestContributing makes the tracer that CONTRIBUTING.md tells people to make, in a copy of the repository.
func TestContributing(t *testing.T) {
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(text), "\n## A tracer in an hour\n")
	require.True(t, found)
	// So is the binary built: what that has compiled is not compiled again.
	t.Setenv("CGO_ENABLED", "0")
	t.Setenv("GOFLAGS", "-trimpath")
	n := &newcomer{t: t, folder: copyRepository(t), path: "PATH=" + os.Getenv("PATH")}
	commands, made, changes := 0, 0, 0
	for _, match := range guideBlock.FindAllStringSubmatch(example, -1) {
		name, language, content := match[1], match[2], match[3]
		switch {
		case name != "":
			name = filepath.Join(n.folder, name)
			require.NoFileExists(t, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
			require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
			made++
		case language == "diff":
			apply := exec.Command("git", "apply", "--verbose", "-")
			apply.Dir, apply.Stdin = n.folder, strings.NewReader(content)
			output, err := apply.CombinedOutput()
			require.NoError(t, err, "%s", output)
			changes++
		case language == "console":
			commands += n.follow(content)
		}
	}
	assert.Equal(t, []int{7, 1, 2}, []int{made, changes, commands}, "the page has other blocks than this test knows")
	output, err := n.shell("go test ./receiver/ebpfreceiver -run TestHostname -v").CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Equal(t, 2, strings.Count(string(output), "--- PASS: TestHostname"), "%s", output)
}
