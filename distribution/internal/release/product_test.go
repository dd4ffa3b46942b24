// SPDX-License-Identifier: Apache-2.0

package release

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

const root = "../../.."

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
	t.Setenv(EpochVariable, "")
	folder := commit(t)
	p, err := Describe(t.Context(), folder)
	require.NoError(t, err)
	assert.Equal(t, "9.8.7", p.Version)
	assert.Equal(t, time.Unix(1_700_000_000, 0).UTC(), p.Created, "the time of the commit")
	assert.Len(t, p.Revision, 40)

	write(t, filepath.Join(folder, "new.txt"), "")
	t.Setenv(EpochVariable, "1600000000")
	changed, err := Describe(t.Context(), folder)
	require.NoError(t, err)
	assert.Equal(t, p.Revision+"-modified", changed.Revision)
	assert.Equal(t, time.Unix(1_600_000_000, 0).UTC(), changed.Created)
}

func TestDescribe_whatIsWrong(t *testing.T) {
	folder := commit(t)
	for _, wrong := range []string{"yesterday", "-1", "1.5"} {
		t.Setenv(EpochVariable, wrong)
		_, err := Describe(t.Context(), folder)
		assert.EqualError(t, err, "SOURCE_DATE_EPOCH says \""+wrong+"\": write the seconds since 1970")
	}
	write(t, filepath.Join(folder, "builder-config.yaml"), "dist: {}\n")
	_, err := Describe(t.Context(), folder)
	assert.EqualError(t, err, "builder-config.yaml: dist.version is missing")
}

// What is made elsewhere is made of the same files.
func TestCopyRepository(t *testing.T) {
	folder, to := commit(t), filepath.Join(t.TempDir(), "copy")
	write(t, filepath.Join(folder, "new.txt"), "not committed yet")
	write(t, filepath.Join(folder, "_build/made"), "ignored")
	require.NoError(t, os.Remove(filepath.Join(folder, ".gitignore")))
	write(t, filepath.Join(folder, ".git/info/exclude"), "/_build/\n")
	require.NoError(t, CopyRepository(t.Context(), folder, to))
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

// buildSmall builds a small program, and opens it.
func buildSmall(t *testing.T) Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small")
	command := exec.Command("go", "build", "-trimpath", "-o", path, "./testdata/small")
	command.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0", "GOARCH=arm64")
	printed, err := command.CombinedOutput()
	require.NoError(t, err, string(printed))
	built, err := Open(t.Context(), root, path)
	require.NoError(t, err)
	require.Equal(t, "arm64", built.Architecture)
	return built
}

// write makes a file and the folders above it.
func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// A program says which modules it was linked from.
func TestOpen(t *testing.T) {
	built := buildSmall(t)
	require.Len(t, built.Modules, 1)
	assert.Equal(t, "github.com/cespare/xxhash/v2", built.Modules[0].Path)
	assert.FileExists(t, filepath.Join(built.Modules[0].Folder, "LICENSE.txt"))

	_, err := Open(t.Context(), root, "product_test.go")
	assert.Error(t, err)
}

// What is made twice is made of the same files, and compared.
func TestAgain(t *testing.T) {
	folder := commit(t)
	read := func(root string) (string, error) {
		assert.NotEqual(t, folder, root)
		text, err := os.ReadFile(filepath.Join(root, "scripts/run.sh"))
		return string(text), err
	}
	assert.NoError(t, Again(t.Context(), folder, t.TempDir(), "true\n", read))
	assert.EqualError(t, Again(t.Context(), folder, t.TempDir(), "false\n", read), "a second build differs:\nfalse\nand then\ntrue\n")
}

func TestWriteSums(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a"), "text")
	sums, err := WriteSums(folder, []string{"a"})
	require.NoError(t, err)
	check := exec.Command("sha256sum", "--check", "--strict", SumsFile)
	check.Dir = folder
	printed, err := check.CombinedOutput()
	require.NoError(t, err, string(printed))
	assert.Contains(t, sums, "  a\n")
	_, err = WriteSums(folder, []string{"missing"})
	assert.Error(t, err)
}
