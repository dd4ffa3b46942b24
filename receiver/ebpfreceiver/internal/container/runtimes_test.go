// SPDX-License-Identifier: Apache-2.0

//go:build linux

package container

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "renew what is wanted of the state of runtimes")

// testLabels are the keys of labels that are asked for in the state of runtimes.
var testLabels = []string{"com.example.*", "com.docker.compose.service", "nerdctl/n*"}

// found is what a cgroup turned out to be.
type found struct {
	Cgroup    string
	Outcome   Outcome
	Container Container
}

// extract writes the files of an archive to a folder that stands for the host's root.
func extract(t testing.TB, archive *txtar.Archive) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, file := range archive.Files {
		if !strings.Contains(file.Name, "/") {
			continue // no file, but what is asked and wanted
		}
		path := filepath.Join(root, file.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, file.Data, 0o600))
	}
	return root
}

func section(t testing.TB, archive *txtar.Archive, name string) *txtar.File {
	t.Helper()
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			return &archive.Files[i]
		}
	}
	require.Fail(t, "there is no section "+name)
	return nil
}

// finderAt returns a finder for a host whose root is in a folder.
func finderAt(root string) *Finder {
	settings := DefaultSettings()
	settings.RootPath, settings.Labels = root, testLabels
	settings.Redact = func(key, value string) string {
		if strings.HasSuffix(key, "password") {
			return "REDACTED"
		}
		return value
	}
	return NewFinder(settings)
}

// The state of each runtime, as it lies on a host, and what is known of its containers.
func TestDescribe_stateOfEachRuntime(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			finder := finderAt(extract(t, archive))
			var got bytes.Buffer
			encoder := json.NewEncoder(&got)
			encoder.SetIndent("", "  ")
			for cgroup := range strings.Lines(string(section(t, archive, "cgroups").Data)) {
				f := found{Cgroup: strings.TrimSpace(cgroup)}
				f.Container, _ = finder.Locate(f.Cgroup)
				if f.Container.ID != "" {
					f.Outcome = finder.Describe(&f.Container)
				}
				require.NoError(t, encoder.Encode(f))
			}
			want := section(t, archive, "want")
			if *update {
				want.Data = got.Bytes()
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
				return
			}
			assert.Equal(t, string(want.Data), got.String(), "go test -update accepts what came out")
			assert.Zero(t, finder.Stats())
		})
	}
}
