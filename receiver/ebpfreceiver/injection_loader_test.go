// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// pathEnds matches records by the end of a path: of opened files the last four elements are known.
func pathEnds(pid int, operation, end string) func(record) bool {
	return func(r record) bool { return does(pid, operation)(r) && strings.HasSuffix(r.str(names.FilePath), end) }
}

func TestInjection_loaderFiles(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	d := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(d, "etc/ld.so.conf.d"), 0o755))
	pid := shell(t, d, `
		echo one > etc/ld.so.preload
		echo two >> etc//ld.so.preload
		: < etc/ld.so.preload
		echo three > etc/ld.so.conf.d/evil.conf
		echo four > unrelated
		echo five > ld.so.preload
	`)
	created := l.one(names.EventInjectionLoaderChange, pathEnds(pid, "create", "/etc/ld.so.preload"))
	info, err := os.Stat(filepath.Join(d, "etc/ld.so.preload"))
	require.NoError(t, err)
	assert.EqualValues(t, info.Sys().(*syscall.Stat_t).Ino, created.num(names.FileInode))
	assert.True(t, strings.HasSuffix(filepath.Join(d, "etc/ld.so.preload"), created.str(names.FilePath)), created.str(names.FilePath))
	assert.Equal(t, "truncated", created.str(names.FilePathStatus))
	assert.Equal(t, "ld.so.preload", created.str(names.FileName))
	opened := l.one(names.EventInjectionLoaderChange, pathEnds(pid, "open", "/etc/ld.so.preload"))
	assert.EqualValues(t, info.Sys().(*syscall.Stat_t).Ino, opened.num(names.FileInode))
	l.one(names.EventInjectionLoaderChange, pathEnds(pid, "create", "/etc/ld.so.conf.d/evil.conf"))
	l.balance("injection")
	assert.Len(t, l.find(names.EventInjectionLoaderChange, byPID(pid)), 3)
}

// What leaves no open file is known by its argument.
func TestInjection_loaderFilesReplaced(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	d := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(d, "etc/ld.so.conf.d"), 0o755))
	long := strings.Repeat("x/../"+strings.Repeat("y", 200)+"/../", 12)
	require.NoError(t, os.MkdirAll(filepath.Join(d, "x"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(d, strings.Repeat("y", 200)), 0o755))
	for name, c := range map[string]struct{ script, operation, path string }{
		"rename":            {"echo > r; mv r " + d + "/etc/ld.so.preload", "rename", d + "/etc/ld.so.preload"},
		"relative":          {"cd etc; echo > r; mv r ld.so.conf", "rename", "/etc/ld.so.conf"},
		"link":              {"echo > l; ln l etc//ld.so.cache", "link", "/etc//ld.so.cache"},
		"symlink":           {"cd etc; ln -s /tmp/evil.so ld.so.conf.d/s.conf", "symlink", "/ld.so.conf.d/s.conf"},
		"in the directory":  {"cd etc/ld.so.conf.d; echo > r; mv r n.conf", "rename", "/etc/ld.so.conf.d/n.conf"},
		"long way":          {"echo > w; mv w " + long + "etc/ld.so.preload", "rename", "/../etc/ld.so.preload"},
		"onto another name": {"echo > o; mv o ld.so.preload2; mv ld.so.preload2 etc/other", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			// mv and ln are children of the shell.
			parent := shell(t, d, c.script+"; :")
			mine := func(r record) bool { return r.num(names.ProcessParentPID) == int64(parent) }
			if c.operation == "" {
				l.balance("injection")
				assert.Empty(t, l.find(names.EventInjectionLoaderChange, mine))
				return
			}
			r := l.one(names.EventInjectionLoaderChange, func(r record) bool {
				return mine(r) && r.str(names.InjectionOperation) == c.operation
			})
			assert.True(t, strings.HasSuffix(r.str(names.FilePath), c.path), r.str(names.FilePath))
			assert.Equal(t, "argument", r.str(names.FilePathSource))
			assert.Equal(t, filepath.Base(c.path), r.str(names.FileName))
		})
	}
}

func TestInjection_loaderFilesRefused(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	etc := filepath.Join(t.TempDir(), "etc")
	require.NoError(t, os.Mkdir(etc, 0o755))
	// The way there is open to all.
	for folder := etc; folder != "/"; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		require.NoError(t, err)
		require.NoError(t, os.Chmod(folder, info.Mode()|0o055))
	}
	path := filepath.Join(etc, "ld.so.preload")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	printed, pid := inRoleOutput(t, nobody(), "attack", "open", "1", path)
	require.Equal(t, "13", printed)
	r := l.one(names.EventInjectionLoaderChange, does(pid, "open"))
	assert.Equal(t, "EACCES", r.str(names.ErrorType))
	assert.Equal(t, path, r.str(names.FilePath))
	assert.Equal(t, "argument", r.str(names.FilePathSource))
}

// The list is the configuration's.
func TestInjection_configuredLoaderFiles(t *testing.T) {
	d := t.TempDir()
	l := startLive(t, func(c *Config) {
		only("process", "injection")(c)
		c.Tracers.Injection.LoaderFiles = []string{filepath.Join("/etc", "profile"), "/etc/cron.d/"}
	})
	require.NoError(t, os.MkdirAll(filepath.Join(d, "etc/cron.d"), 0o755))
	pid := shell(t, d, `: > etc/ld.so.preload; : > etc/profile; : > etc/cron.d/job`)
	l.one(names.EventInjectionLoaderChange, pathEnds(pid, "create", "/etc/profile"))
	l.one(names.EventInjectionLoaderChange, pathEnds(pid, "create", "/etc/cron.d/job"))
	assert.Len(t, l.find(names.EventInjectionLoaderChange, byPID(pid)), 2)
}
