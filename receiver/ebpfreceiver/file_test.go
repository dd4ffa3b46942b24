// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

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

	"github.com/meerkat-otel/meerkat/internal/names"
)

// shell runs a script in a process of its own, since the receiver leaves out what its own process
// does, and returns the script's pid.
func shell(t *testing.T, directory, script string) int {
	t.Helper()
	command := exec.Command("/bin/sh", "-ec", script)
	command.Dir = directory
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s: %s", script, output)
	return command.Process.Pid
}

func at(path string) func(record) bool {
	return func(r record) bool { return r.str(names.FilePath) == path }
}

func TestFile_everyOperation(t *testing.T) {
	l := startLive(t, only("file"))
	d := t.TempDir()
	p := func(name string) string { return filepath.Join(d, name) }
	shell(t, d, `
		umask 027
		echo one > created
		echo two >> created
		chmod 4711 created
		chown 12:34 created
		mv created renamed
		ln renamed hard
		ln -s anywhere/at/all soft
		mkdir folder
		cd folder && echo three > ../other && rm ../hard
		rmdir ../folder
	`)
	info, err := os.Stat(p("renamed"))
	require.NoError(t, err)
	stat := info.Sys().(*syscall.Stat_t)

	created := l.one(names.EventFileCreate, at(p("created")))
	assert.EqualValues(t, stat.Ino, created.num(names.FileInode))
	assert.Equal(t, "0640", created.str(names.FileMode))
	assert.Equal(t, "0", created.str(names.FileOwnerID))
	assert.Equal(t, "write", created.str(names.FileAccess))
	assert.Empty(t, created.str(names.FilePathSource))
	assert.Equal(t, "created", created.str(names.FileName))

	opened := l.one(names.EventFileOpen, at(p("created")))
	assert.EqualValues(t, stat.Ino, opened.num(names.FileInode))

	// Where the argument leads is looked up after the call: on a slow machine it has another name by then, and is told
	// as it was given.
	byArgument := func(r record) bool { return strings.HasSuffix(r.str(names.FilePath), "created") }
	mode := l.one(names.EventFileModeChange, byArgument)
	assert.Equal(t, "4711", mode.str(names.FileMode))
	owner := l.one(names.EventFileOwnerChange, byArgument)
	assert.Equal(t, "12", owner.str(names.FileOwnerID))
	assert.Equal(t, "34", owner.str(names.FileGroupID))

	renamed := l.one(names.EventFileRename, at(p("created")))
	assert.Equal(t, p("renamed"), renamed.str(names.FileNewPath))
	assert.Equal(t, "directory", renamed.str(names.FilePathSource))
	hard := l.one(names.EventFileLink, at(p("renamed")))
	assert.Equal(t, p("hard"), hard.str(names.FileNewPath))
	soft := l.one(names.EventFileLink, at(p("soft")))
	assert.Equal(t, "anywhere/at/all", soft.str(names.FileSymbolicLinkTarget))
	folder := l.one(names.EventFileCreate, at(p("folder")))
	assert.Equal(t, "directory", folder.str(names.FileType))

	// The shell opens ../other: the kernel resolves it. rm and rmdir get names that start from a directory that
	// the kernel resolves.
	l.one(names.EventFileCreate, at(p("other")))
	deleted := l.one(names.EventFileDelete, at(p("hard")))
	assert.Equal(t, "directory", deleted.str(names.FilePathSource))
	l.one(names.EventFileDelete, at(p("folder")))
}

func TestFile_repeatsAreCounted(t *testing.T) {
	l := startLive(t, only("file"))
	d := t.TempDir()
	pid := shell(t, d, `for i in 1 2 3 4 5 6 7 8 9 10; do echo $i >> log; done`)
	path := filepath.Join(d, "log")
	l.one(names.EventFileCreate, at(path))
	first := l.one(names.EventFileOpen, func(r record) bool {
		return at(path)(r) && r.num(names.RepeatCount) == 0
	})
	assert.EqualValues(t, pid, first.num(names.ProcessPID))
	repeats := l.one(names.EventFileOpen, func(r record) bool {
		return at(path)(r) && r.num(names.RepeatCount) > 0
	})
	assert.EqualValues(t, 8, repeats.num(names.RepeatCount), "one creation, one open, and eight more")
	assert.EqualValues(t, pid, repeats.num(names.ProcessPID))
	assert.Equal(t, first.str(names.ProcessExecutablePath), repeats.str(names.ProcessExecutablePath))
}

