// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// commit makes a repository with one commit, of which a script is part.
func commit(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "builder-config.yaml"), "dist: {version: 9.8.7}\n")
	write(t, filepath.Join(folder, "scripts/run.sh"), "true\n")
	write(t, filepath.Join(folder, ".gitignore"), "/_build/\n")
	require.NoError(t, os.Chmod(filepath.Join(folder, "scripts/run.sh"), 0o755))
	command := exec.Command("sh", "-ec", "git init -q . && git add -A && git commit -q -m first")
	command.Dir = folder
	command.Env = append(os.Environ(), "GIT_COMMITTER_DATE=1700000000 +0200", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@a.example", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@a.example")
	printed, err := command.CombinedOutput()
	require.NoError(t, err, string(printed))
	return folder
}

func TestDescribe(t *testing.T) {
	t.Setenv(epochVariable, "")
	folder := commit(t)
	p, err := describe(t.Context(), folder, "")
	require.NoError(t, err)
	assert.Equal(t, example, p.name)
	assert.Equal(t, exampleProduct().created, p.created, "the time of the commit")
	assert.Len(t, p.revision, 40)

	write(t, filepath.Join(folder, "new.txt"), "")
	t.Setenv(epochVariable, "1600000000")
	changed, err := describe(t.Context(), folder, "registry.example/meerkat:x")
	require.NoError(t, err)
	assert.Equal(t, p.revision+"-modified", changed.revision)
	assert.Equal(t, "registry.example/meerkat:x", changed.name)
	assert.Equal(t, time.Unix(1_600_000_000, 0).UTC(), changed.created)
}

func TestDescribe_whatIsWrong(t *testing.T) {
	folder := commit(t)
	for _, wrong := range []string{"yesterday", "-1", "1.5"} {
		t.Setenv(epochVariable, wrong)
		_, err := describe(t.Context(), folder, "")
		assert.EqualError(t, err, "SOURCE_DATE_EPOCH says \""+wrong+"\": write the seconds since 1970")
	}
	write(t, filepath.Join(folder, "builder-config.yaml"), "dist: {}\n")
	_, err := describe(t.Context(), folder, "")
	assert.EqualError(t, err, "builder-config.yaml: dist.version is missing")
}

// What is made elsewhere is made of the same files.
func TestCopyRepository(t *testing.T) {
	folder, to := commit(t), filepath.Join(t.TempDir(), "copy")
	write(t, filepath.Join(folder, "new.txt"), "not committed yet")
	write(t, filepath.Join(folder, "_build/made"), "ignored")
	require.NoError(t, os.Remove(filepath.Join(folder, ".gitignore")))
	write(t, filepath.Join(folder, ".git/info/exclude"), "/_build/\n")
	require.NoError(t, copyRepository(t.Context(), folder, to))
	var copied []string
	require.NoError(t, filepath.WalkDir(to, func(path string, _ os.DirEntry, err error) error {
		copied = append(copied, strings.TrimPrefix(path, to))
		return err
	}))
	assert.Equal(t, []string{"", "/builder-config.yaml", "/new.txt", "/scripts", "/scripts/run.sh"}, copied)
	info, err := os.Stat(filepath.Join(to, "scripts/run.sh"))
	require.NoError(t, err)
	assert.EqualValues(t, 0o755, info.Mode().Perm())
}

// A program says which modules it was linked from.
func TestOpen(t *testing.T) {
	built := buildSmall(t, t.TempDir())[0]
	require.Len(t, built.modules, 1)
	assert.Equal(t, "github.com/cespare/xxhash/v2", built.modules[0].path)
	assert.FileExists(t, filepath.Join(built.modules[0].folder, "LICENSE.txt"))

	_, err := open(t.Context(), root, "product_test.go")
	assert.Error(t, err)
}
