// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"crypto/rand"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// hashing enables the tracer "process" with hashes, and lets a test change their limits.
func hashing(change func(*ExecutableHashConfig)) func(*Config) {
	return func(c *Config) {
		only("process")(c)
		c.Tracers.Process.ExecutableHash.Enabled = true
		change(&c.Tracers.Process.ExecutableHash)
	}
}

func withDefaults(*ExecutableHashConfig) {}

// sha256Of hashes a file the way that everybody does.
func sha256Of(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// uniqueProgram is a program whose content nobody else has: what stands behind an ELF file does not matter.
func uniqueProgram(t *testing.T) string {
	t.Helper()
	path := copyProgram(t, busybox, "observed")
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	defer file.Close()
	random := make([]byte, 64)
	_, _ = rand.Read(random)
	_, err = file.Write(random)
	require.NoError(t, err)
	return path
}

// runTrue runs a copy of busybox, which ends at once.
func (l *live) runTrue(program string) record {
	l.t.Helper()
	command := exec.Command(program)
	command.Args = []string{"true"}
	require.NoError(l.t, command.Run())
	return l.one(names.EventProcessExec, byPID(command.Process.Pid))
}

// outcomes returns how many executables had an outcome.
func (l *live) outcomes(outcome string) int64 {
	l.t.Helper()
	return int64(l.ownMetric(names.ReceiverExecutables())[outcome])
}

func TestContent_hashIsThatOfTheFile(t *testing.T) {
	l := startLive(t, hashing(withDefaults))
	program := uniqueProgram(t)
	want := sha256Of(t, program)
	assert.Equal(t, want, l.runTrue(program).str(names.ProcessExecutableSHA256), "although the process is long gone")
	read := l.outcomes("read")
	assert.Positive(t, read)
	known := l.outcomes("known")
	assert.Equal(t, want, l.runTrue(program).str(names.ProcessExecutableSHA256))
	assert.Greater(t, l.outcomes("known"), known, "it is read once")

	// Another content has another hash, even with the size and the time of before.
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(program, &stat))
	file, err := os.OpenFile(program, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt([]byte("other"), stat.Size-5)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	modified := time.Unix(stat.Mtim.Unix())
	require.NoError(t, os.Chtimes(program, modified, modified))
	changed := sha256Of(t, program)
	require.NotEqual(t, want, changed)
	assert.Equal(t, changed, l.runTrue(program).str(names.ProcessExecutableSHA256))
}

func TestContent_offByDefault(t *testing.T) {
	l := startLive(t, only("process"))
	r := l.runTrue(uniqueProgram(t))
	assert.False(t, r.has(names.ProcessExecutableSHA256))
	assert.False(t, r.has(names.ProcessExecutableBuildIDGNU))
}

func TestContent_buildIDs(t *testing.T) {
	l := startLive(t, hashing(withDefaults))
	self, err := os.Executable()
	require.NoError(t, err)
	program := copyProgram(t, self, "observed")
	command := inRole("wait")
	command.Path = program
	pid := hold(t, command)
	r := l.one(names.EventProcessExec, byPID(pid))
	assert.Equal(t, sha256Of(t, program), r.str(names.ProcessExecutableSHA256))
	assert.Equal(t, string(noteOf(t, program, ".note.go.buildid")), r.str(names.ProcessExecutableBuildIDGo))

	command = exec.Command("/bin/true")
	require.NoError(t, command.Run())
	r = l.one(names.EventProcessExec, byPID(command.Process.Pid))
	assert.Equal(t, hex.EncodeToString(noteOf(t, "/bin/true", ".note.gnu.build-id")), r.str(names.ProcessExecutableBuildIDGNU))
	assert.False(t, r.has(names.ProcessExecutableBuildIDGo))
}

// noteOf is the description of the one note in a section.
func noteOf(t *testing.T, path, section string) []byte {
	t.Helper()
	file, err := elf.Open(path)
	require.NoError(t, err)
	defer file.Close()
	require.NotNil(t, file.Section(section), "%s has no section %s", path, section)
	note, err := file.Section(section).Data()
	require.NoError(t, err)
	// Lengths of name and description, type, and a name of four bytes.
	length := file.ByteOrder.Uint32(note[4:])
	return note[16 : 16+length]
}

// Wherever it lies, the file that was executed is the one that is read.
func TestContent_inHardPlaces(t *testing.T) {
	l := startLive(t, hashing(withDefaults))
	t.Run("chroot", func(t *testing.T) {
		program := uniqueProgram(t)
		command := exec.Command("/observed")
		command.Args, command.Dir = []string{"cat"}, "/"
		command.SysProcAttr = &syscall.SysProcAttr{Chroot: filepath.Dir(program)}
		pid := hold(t, command)
		assert.Equal(t, sha256Of(t, program), l.one(names.EventProcessExec, byPID(pid)).str(names.ProcessExecutableSHA256))
	})
	t.Run("overlay", func(t *testing.T) {
		program := uniqueProgram(t)
		merged := mountOverlay(t, filepath.Dir(program))
		r := l.runTrue(filepath.Join(merged, "observed"))
		assert.Equal(t, sha256Of(t, program), r.str(names.ProcessExecutableSHA256))
	})
	t.Run("deleted", func(t *testing.T) {
		program := uniqueProgram(t)
		want := sha256Of(t, program)
		command := inRole("exec_descriptor", program, "cat")
		command.Env = append(command.Env, "UNLINK=1")
		pid := hold(t, command)
		r := l.one(names.EventProcessExec, func(r record) bool { return byPID(pid)(r) && r.flag(names.ProcessExecutableDeleted) })
		assert.Equal(t, want, r.str(names.ProcessExecutableSHA256))
	})
}

func TestContainer_content(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, hashing(withDefaults))
	id := containerID(310)
	c.run(id, "/bin/busybox sleep 5") // its file has to be read while it runs, on a busy machine too
	assert.Equal(t, sha256Of(t, busybox), l.execWith(id, "sleep").str(names.ProcessExecutableSHA256))
}

