// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// owner returns who a file belongs to, and its permissions.
func owner(t *testing.T, path string) (uid, gid uint32, mode fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	require.NoError(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Uid, stat.Gid, info.Mode()
}

func TestSocket_permissions(t *testing.T) {
	group := strconv.Itoa(usersGID)
	for name, c := range map[string]struct {
		change     func(*Config)
		gid        uint32
		mode       fs.FileMode
		folderMode fs.FileMode
	}{
		"default":               {func(*Config) {}, 0, 0o660, 0o750},
		"socket group":          {func(c *Config) { c.SocketGroup, c.OperatorGroup = group, "0" }, usersGID, 0o660, 0o750},
		"operators' group":      {func(c *Config) { c.OperatorGroup = group }, usersGID, 0o660, 0o750},
		"group by name":         {func(c *Config) { c.SocketGroup = "root" }, 0, 0o660, 0o750},
		"for everybody":         {func(c *Config) { c.SocketMode = "0666" }, 0, 0o666, 0o750},
		"for its owner":         {func(c *Config) { c.SocketMode = "0600" }, 0, 0o600, 0o750},
		"several folders below": {func(c *Config) { c.SocketGroup = group; c.HTTP.NetAddr.Endpoint = deeper(c.HTTP.NetAddr.Endpoint) }, usersGID, 0o660, 0o750},
	} {
		t.Run(name, func(t *testing.T) {
			// Whatever the umask says.
			defer syscall.Umask(syscall.Umask(0o077))
			l := newLive(t, c.change)
			path := l.config.HTTP.NetAddr.Endpoint
			require.NoFileExists(t, path, "before the start")
			require.NoError(t, l.Start(t.Context(), host{}))
			uid, gid, mode := owner(t, path)
			assert.Zero(t, uid)
			assert.Equal(t, c.gid, gid)
			assert.Equal(t, fs.ModeSocket|c.mode, mode)
			for folder := filepath.Dir(path); filepath.Base(folder) != "001"; folder = filepath.Dir(folder) {
				_, gid, mode := owner(t, folder)
				assert.Equal(t, c.gid, gid, folder)
				assert.Equal(t, fs.ModeDir|c.folderMode, mode, folder)
			}
			require.NoError(t, l.Shutdown(t.Context()))
			assert.NoFileExists(t, path, "after the end")
			above := filepath.Dir(filepath.Dir(path))
			if filepath.Base(above) == "a" {
				above = filepath.Dir(filepath.Dir(above))
			}
			entries, err := os.ReadDir(above)
			require.NoError(t, err)
			assert.Empty(t, entries, "what was made is gone")
		})
	}
}

func deeper(path string) string {
	return filepath.Join(filepath.Dir(path), "a", "b", filepath.Base(path))
}

func TestSocket_folderThatIsThereStaysAsItIs(t *testing.T) {
	l := newLive(t, func(c *Config) { c.SocketGroup = strconv.Itoa(usersGID) })
	folder := filepath.Dir(l.config.HTTP.NetAddr.Endpoint)
	require.NoError(t, os.Mkdir(folder, 0o711))
	require.NoError(t, l.Start(t.Context(), host{}))
	_, gid, mode := owner(t, folder)
	assert.Zero(t, gid)
	assert.Equal(t, fs.ModeDir|0o711, mode)
}

// A folder that was made stays if somebody else has put something there.
func TestSocket_folderThatOthersUse(t *testing.T) {
	l := newLive(t, func(*Config) {})
	require.NoError(t, l.Start(t.Context(), host{}))
	other := filepath.Join(filepath.Dir(l.config.HTTP.NetAddr.Endpoint), "other")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	require.NoError(t, l.Shutdown(t.Context()))
	assert.FileExists(t, other)
}

func TestSocket_ofADeadProcessIsReplaced(t *testing.T) {
	l := newLive(t, func(*Config) {})
	path := l.config.HTTP.NetAddr.Endpoint
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
	require.NoError(t, inRole("die_listening", path).Run())
	_, _, mode := owner(t, path)
	require.Equal(t, fs.ModeSocket, mode.Type())
	require.NoError(t, l.Start(t.Context(), host{}))
	assert.Equal(t, http.StatusOK, l.client().send(request{Method: "GET", Path: "/v1/whoami"}).Status)
}

// Whatever else is there is an error, and stays.
func TestSocket_refused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, path string)
		wrong   string
	}{
		"somebody listens": {func(t *testing.T, path string) {
			t.Helper()
			listener, err := net.Listen("unix", path)
			require.NoError(t, err)
			t.Cleanup(func() { listener.Close() })
		}, "another process listens on PATH: end it, or choose another endpoint"},
		"somebody listens for datagrams": {func(t *testing.T, path string) {
			t.Helper()
			conn, err := net.ListenPacket("unixgram", path)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, conn.Close()) })
		}, "another process listens on PATH"},
		"file": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
		}, "PATH is there already and is not a socket: remove it, or choose another endpoint"},
		"link": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Symlink("/etc/passwd", path))
		}, "PATH is there already and is not a socket"},
		"folder": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "PATH is there already and is not a socket"},
		"folder that everybody can write": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Chmod(filepath.Dir(path), 0o777))
		}, "everybody may replace files in FOLDER (mode 0777)"},
		"no folder": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(filepath.Dir(path)))
			require.NoError(t, os.WriteFile(filepath.Dir(path), nil, 0o600))
		}, "FOLDER is not a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t, func(*Config) {})
			path := l.config.HTTP.NetAddr.Endpoint
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
			c.prepare(t, path)
			before, _ := os.Lstat(path)
			wrong := strings.NewReplacer("PATH", path, "FOLDER", filepath.Dir(path)).Replace(c.wrong)
			require.ErrorContains(t, l.Start(t.Context(), host{}), wrong)
			require.NoError(t, l.Shutdown(t.Context()))
			if before != nil {
				after, err := os.Lstat(path)
				require.NoError(t, err)
				assert.True(t, os.SameFile(before, after), "it was touched")
			}
		})
	}
}

