// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// compatArchitectures are the 32-bit ones whose programs a kernel may run too.
var compatArchitectures = map[string]string{"amd64": "386", "arm64": "arm"}

// compatVariable names the program in testdata/compat where it has been built before, as in machines
// that have no Go toolchain.
const compatVariable = "MEERKAT_TEST_COMPAT"

// buildCompat builds the program in testdata/compat for the 32-bit architecture.
func buildCompat(t *testing.T) string {
	t.Helper()
	if built := os.Getenv(compatVariable); built != "" {
		return built
	}
	program := filepath.Join(t.TempDir(), "compat")
	build := exec.Command("go", "build", "-o", program, "./testdata/compat")
	build.Env = append(os.Environ(), "GOARCH="+compatArchitectures[runtime.GOARCH], "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return program
}

// 32-bit programs have their own numbers of system calls, and registers for their arguments.
func TestFile_of32BitProgram(t *testing.T) {
	program := buildCompat(t)
	l := startLive(t, only("file"))
	d := t.TempDir()
	output, err := exec.Command(program, d).CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("this kernel runs no 32-bit programs")
	}
	require.NoError(t, err, string(output))
	pid, err := strconv.Atoi(strings.TrimSpace(string(output)))
	require.NoError(t, err)

	created := l.one(names.EventFileCreate, at(filepath.Join(d, "created")))
	assert.EqualValues(t, pid, created.num(names.ProcessPID))
	assert.Equal(t, program, created.str(names.ProcessExecutablePath))
	assert.Equal(t, "0640", created.str(names.FileMode))
	mode := l.one(names.EventFileModeChange, at(filepath.Join(d, "created")))
	assert.Equal(t, "0600", mode.str(names.FileMode))
	// By calls with 32 bits, and those with 16, in which 0xffff leaves a thing as it is.
	for _, want := range [][2]string{{"12", "34"}, {"", "56"}, {"78", ""}, {"65534", "65534"}} {
		l.one(names.EventFileOwnerChange, func(r record) bool {
			return at(filepath.Join(d, "created"))(r) && r.str(names.FileOwnerID) == want[0] && r.str(names.FileGroupID) == want[1]
		})
	}
	renamed := l.one(names.EventFileRename, at(filepath.Join(d, "created")))
	assert.Equal(t, filepath.Join(d, "renamed"), renamed.str(names.FileNewPath))
	l.one(names.EventFileDelete, at(filepath.Join(d, "renamed")))
}
