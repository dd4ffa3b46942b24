// SPDX-License-Identifier: Apache-2.0

//go:build linux

package capabilities

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const nobody = 65534

// buildRole builds the program that raises its capabilities, in a folder that everybody may enter, and permits it some.
func buildRole(t *testing.T, permitted ...uint) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "meerkat-capabilities-") //nolint:usetesting // Others may not enter a folder of the test.
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o755))
	program := filepath.Join(folder, "raise")
	build := exec.Command("go", "build", "-o", program, "./testdata/raise")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	printed, err := build.CombinedOutput()
	require.NoError(t, err, string(printed))
	require.NoError(t, unix.Setxattr(program, FileAttribute, EncodeFile(permitted...), 0))
	return program
}

// raised runs a program as somebody who has no capabilities, and returns the sets of its threads before and after.
func raised(t *testing.T, program string) (before, after []string) {
	t.Helper()
	command := exec.Command(program)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	printed, err := command.CombinedOutput()
	require.NoError(t, err, string(printed))
	first, second, ok := strings.Cut(string(printed), "raised\n")
	require.True(t, ok, string(printed))
	return strings.Fields(first), strings.Fields(second)
}

func TestRaise_inAllThreads(t *testing.T) {
	before, after := raised(t, buildRole(t, unix.CAP_BPF, unix.CAP_NET_ADMIN))
	none, both := fmt.Sprintf("%016x", 0), fmt.Sprintf("%016x", 1<<unix.CAP_BPF|1<<unix.CAP_NET_ADMIN)
	assert.Equal(t, []string{none}, slices.Compact(before))
	assert.Equal(t, []string{both}, slices.Compact(after))
	assert.Greater(t, len(after), 4)
}

func TestRaise_nothingPermitted(t *testing.T) {
	before, after := raised(t, buildRole(t))
	assert.Equal(t, slices.Compact(before), slices.Compact(after))
}

// Whoever has everything already, as these tests do, is left alone, also where Go can't reach all threads.
func TestRaise_asRoot(t *testing.T) { require.NoError(t, Raise()) }

func TestEncodeFile(t *testing.T) {
	assert.Equal(t, []byte{0, 0, 0, 2, 0x04, 0x10, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0},
		EncodeFile(unix.CAP_DAC_READ_SEARCH, unix.CAP_NET_ADMIN, unix.CAP_PERFMON, unix.CAP_BPF, 64))
}
