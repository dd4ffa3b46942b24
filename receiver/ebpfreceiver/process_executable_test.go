// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// assertIsFile compares what an event says of its executable with what stat does.
func assertIsFile(t *testing.T, r record, path string) {
	t.Helper()
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(path, &stat))
	assertIsStat(t, r, stat)
}

func assertIsStat(t *testing.T, r record, stat unix.Stat_t) {
	t.Helper()
	assert.EqualValues(t, stat.Ino, r.num(names.ProcessExecutableInode))
	assert.Equal(t, fmt.Sprintf("%d:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev)), r.str(names.ProcessExecutableDevice))
	assert.Equal(t, stat.Size, r.num(names.ProcessExecutableSize))
	assert.Equal(t, fmt.Sprintf("%04o", stat.Mode&0o7777), r.str(names.ProcessExecutableMode))
	assert.Equal(t, strconv.Itoa(int(stat.Uid)), r.str(names.ProcessExecutableOwnerID))
	assert.Equal(t, strconv.Itoa(int(stat.Gid)), r.str(names.ProcessExecutableGroupID))
	for name, want := range map[string]unix.Timespec{names.ProcessExecutableModified: stat.Mtim, names.ProcessExecutableChanged: stat.Ctim} {
		got, err := time.Parse(time.RFC3339Nano, r.str(name))
		require.NoError(t, err)
		assert.Equal(t, want.Nano(), got.UnixNano(), name)
	}
}

// execveat executes a program by a descriptor. It returns only if that fails.
func execveat(descriptor int, path string, arguments []string, flags int) error {
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		return err
	}
	argv, err := syscall.SlicePtrFromStrings(arguments)
	if err != nil {
		return err
	}
	envv := []*byte{nil}
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(descriptor), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])), uintptr(flags), 0)
	return errno
}

// runsAs runs a command to its end and returns the exec event of its last program.
func (l *live) runsAs(command *exec.Cmd) record {
	l.t.Helper()
	output, err := command.CombinedOutput()
	require.NoError(l.t, err, string(output))
	l.one(names.EventProcessExit, byPID(command.Process.Pid))
	execs := l.find(names.EventProcessExec, byPID(command.Process.Pid))
	require.NotEmpty(l.t, execs)
	return execs[len(execs)-1]
}

func TestExecutable_ownerAndTimes(t *testing.T) {
	l := startLive(t, only("process"))
	program := copyProgram(t, busybox, "observed")
	require.NoError(t, os.Chown(program, 1234, 4321))
	require.NoError(t, os.Chmod(program, os.ModeSetgid|0o751))
	past := time.Date(1999, 12, 31, 23, 59, 59, 123456789, time.UTC)
	require.NoError(t, os.Chtimes(program, past, past))
	command := exec.Command(program)
	command.Args = []string{"true"}
	r := l.runsAs(command)
	assertIsFile(t, r, program)
	assert.Equal(t, "1999-12-31T23:59:59.123456789Z", r.str(names.ProcessExecutableModified))
	assert.Equal(t, "2751", r.str(names.ProcessExecutableMode))
	changed, err := time.Parse(time.RFC3339Nano, r.str(names.ProcessExecutableChanged))
	require.NoError(t, err)
	assert.True(t, changed.After(past.AddDate(20, 0, 0)), "this one nobody can set")
}

func TestExecutable_byDescriptorAlone(t *testing.T) {
	l := startLive(t, only("process"))
	program := copyProgram(t, busybox, "observed")
	r := l.runsAs(inRole("exec_descriptor", program, "true"))
	assert.Equal(t, program, r.str(names.ProcessExecutablePath), "what the kernel opened has its path")
	assert.Regexp(t, `^/dev/fd/\d+$`, r.str(names.ProcessFilename))
	assert.False(t, r.has(names.ProcessExecutableDeleted))
	assert.False(t, r.has(names.ProcessScriptPath))
	assertIsFile(t, r, program)
}

func TestExecutable_deleted(t *testing.T) {
	l := startLive(t, only("process"))
	program := copyProgram(t, busybox, "observed")
	other := program + "-other-name"
	require.NoError(t, os.Link(program, other))
	command := inRole("exec_descriptor", program, "true")
	command.Env = append(command.Env, "UNLINK=1")
	r := l.runsAs(command)
	assert.Equal(t, program, r.str(names.ProcessExecutablePath))
	assert.True(t, r.flag(names.ProcessExecutableDeleted))
	assert.Equal(t, "deleted", r.str(names.ProcessPathStatus))
	assert.False(t, r.has(names.ProcessExecutableMemoryOnly))
	assertIsFile(t, r, other)
}

func TestExecutable_pathIsWhatTheKernelOpened(t *testing.T) {
	l := startLive(t, only("process"))
	program := copyProgram(t, busybox, "observed")
	d := filepath.Dir(program)
	require.NoError(t, os.MkdirAll(filepath.Join(d, "a/b"), 0o755))
	require.NoError(t, os.Symlink("../observed", filepath.Join(d, "a/link")))
	for _, given := range []string{
		filepath.Join(d, "a") + "/b/../../observed", filepath.Join(d, "a/link"), "a/b/../link", "./a/../observed",
	} {
		command := exec.Command(given)
		command.Path, command.Args, command.Dir = given, []string{"true"}, d
		r := l.runsAs(command)
		assert.Equal(t, program, r.str(names.ProcessExecutablePath))
		assert.Equal(t, given, r.str(names.ProcessFilename))
		assert.False(t, r.has(names.ProcessPathStatus))
	}
}