// A process that has more files than it may have remembered in a window has each further use of one reported. Others
// are deduplicated all the same.
func TestFile_budgetOfOneProcess(t *testing.T) {
	const budget, beyond, uses = 2048, 20, 10 // SEEN_PER_PROCESS_MAX of bpf/file/file.bpf.c
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Tracers.File.DeduplicationWindow = deduplicationWindowMax
	})
	d := t.TempDir()
	// Each file is created once and opened twice: that is two entries for each.
	greedy := shell(t, d, fmt.Sprintf(`for n in 1 2 3; do i=0; while [ $i -lt %d ]; do : >> $i; i=$((i+1)); done; done`, budget/2+beyond))
	modest := shell(t, d, fmt.Sprintf(`i=0; while [ $i -lt %d ]; do : >> modest; i=$((i+1)); done`, uses+1))
	l.stop()
	events, repeats := map[int]int{}, map[int]int64{}
	for _, pid := range []int{greedy, modest} {
		for _, r := range l.find(names.EventFileOpen, byPID(pid)) {
			if count := r.num(names.RepeatCount); count > 0 {
				repeats[pid] += count
			} else if strings.HasPrefix(r.str(names.FilePath), d) {
				events[pid]++
			}
		}
	}
	// The creations take an entry for each file, so there are budget/2 - beyond left for the opens.
	opens, remembered := 2*(budget/2+beyond), budget/2-beyond
	assert.EqualValues(t, remembered, repeats[greedy])
	assert.Equal(t, opens-remembered, events[greedy])
	assert.EqualValues(t, uses-1, repeats[modest])
	assert.Equal(t, 1, events[modest])
}

// A number of an inode is used again for another file: that is no repeat.
func TestFile_inodesAreReused(t *testing.T) {
	const files = 50
	l := startLive(t, only("file"))
	d := t.TempDir()
	pid := shell(t, d, fmt.Sprintf(`i=0; while [ $i -lt %d ]; do : > $i; rm $i; i=$((i+1)); done; : > end`, files))
	l.one(names.EventFileCreate, at(filepath.Join(d, "end")))
	inodes, created := map[int64]bool{}, 0
	for _, r := range l.find(names.EventFileCreate, byPID(pid)) {
		inodes[r.num(names.FileInode)] = true
		created++
	}
	assert.Equal(t, files+1, created)
	if len(inodes) == created {
		t.Skip("this file system uses no number again, so this shows nothing")
	}
}

func TestFile_readsOfChosenPaths(t *testing.T) {
	files := map[string]string{ // which of the patterns asks for it, "" for none
		"secret": "secret", "secret2": "", "deep/secret": "",
		"keys/deep/id": "keys/", "keys/id": "keys/", "keys2/id": "", "deep/keys/id": "", "keys/a/b/c/d/e/f/g": "keys/",
		"home/one/.ssh/id_rsa": "home/*/.ssh/id_*", "home/one/.ssh/idrsa": "", "home/id_rsa": "",
		"home/one/two/.ssh/id_rsa": "", "home/.ssh/id_rsa": "", "home/one/.ssh/id_": "home/*/.ssh/id_*",
		"ssh/host_rsa_key": "ssh/host_*_key", "ssh/host_rsa_key.pub": "", "ssh/host_key": "", "ssh/host__key": "ssh/host_*_key",
		"ssh/host_" + strings.Repeat("x", 240) + "_key": "ssh/host_*_key",
		"pods/1/..data/token":                           "pods/*/*/token", "pods/1/token": "",
		"tls/server.pem": "tls/*.pem", "tls/server.pem2": "", "tls/pem": "",
	}
	d := t.TempDir()
	var script strings.Builder
	var patterns []string
	want := map[string]string{}
	for name, p := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(d, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(d, name), nil, 0o600))
		script.WriteString("read x < " + name + " || true\n")
		if p != "" {
			want[name] = d + "/" + p
			patterns = append(patterns, d+"/"+p)
		}
	}
	slices.Sort(patterns)
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Tracers.File.ReadPaths = slices.Compact(patterns)
	})
	pid := shell(t, d, script.String()+"echo > done")
	l.one(names.EventFileCreate, at(filepath.Join(d, "done")))
	got := map[string]string{}
	for _, r := range l.find(names.EventFileOpen, byPID(pid)) {
		if r.str(names.FileAccess) == "read" {
			got[strings.TrimPrefix(r.str(names.FilePath), d+"/")] = r.str(names.FileReadPath)
			assert.False(t, r.has(names.FileOtherName))
		}
	}
	assert.Equal(t, want, got)
}

func TestFile_longPaths(t *testing.T) {
	l := startLive(t, only("file"))
	d := t.TempDir()
	// 40 elements of 50 bytes are long, 80 elements are more than are followed.
	element := strings.Repeat("x", 50)
	long := strings.Repeat(element+"/", 40)
	deep := strings.Repeat("y/", 80)
	shell(t, d, `mkdir -p `+long+` `+deep+`; echo > `+long+`end; cd `+deep+`; echo > end`)
	l.one(names.EventFileCreate, at(filepath.Join(d, long, "end")))
	cut := l.one(names.EventFileCreate, func(r record) bool {
		return strings.HasSuffix(r.str(names.FilePath), "y/end") && r.str(names.FileType) == ""
	})
	assert.Equal(t, "truncated", cut.str(names.FilePathStatus))
	assert.Equal(t, "/"+strings.Repeat("y/", 63)+"end", cut.str(names.FilePath))
}
