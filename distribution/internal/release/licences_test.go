// SPDX-License-Identifier: Apache-2.0

package release

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLicences_ofOthersInAModule(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{
		"LICENSE", "NOTICE.txt", "third_party/forked/COPYING", // taken
		"license.go", ".github/LICENSE", "vendor/a/LICENSE", "testdata/LICENSE", "licensed.txt", "internal/README.md", // not
	} {
		write(t, filepath.Join(folder, name), "text of "+name)
	}
	set := LicenceSet{Names: map[string][]string{}}
	require.NoError(t, set.addModule("a.org/x", folder, "/licenses/a.org/x@v1"))
	var names []string
	for _, file := range set.Files {
		names = append(names, file.Path)
		assert.NotEmpty(t, file.Content)
	}
	assert.Equal(t, []string{"/licenses/a.org/x@v1/LICENSE", "/licenses/a.org/x@v1/NOTICE.txt", "/licenses/a.org/x@v1/third_party/forked/COPYING"}, names)
	assert.Empty(t, set.Names["a.org/x"], "no known words")
}

func TestLicences_moduleWithout(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "third_party/LICENSE"), "of somebody else")
	set := LicenceSet{Names: map[string][]string{}}
	err := set.addModule("a.org/x", folder, "/licenses/a.org/x@v1")
	assert.EqualError(t, err, "a.org/x has no file with its licence in "+folder+": it can't be passed on without; use another module, or another version")
}