func TestSocket_stickyFolderWillDo(t *testing.T) {
	l := newLive(t, func(*Config) {})
	folder := filepath.Dir(l.config.HTTP.NetAddr.Endpoint)
	require.NoError(t, os.Mkdir(folder, 0o755))
	require.NoError(t, os.Chmod(folder, 0o777|fs.ModeSticky))
	require.NoError(t, l.Start(t.Context(), host{}))
}

func TestSocket_unknownGroups(t *testing.T) {
	for key, change := range map[string]func(*Config){
		"socket_group":   func(c *Config) { c.SocketGroup = "nobody-has-this-group" },
		"operator_group": func(c *Config) { c.OperatorGroup = "nobody-has-this-group" },
	} {
		l := newLive(t, change)
		require.ErrorContains(t, l.Start(t.Context(), host{}), key+`: "nobody-has-this-group" is no group of this host, and no number`)
	}
	l := newLive(t, func(c *Config) { c.OperatorGroup = strconv.Itoa(overflowID) })
	require.ErrorContains(t, l.Start(t.Context(), host{}), `operator_group: "65534" stands for all groups that this host does not know`)
}

// Two collectors that start at the same moment can't take each other's socket for one that is left over.
func TestSocket_onlyOneOfManyStarts(t *testing.T) {
	first := newLive(t, func(*Config) {})
	path := first.config.HTTP.NetAddr.Endpoint
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
	for range 5 {
		require.NoError(t, inRole("die_listening", path).Run())
		started := make(chan *socketListener, 8)
		for range cap(started) {
			go func() {
				listener, _ := listenOnSocket(t.Context(), path, 0o660, nil)
				started <- listener
			}()
		}
		var listening []*socketListener
		for range cap(started) {
			if listener := <-started; listener != nil {
				listening = append(listening, listener)
			}
		}
		require.Len(t, listening, 1)
		conn, err := net.Dial("unix", path)
		require.NoError(t, err, "the socket belongs to the one that listens")
		require.NoError(t, conn.Close())
		require.NoError(t, listening[0].Close())
		require.NoFileExists(t, path)
	}
}

func TestSocket_lockedFolder(t *testing.T) {
	folder := t.TempDir()
	f, err := os.Open(folder)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = lockFolder(ctx, folder)
	require.ErrorContains(t, err, "which another process has locked")
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_UN))
	unlock, err := lockFolder(t.Context(), folder)
	require.NoError(t, err)
	require.ErrorIs(t, unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
	unlock()
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}

// Whoever has put a socket of their own in the place keeps it.
func TestSocket_ofSomebodyElseIsNotRemoved(t *testing.T) {
	l := newLive(t, func(*Config) {})
	require.NoError(t, l.Start(t.Context(), host{}))
	path := l.config.HTTP.NetAddr.Endpoint
	require.NoError(t, os.Remove(path))
	other, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer other.Close()
	require.NoError(t, l.Shutdown(t.Context()))
	assert.FileExists(t, path)
}
