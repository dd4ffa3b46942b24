// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"strings"
)

// Fingerprint is a number that is another one when what Load reads has changed: names, sizes and times of all files that may be rules, behind
// symbolic links too, as Kubernetes has them in a mounted ConfigMap. It reads no file, and never fails: what can't be looked at is part of the number.
func Fingerprint(sources ...Source) uint64 {
	sum := fnv.New64a()
	note := func(values ...any) { _, _ = fmt.Fprintln(sum, values...) } // A hash takes everything.
	for _, source := range sources {
		note(source.Name)
		if source.Files == nil {
			continue
		}
		entries := 0
		// The walk fails only by what visit returns, which is in the number.
		_ = fs.WalkDir(source.Files, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry == nil {
				note(name, err)
				return fs.SkipDir
			}
			if entries++; entries > entriesMax {
				return fs.SkipAll
			}
			return noteEntry(source.Files, name, entry, note)
		})
	}
	return sum.Sum64()
}

// noteEntry skips what Load skips.
func noteEntry(files fs.FS, name string, entry fs.DirEntry, note func(...any)) error {
	hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
	if entry.IsDir() {
		if hidden || strings.Count(name, "/") >= folderDepthMax {
			return fs.SkipDir
		}
		return nil
	}
	if extension := path.Ext(name); hidden || (extension != ".yml" && extension != ".yaml") {
		return nil
	}
	information, err := fs.Stat(files, name)
	if err != nil {
		note(name, err)
		return nil
	}
	note(name, information.Size(), information.ModTime().UnixNano(), information.Mode())
	return nil
}
