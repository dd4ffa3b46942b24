// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// A secret is known by any other name: that of a hard link from before the start, of one made later, a new name, a
// place where it is mounted. It is learned from the collector's own look at the start, or from its first read.
func TestFile_secretsByOtherNames(t *testing.T) {
	d := t.TempDir()
	p := func(name string) string { return filepath.Join(d, name) }
	require.NoError(t, os.MkdirAll(p("home/one/.ssh"), 0o700))
	require.NoError(t, write(p("home/one/.ssh/id_rsa")))
	require.NoError(t, os.Link(p("home/one/.ssh/id_rsa"), p("before")))
	pattern := p("home/*/.ssh/id_*")
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Tracers.File.ReadPaths = []string{pattern}
	})
	expect := func(name, path string, other bool, links int64) {
		r := l.one(names.EventFileOpen, func(r record) bool { return at(path)(r) && r.str(names.FileAccess) == "read" })
		assert.Equal(t, pattern, r.str(names.FileReadPath), name)
		assert.Equal(t, other, r.has(names.FileOtherName), name)
		assert.Equal(t, links, r.num(names.FileLinks), name)
	}
	shell(t, d, `cat before`)
	expect("hard link from before the start", p("before"), true, 2)

	// One that was made after the start, known from its own read.
	shell(t, d, `echo secret > home/one/.ssh/id_new; cat home/one/.ssh/id_new; mv home/one/.ssh/id_new moved; cat moved`)
	expect("its own name", p("home/one/.ssh/id_new"), false, 0)
	expect("renamed", p("moved"), true, 0)

	// One that nobody has read before it is linked.
	shell(t, d, `echo secret > home/one/.ssh/id_linked; ln home/one/.ssh/id_linked linked`)
	l.one(names.EventFileLink, func(r record) bool { return r.str(names.FileNewPath) == p("linked") })
	shell(t, d, `cat linked`)
	expect("hard link", p("linked"), true, 2)

	require.NoError(t, write(p("mounted")))
	mount := inRole("bind_and_read", p("home/one/.ssh/id_linked"), p("mounted"))
	mount.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	output, err := mount.CombinedOutput()
	require.NoError(t, err, string(output))
	expect("bind mount", p("mounted"), true, 2)

	require.NoError(t, write(p("plain")))
	require.NoError(t, os.Link(p("plain"), p("plain2")))
	shell(t, d, `cat plain plain2; : > end`)
	l.one(names.EventFileCreate, at(p("end")))
	assert.Empty(t, l.find(names.EventFileOpen, func(r record) bool { return at(p("plain"))(r) || at(p("plain2"))(r) }))
}

// bindAndRead is a role.
func bindAndRead(arguments []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount(arguments[0], arguments[1], "", unix.MS_BIND, ""); err != nil {
		return err
	}
	_, err := os.ReadFile(arguments[1])
	return err
}

// What is mounted at a wanted place is wanted, whatever its own name is.
func TestFile_secretMountedAtItsPlace(t *testing.T) {
	d := t.TempDir()
	p := func(name string) string { return filepath.Join(d, name) }
	require.NoError(t, os.MkdirAll(p("etc"), 0o700))
	require.NoError(t, write(p("etc/shadow")))
	require.NoError(t, write(p("elsewhere")))
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Tracers.File.ReadPaths = []string{p("etc/shadow")}
	})
	mount := inRole("bind_and_read", p("elsewhere"), p("etc/shadow"))
	mount.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	output, err := mount.CombinedOutput()
	require.NoError(t, err, string(output))
	read := l.one(names.EventFileOpen, at(p("etc/shadow")))
	info, err := os.Stat(p("elsewhere"))
	require.NoError(t, err)
	assert.EqualValues(t, info.Sys().(*syscall.Stat_t).Ino, read.num(names.FileInode))
	assert.False(t, read.has(names.FileOtherName))
}

// The default knows the secrets of a container by the container's own paths, where a link leads to the token.
func TestContainer_defaultSecrets(t *testing.T) {
	c := startContainerd(t)
	token := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(token, "..2026"), 0o755))
	require.NoError(t, write(filepath.Join(token, "..2026/token")))
	require.NoError(t, os.Symlink("..2026", filepath.Join(token, "..data")))
	require.NoError(t, os.Symlink("..data/token", filepath.Join(token, "token")))
	require.NoError(t, os.Mkdir(filepath.Join(c.rootfs, "var"), 0o755))
	require.NoError(t, os.Symlink("/run", filepath.Join(c.rootfs, "var/run")))
	require.NoError(t, write(filepath.Join(c.rootfs, "etc/shadow")))
	l := startLive(t, func(c *Config) { only("file")(c) })
	id := containerID(7)
	const place = "/run/secrets/kubernetes.io/serviceaccount"
	c.run(id, "/bin/busybox cat /var/run/secrets/kubernetes.io/serviceaccount/token /etc/shadow /etc/hostname; exit 0",
		"--mount", "type=bind,src="+token+",dst="+place+",options=rbind:ro")
	for path, pattern := range map[string]string{
		"/run/secrets/kubernetes.io/serviceaccount/..2026/token": "/run/secrets/kubernetes.io/serviceaccount/*/token",
		"/etc/shadow": "/etc/shadow",
	} {
		r := l.one(names.EventFileOpen, func(r record) bool { return inContainer(id)(r) && at(path)(r) })
		assert.Equal(t, pattern, r.str(names.FileReadPath))
		assert.Equal(t, "busybox", r.str(names.ProcessExecutableName))
	}
}

// Nothing is read by O_PATH; the open that makes a descriptor readable is seen.
func TestFile_openWithoutReading(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, write(secret))
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Tracers.File.ReadPaths = []string{secret}
	})
	for how, want := range map[string]int{"path": 0, "reopen": 1} {
		process := inRole("open_by_path", how, secret)
		output, err := process.CombinedOutput()
		require.NoError(t, err, string(output))
		pid := process.Process.Pid
		l.one(names.EventFileCreate, func(r record) bool { return byPID(pid)(r) && at(secret+"."+how)(r) })
		assert.Len(t, l.find(names.EventFileOpen, func(r record) bool { return byPID(pid)(r) && at(secret)(r) }), want, how)
	}
}

// openByPath is a role.
func openByPath(arguments []string) error {
	how, secret := arguments[0], arguments[1]
	fd, err := unix.Open(secret, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	if how == "reopen" {
		if _, err := os.ReadFile(filepath.Join("/proc/self/fd", strconv.Itoa(fd))); err != nil {
			return err
		}
	}
	return write(secret + "." + how)
}
