// SPDX-License-Identifier: Apache-2.0

//go:build linux

package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A file that many containers share is read when it has changed, and only then.
func TestReadShared_onlyChangesAreRead(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "shared.json")
	at, err := openFolder("", root)
	require.NoError(t, err)
	defer at.close()
	var s sharedFiles
	reads := 0
	parse := func(content []byte) (string, error) {
		reads++
		if len(content) == 0 {
			return "", errNoObject
		}
		return string(content), nil
	}
	read := func() string {
		content, err := readShared(&s, at, path, "shared.json", parse)
		require.NoError(t, err)
		return content
	}
	require.NoError(t, os.WriteFile(path, []byte("first"), 0o600))
	for range 3 {
		assert.Equal(t, "first", read())
	}
	assert.Equal(t, 1, reads)
	// As runtimes do it: another file of the same length takes its place.
	require.NoError(t, os.WriteFile(path+".new", []byte("other"), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
	assert.Equal(t, "other", read())
	assert.Equal(t, 2, reads)

	require.NoError(t, os.Remove(path))
	_, err = readShared(&s, at, path, "shared.json", parse)
	assert.Equal(t, Absent, outcomeOf(err))
}

func TestReadShared_bounds(t *testing.T) {
	root := t.TempDir()
	at, err := openFolder("", root)
	require.NoError(t, err)
	defer at.close()
	var s sharedFiles
	parse := func([]byte) (int, error) { return 0, nil }
	for n := range 2 * sharedFilesMax {
		name := fmt.Sprint(n)
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
		_, err := readShared(&s, at, name, name, parse)
		require.NoError(t, err)
	}
	assert.Len(t, s.known, sharedFilesMax)
	assert.EqualValues(t, sharedFilesMax, s.evicted)

	require.NoError(t, os.Truncate(filepath.Join(root, "0"), sharedFileBytesMax+1))
	_, err = readShared(&s, at, "0", "0", parse)
	assert.Equal(t, TooLarge, outcomeOf(err))
}

// Containers that start at the same time are described at the same time.
func TestDescribe_concurrentUse(t *testing.T) {
	root := t.TempDir()
	index := filepath.Join(root, "var/lib/containers/storage/overlay-containers")
	require.NoError(t, os.MkdirAll(index, 0o700))
	write := func(containers int) {
		var list []string
		for n := range containers {
			list = append(list, fmt.Sprintf(`{"id":"%064x","names":["c%d"]}`, n, n))
		}
		path := filepath.Join(index, "containers.json")
		if err := os.WriteFile(path+".new", []byte("["+strings.Join(list, ",")+"]"), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Error(err)
		}
	}
	write(1)
	finder := finderAt(root)
	var users sync.WaitGroup
	users.Go(func() {
		for n := range 100 {
			write(n + 1)
		}
	})
	for range 4 {
		users.Go(func() {
			for n := range 100 {
				c := Container{ID: fmt.Sprintf("%064x", n), Runtime: Podman}
				if outcome := finder.Describe(&c); outcome == Found && c.Name != fmt.Sprintf("c%d", n) {
					t.Errorf("%d is called %s", n, c.Name)
				} else if outcome != Found && outcome != Absent {
					t.Error(outcome)
				}
			}
		})
	}
	users.Wait()
}