func TestExecutable_longPath(t *testing.T) {
	l := startLive(t, only("process"))
	d := t.TempDir()
	for range 12 {
		d = filepath.Join(d, strings.Repeat("n", 255))
	}
	require.NoError(t, os.MkdirAll(d, 0o755))
	program := filepath.Join(d, "observed")
	content, err := os.ReadFile(busybox)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, content, 0o755))
	require.Greater(t, len(program), 12*256)
	command := exec.Command(program)
	command.Args, command.Dir = []string{"true"}, d
	r := l.runsAs(command)
	assert.Equal(t, program, r.str(names.ProcessExecutablePath))
	assert.Equal(t, d, r.str(names.ProcessWorkingDirectory))
	assert.False(t, r.has(names.ProcessPathStatus))
}

// A process in a root directory of its own sees paths from there.
func TestExecutable_afterChroot(t *testing.T) {
	l := startLive(t, only("process"))
	program := copyProgram(t, busybox, "observed")
	command := exec.Command("/observed")
	command.Args, command.Dir = []string{"true"}, "/"
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: filepath.Dir(program)}
	r := l.runsAs(command)
	assert.Equal(t, "/observed", r.str(names.ProcessExecutablePath))
	assert.Equal(t, "/", r.str(names.ProcessWorkingDirectory))
	assert.False(t, r.has(names.ProcessPathStatus))
	assertIsFile(t, r, program)
}

// execInMounts is a role: it mounts a file system of its own over a folder and executes a program there.
func execInMounts(program, folder string, arguments []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=8m"); err != nil {
		return err
	}
	copied := filepath.Join(folder, "only-here")
	if err := os.WriteFile(copied, content, 0o700); err != nil {
		return err
	}
	var stat unix.Stat_t
	if err := unix.Stat(copied, &stat); err != nil {
		return err
	}
	fmt.Printf("%d %d %d\n", stat.Dev, stat.Ino, stat.Size)
	return syscall.Exec(copied, arguments, nil)
}

func TestExecutable_inMountsOfItsOwn(t *testing.T) {
	l := startLive(t, only("process"))
	folder := t.TempDir()
	command := inRole("exec_in_mounts", busybox, folder, "true")
	command.SysProcAttr = ownMounts
	output, err := command.Output()
	require.NoError(t, err)
	var device, inode uint64
	var size int64
	_, err = fmt.Sscan(string(output), &device, &inode, &size)
	require.NoError(t, err)
	l.one(names.EventProcessExit, byPID(command.Process.Pid))
	execs := l.find(names.EventProcessExec, byPID(command.Process.Pid))
	require.Len(t, execs, 2)
	r := execs[1]
	assert.Equal(t, filepath.Join(folder, "only-here"), r.str(names.ProcessExecutablePath))
	assert.NoFileExists(t, filepath.Join(folder, "only-here"))
	assert.EqualValues(t, inode, r.num(names.ProcessExecutableInode))
	assert.Equal(t, fmt.Sprintf("%d:%d", unix.Major(device), unix.Minor(device)), r.str(names.ProcessExecutableDevice))
	assert.Equal(t, size, r.num(names.ProcessExecutableSize))
	assert.False(t, r.has(names.ProcessExecutableMemoryOnly), "it has a name in a directory")
}

// mountOverlay mounts overlayfs over a folder with a program in its lower layer.
func mountOverlay(t *testing.T, lower string) (merged string) {
	t.Helper()
	d := t.TempDir()
	for _, name := range []string{"upper", "work", "merged"} {
		require.NoError(t, os.Mkdir(filepath.Join(d, name), 0o755))
	}
	merged = filepath.Join(d, "merged")
	require.NoError(t, unix.Mount("overlay", merged, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s",
		lower, filepath.Join(d, "upper"), filepath.Join(d, "work"))))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(merged, unix.MNT_DETACH)) })
	return merged
}

func TestExecutable_onOverlay(t *testing.T) {
	l := startLive(t, only("process"))
	lower := copyProgram(t, busybox, "lower")
	merged := mountOverlay(t, filepath.Dir(lower))
	content, err := os.ReadFile(busybox)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(merged, "new"), content, 0o755))
	run := func(name string) record {
		t.Helper()
		program := filepath.Join(merged, name)
		command := exec.Command(program)
		command.Args = []string{"true"}
		r := l.runsAs(command)
		assert.Equal(t, program, r.str(names.ProcessExecutablePath))
		require.True(t, r.has(names.ProcessExecutableUpperLayer))
		assertIsFile(t, r, program)
		return r
	}
	assert.False(t, run("lower").flag(names.ProcessExecutableUpperLayer))
	assert.True(t, run("new").flag(names.ProcessExecutableUpperLayer))
	// A change of the mode takes the file into the upper layer.
	require.NoError(t, os.Chmod(filepath.Join(merged, "lower"), 0o700))
	assert.True(t, run("lower").flag(names.ProcessExecutableUpperLayer))
	// Then it is deleted, and another one has its name.
	require.NoError(t, os.Remove(filepath.Join(merged, "lower")))
	require.NoError(t, os.Rename(filepath.Join(merged, "new"), filepath.Join(merged, "lower")))
	assert.True(t, run("lower").flag(names.ProcessExecutableUpperLayer))
}
