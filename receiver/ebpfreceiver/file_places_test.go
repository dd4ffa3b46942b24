// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// clockTick is more than the resolution of the times of files. Who follows a symbolic link notes the time at it,
// unless it was made within the same tick; and one at which the time is to be noted can't be looked up later.
const clockTick = 20 * time.Millisecond

// startInPlaces starts the role. step has it go on and waits until the next part is done.
func startInPlaces(t *testing.T, d string) (pid int, step func()) {
	t.Helper()
	process := inRole("places", d)
	process.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	input, err := process.StdinPipe()
	require.NoError(t, err)
	output, err := process.StdoutPipe()
	require.NoError(t, err)
	process.Stderr = os.Stderr
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		require.NoError(t, input.Close())
		_ = process.Wait()
	})
	steps := 0
	return process.Process.Pid, func() {
		if steps++; steps > 1 {
			_, err := input.Write([]byte("\n"))
			require.NoError(t, err)
		}
		_, err := io.ReadFull(output, make([]byte, len("done\n")))
		require.NoError(t, err)
	}
}

func TestFile_inEveryPlace(t *testing.T) {
	l := startLive(t, only("file"))
	d, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	process, step := startInPlaces(t, d)
	own := func(path, access string) func(record) bool {
		return func(r record) bool {
			return byPID(process)(r) && at(path)(r) && r.str(names.FileAccess) == access && r.num(names.RepeatCount) == 0
		}
	}

	created := func(files ...string) {
		for _, name := range files {
			created := l.one(names.EventFileCreate, own(d+"/"+name, "write"))
			assert.False(t, created.has(names.FilePathStatus), name)
			assert.False(t, created.has(names.FilePathSource), name)
		}
	}

	step()
	created("tmpfs/file", "lower/below", "bound/through")
	if hasOverlay() {
		created("merged/above")
		l.one(names.EventFileOpen, own(d+"/merged/below", "write"))
	}
	removed := l.one(names.EventFileDelete, own(d+"/bound/through", ""))
	assert.Equal(t, "resolved_later", removed.str(names.FilePathSource))
	step()
	created("beneath", "in-root", "no-links")
	step()
	created("handle", "again", "deleted")
	handle, err := os.Stat(d + "/handle")
	require.NoError(t, err)
	byHandle := l.one(names.EventFileOpen, own(d+"/handle", "write"))
	assert.EqualValues(t, handle.Sys().(*syscall.Stat_t).Ino, byHandle.num(names.FileInode))
	l.one(names.EventFileOpen, own(d+"/again", "write"))
	deleted := l.one(names.EventFileOpen, own(d+"/deleted", "write"))
	assert.Equal(t, "deleted", deleted.str(names.FilePathStatus))
	step()
	l.one(names.EventFileCreate, own(longPath(d, pathBytesMax), "write"))
	cut := l.one(names.EventFileCreate, func(r record) bool {
		return byPID(process)(r) && r.str(names.FilePathStatus) == "truncated" && r.has(names.FileAccess)
	})
	assert.True(t, strings.HasSuffix(longPath(d, pathBytesMax+200), cut.str(names.FilePath)))
	assert.Greater(t, len(cut.str(names.FilePath)), pathBytesMax-256)
	step()
	l.one(names.EventFileCreate, own("/inside", "write"))
	l.one(names.EventFileCreate, own("/real/gone", "write"))
	gone := l.one(names.EventFileDelete, own("/real/gone", ""))
	assert.Equal(t, "resolved_later", gone.str(names.FilePathSource))
	mode := l.one(names.EventFileModeChange, own("/real", ""))
	assert.Equal(t, "resolved_later", mode.str(names.FilePathSource))
	assert.Equal(t, "0711", mode.str(names.FileMode))
}

// Arguments lead where the process's own lookup led, by links and "..", also when the process is gone at once.
func TestFile_argumentsAreLookedUp(t *testing.T) {
	l := startLive(t, only("file"))
	d, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(d, "real/deep"), 0o755))
	require.NoError(t, os.Symlink("real", filepath.Join(d, "link")))
	require.NoError(t, os.Symlink("real/target", filepath.Join(d, "alias")))
	require.NoError(t, os.Symlink("real/target", filepath.Join(d, "alias2")))
	time.Sleep(clockTick)
	shell(t, d, `
		: > real/one; : > real/two; : > real/target; : > real/three
		mv link/one `+d+`/link/deep/../renamed
		ln link/two link/deep/hard
		chmod 600 alias
		chown -h 3:4 alias2
		rm link/deep/../three
		mkdir link/folder
		cd real/deep && rmdir ../folder
	`)
	p := func(name string) string { return filepath.Join(d, name) }
	for _, c := range []struct {
		event, path, newPath string
	}{
		{names.EventFileRename, "real/one", "real/renamed"},
		{names.EventFileLink, "real/two", "real/deep/hard"},
		{names.EventFileModeChange, "real/target", ""},
		{names.EventFileDelete, "real/three", ""},
		{names.EventFileCreate, "real/folder", ""},
	} {
		r := l.one(c.event, func(r record) bool { return at(p(c.path))(r) && r.str(names.FilePathSource) != "" })
		assert.Equal(t, "resolved_later", r.str(names.FilePathSource), "%s %s", c.event, c.path)
		if c.newPath != "" {
			assert.Equal(t, p(c.newPath), r.str(names.FileNewPath))
		}
	}
	above := l.one(names.EventFileDelete, at(p("real/folder")))
	assert.Equal(t, "directory", above.str(names.FilePathSource), "from a directory that the kernel resolved")
	own := l.one(names.EventFileOwnerChange, at(p("alias2")))
	assert.Equal(t, "directory", own.str(names.FilePathSource), "the link itself was changed")
}

// renameWithFlags is a role.
func renameWithFlags(arguments []string) error {
	flags, err := strconv.ParseUint(arguments[2], 10, 32)
	if err != nil {
		return err
	}
	return unix.Renameat2(unix.AT_FDCWD, arguments[0], unix.AT_FDCWD, arguments[1], uint(flags))
}

func TestFile_flagsOfRenames(t *testing.T) {
	l := startLive(t, only("file"))
	d := t.TempDir()
	one, two, three := filepath.Join(d, "one"), filepath.Join(d, "two"), filepath.Join(d, "three")
	require.NoError(t, errors.Join(write(one), write(two)))
	for _, c := range []struct {
		from, to, want string
		flags          int
	}{
		{one, two, "EXCHANGE", unix.RENAME_EXCHANGE},
		{two, three, "NOREPLACE", unix.RENAME_NOREPLACE},
		{three, two, "", 0},
	} {
		require.NoError(t, inRole("rename", c.from, c.to, strconv.Itoa(c.flags)).Run())
		r := l.one(names.EventFileRename, func(r record) bool { return at(c.from)(r) && r.str(names.FileNewPath) == c.to })
		assert.Equal(t, c.want, r.str(names.FileRenameFlags))
	}
}
