// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func TestPathRules(t *testing.T) {
	r := newPathRules([]string{"/srv", "/srv/cache/keep/", "/etc/"}, []string{"/srv/cache", "/etc/mtab", "/both", "/"})
	for path, want := range map[string]bool{
		"/srv": true, "/srv/a": true, "/srv/a/b/c": true, "/srvx": false,
		"/srv/cache": false, "/srv/cache/a": false, "/srv/cache/keep": false, "/srv/cache/keep/a": true, "/srv/cachex": true,
		"/etc": false, "/etc/passwd": true, "/etc/mtab": false, "/etc/mtab/x": false, "/etc/mtabx": true,
		"/": false, "/usr/bin/x": false,
	} {
		assert.Equal(t, want, r.wantPath(path), path)
	}
	included := newPathRules([]string{"/both", "/a"}, []string{"/both"})
	assert.False(t, included.wantPath("/both/x"), "what is both is excluded")
	assert.False(t, included.wantPath("/b"))
	excluded := newPathRules(nil, []string{"/a"})
	assert.True(t, excluded.wantPath("/b"))
}

// The longest path decides, in the kernel for files that are opened, and afterwards for the rest.
func TestFilter_paths(t *testing.T) {
	d := t.TempDir()
	long := strings.Repeat("long/", 50)
	for _, folder := range []string{"in/out/in", "in/" + long, "elsewhere"} {
		require.NoError(t, os.MkdirAll(filepath.Join(d, folder), 0o755))
	}
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Filters.Include.Paths = []string{d + "/in", d + "/in/out/in/"}
		c.Filters.Exclude.Paths = []string{d + "/in/out", d + "/in/exact"}
	})
	before := l.balance("file")
	pid := shell(t, d, `
		for f in in/wanted in/out/no in/out/in/wanted elsewhere/no in/exact inner in/`+long+`wanted; do
			for i in 1 2 3 4 5; do echo >> $f; done
		done
		`+busybox+` mkdir in/made in/out/made elsewhere/made
		`+busybox+` mv in/out/no elsewhere/moved
		`+busybox+` mv elsewhere/no in/entered
		`+busybox+` ln -s in/wanted elsewhere/link
	`)
	after := difference(l.balance("file")["open"], before["open"])
	assert.GreaterOrEqual(t, after.Filtered, uint64(4*4), "opens of files that are there: the first four of five kinds")
	l.stop()

	found := map[string][]string{}
	for _, event := range []string{names.EventFileCreate, names.EventFileOpen, names.EventFileRename, names.EventFileLink} {
		for _, r := range l.find(event, func(r record) bool {
			return byPID(pid)(r) || r.num(names.ProcessParentPID) == int64(pid)
		}) {
			path := strings.TrimPrefix(r.str(names.FilePath), d+"/")
			found[event] = append(found[event], path)
		}
	}
	assert.ElementsMatch(t, []string{"in/wanted", "in/out/in/wanted", "in/" + long + "wanted", "in/made"}, found[names.EventFileCreate])
	assert.ElementsMatch(t, []string{"elsewhere/no"}, found[names.EventFileRename], "a rename is wanted for its new name")
	assert.Empty(t, found[names.EventFileLink])
	// Each of those is opened once more as a first, and reported with the repeats.
	counts := map[string]int{}
	for _, path := range found[names.EventFileOpen] {
		counts[path]++
	}
	assert.Equal(t, map[string]int{"in/wanted": 2, "in/out/in/wanted": 2, "in/" + long + "wanted": 2}, counts)
}

// Rules can change while the programs run.
func TestFilter_pathsChange(t *testing.T) {
	d := t.TempDir()
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Tracers.File.DeduplicationWindow = 0
	})
	filter := l.shared.session.filter
	write := func(name string) {
		require.NoError(t, os.WriteFile(filepath.Join(d, name), nil, 0o600))
	}
	write("before")
	changed := *filter.rules.Load().config
	changed.Exclude.Paths = []string{d}
	require.NoError(t, filter.change(&changed))
	write("meanwhile")
	unchanged := changed
	unchanged.Exclude.Paths = nil
	require.NoError(t, filter.change(&unchanged))
	write("after")
	l.one(names.EventFileCreate, at(filepath.Join(d, "before")))
	l.one(names.EventFileCreate, at(filepath.Join(d, "after")))
	assert.Empty(t, l.find(names.EventFileCreate, at(filepath.Join(d, "meanwhile"))))
}
