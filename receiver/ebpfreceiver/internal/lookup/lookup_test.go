// SPDX-License-Identifier: Apache-2.0

//go:build linux

package lookup

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newFinder(t *testing.T) *Finder {
	t.Helper()
	f, err := NewFinder()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// tree makes real/file, and link, which leads to real.
func tree(t *testing.T, d string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(d, "real/deep"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(d, "real/file"), nil, 0o644))
	require.NoError(t, os.Symlink("real", filepath.Join(d, "link")))
	require.NoError(t, os.Symlink("/real", filepath.Join(d, "absolute")))
	require.NoError(t, os.Symlink("file", filepath.Join(d, "real/alias")))
	// The first to follow a link notes the time at it, which is what a lookup without waiting does not do. The
	// processes that are observed have done so just before.
	time.Sleep(clockTick)
}

// clockTick is more than the resolution of the times of files.
const clockTick = 20 * time.Millisecond

func TestResolve(t *testing.T) {
	d, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	tree(t, d)
	for _, link := range []string{"link", "real/alias"} {
		_, err := os.Stat(filepath.Join(d, link))
		require.NoError(t, err)
	}
	f := newFinder(t)
	root, ok := f.Root(f.own)
	require.True(t, ok)
	for _, c := range []struct {
		given, want string
		follow      bool
	}{
		{"/real/file", "/real/file", false},
		{"/link/file", "/real/file", false},
		{"/link/gone", "/real/gone", false},
		{"/link/deep/../file", "/real/file", false},
		{"/link/../link/deep/", "/real/deep", false},
		{"/real/alias", "/real/alias", false},
		{"/link/alias", "/real/file", true},
		{"/link/deep/..", "/real", false},
		{"/link/.", "/real", false},
		{"/none/file", "", false},
		{"/link/gone", "", true},
	} {
		got, ok := root.Resolve(d+c.given, c.follow)
		assert.Equal(t, c.want != "", ok, c.given)
		if c.want != "" {
			assert.Equal(t, d+c.want, got, c.given)
		}
	}
	got, ok := root.Resolve("/", false)
	assert.True(t, ok)
	assert.Equal(t, "/", got)
	require.NoError(t, os.RemoveAll(d+"/real/deep"))
	_, ok = root.Resolve(d+"/real/deep/x", false)
	assert.False(t, ok, "its folder is gone")
}

// A process with a root of its own: links mean what they mean to it.
func TestResolve_belowAnotherRoot(t *testing.T) {
	d := t.TempDir()
	tree(t, d)
	require.NoError(t, os.Mkdir(filepath.Join(d, "bin"), 0o755))
	busybox, err := os.ReadFile("/bin/busybox")
	require.NoError(t, err, "install busybox-static")
	require.NoError(t, os.WriteFile(filepath.Join(d, "bin/busybox"), busybox, 0o755))
	process := exec.Command("/bin/busybox", "sh", "-c", "/bin/busybox ls /absolute/file /link/file; /bin/busybox cat")
	process.SysProcAttr = &syscall.SysProcAttr{Chroot: d, Unshareflags: syscall.CLONE_NEWNS}
	input, err := process.StdinPipe()
	require.NoError(t, err)
	output, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	printed := make([]byte, len("/absolute/file\n/link/file\n"))
	_, err = io.ReadFull(output, printed)
	require.NoError(t, err)
	assert.Equal(t, "/absolute/file\n/link/file\n", string(printed))
	defer func() {
		require.NoError(t, input.Close())
		require.NoError(t, process.Wait())
	}()
	pid := uint32(process.Process.Pid)

	f := newFinder(t)
	info, err := os.Stat(d)
	require.NoError(t, err)
	namespace, err := mountNamespace(strconv.Itoa(process.Process.Pid))
	require.NoError(t, err)
	place := Place{MountNamespace: namespace, RootInode: info.Sys().(*syscall.Stat_t).Ino}
	require.NotEqual(t, f.own.MountNamespace, namespace)

	_, ok := f.Root(place)
	assert.False(t, ok, "nobody is named who has that root")
	_, ok = f.Root(place, uint32(os.Getpid()))
	assert.False(t, ok, "another one has another root")
	root, ok := f.Root(place, uint32(os.Getpid()), pid)
	require.True(t, ok)
	defer root.Close()
	for given, want := range map[string]string{
		"/absolute/file": "/real/file", "/../../link/gone": "/real/gone", "/": "/", "/link/..": "/",
	} {
		got, ok := root.Resolve(given, false)
		assert.True(t, ok, given)
		assert.Equal(t, want, got, given)
	}
}