// Another file has taken the place of the one that was executed: its hash must not be taken for that.
func TestContent_replacedFileIsNotHashed(t *testing.T) {
	l := startLive(t, hashing(withDefaults))
	program := uniqueProgram(t)
	command := inRole("exec_descriptor", program, "true")
	command.Env = append(command.Env, "UNLINK=1")
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, func(r record) bool {
		return byPID(command.Process.Pid)(r) && r.flag(names.ProcessExecutableDeleted)
	})
	assert.False(t, r.has(names.ProcessExecutableSHA256))
	assert.Positive(t, l.outcomes("gone"))
}

func TestContent_limits(t *testing.T) {
	t.Run("size", func(t *testing.T) {
		l := startLive(t, hashing(func(c *ExecutableHashConfig) { c.MaxFileBytes = 64 << 10 }))
		assert.False(t, l.runTrue(uniqueProgram(t)).has(names.ProcessExecutableSHA256))
		assert.Positive(t, l.outcomes("too_large"))
	})
	t.Run("rate", func(t *testing.T) {
		l := startLive(t, hashing(func(c *ExecutableHashConfig) { c.MaxFilesPerSecond = 1 }))
		const programs = 20
		with, without := 0, 0
		var all []string
		for range programs {
			all = append(all, uniqueProgram(t))
		}
		for _, program := range all {
			if r := l.runTrue(program); r.has(names.ProcessExecutableSHA256) {
				assert.Equal(t, sha256Of(t, program), r.str(names.ProcessExecutableSHA256))
				with++
			} else {
				without++
			}
		}
		assert.GreaterOrEqual(t, l.outcomes("rate"), int64(without))
		assert.Equal(t, programs, with+without)
	})
}

// A storm of executables that nobody has seen holds nothing up, and every event arrives, with a hash or
// counted without.
func TestContent_storm(t *testing.T) {
	const programs = 100
	l := startLive(t, hashing(func(c *ExecutableHashConfig) { c.MaxFilesPerSecond, c.MaxBytesPerSecond = 10000, 4<<30 }))
	d := t.TempDir()
	script := fmt.Sprintf("i=0; while [ $i -lt %d ]; do cp %s %s/$i; %s/$i true storm; rm %s/$i; i=$((i+1)); done", programs, busybox, d, d, d)
	command := exec.Command(busybox)
	command.Args = []string{"sh", "-c", script}
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	mine := func(r record) bool { return strings.HasPrefix(r.str(names.ProcessExecutablePath), d+"/") }
	require.Eventually(t, func() bool { return len(l.find(names.EventProcessExec, mine)) >= programs }, patience, 50*time.Millisecond)
	found := l.find(names.EventProcessExec, mine)
	assert.Len(t, found, programs)
	want, hashed := sha256Of(t, busybox), 0
	for _, r := range found {
		if hash := r.str(names.ProcessExecutableSHA256); hash != "" {
			hashed++
			assert.Equal(t, want, hash)
		}
	}
	t.Logf("%d of %d executables were hashed before they were deleted", hashed, programs)
	missed := int64(0)
	for _, outcome := range []string{"late", "rate", "no_room", "gone", "changed", "failed"} {
		missed += l.outcomes(outcome)
	}
	assert.GreaterOrEqual(t, missed, int64(programs-hashed))
}

func TestContentBudget(t *testing.T) {
	now := time.Unix(1000, 0)
	b := newContentBudget(ExecutableHashConfig{MaxFileBytes: 100, MaxBytesPerSecond: 50, MaxFilesPerSecond: 2}, now)
	assert.True(t, b.take(100, now), "the largest file fits at once")
	assert.False(t, b.take(1, now), "no bytes are left")
	assert.True(t, b.take(101, now), "it is not hashed, so takes none")
	assert.False(t, b.take(0, now), "no files are left")
	now = now.Add(time.Second)
	assert.True(t, b.take(50, now))
	assert.False(t, b.take(1, now))
	now = now.Add(time.Hour)
	assert.True(t, b.take(100, now), "it does not grow without end")
	assert.False(t, b.take(1, now))
	assert.True(t, b.take(0, now.Add(-time.Hour)), "the second file")
	assert.False(t, b.take(0, now), "a clock that goes back and forth gives nothing")
}
