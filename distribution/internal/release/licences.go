// SPDX-License-Identifier: Apache-2.0

package release

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

const (
	// licenceBytesMax bounds one file. The longest licence that is in use has 35 kB; some list those of others.
	licenceBytesMax = 1 << 20
	// certainPercent of a file's words have to be those of licences for it to be named by them.
	certainPercent = 75
)

var licenceFile = regexp.MustCompile(`(?i)^(?:un)?(?:licen[sc]e|copying|copyright|notice|patents)(?:[-_.].*)?$`)

// File is one to be passed on, readable by all.
type File struct {
	// Path is absolute, where it will be.
	Path    string
	Content []byte
}

// LicenceSet is what has to go with a program.
type LicenceSet struct {
	// Files are in the order of their paths.
	Files []File
	// Names are the SPDX identifiers that were recognised in the root folder of a module, by the module's path.
	Names map[string][]string
}

// CollectLicences finds the licences of a program: ours, Go's and those of each module. The paths are below folder.
func CollectLicences(ctx context.Context, root, folder string, p Program) (LicenceSet, error) {
	set := LicenceSet{Names: map[string][]string{}}
	for _, name := range []string{"LICENSE", "bpf/LICENSES/BSD-2-Clause.txt", "bpf/LICENSES/GPL-2.0-only.txt"} {
		if _, err := set.add(filepath.Join(root, name), path.Join(folder, ModulePath, name)); err != nil {
			return set, err
		}
	}
	goRoot, err := Output(ctx, root, nil, "go", "env", "GOROOT")
	if err != nil {
		return set, err
	}
	if err := set.addModule("std", strings.TrimSpace(string(goRoot)), path.Join(folder, "go")); err != nil {
		return set, err
	}
	for _, m := range p.Modules {
		if err := set.addModule(m.Path, m.Folder, path.Join(folder, m.Path+"@"+m.Version)); err != nil {
			return set, err
		}
	}
	slices.SortFunc(set.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return set, nil
}

// addModule adds the licences in a module's folder, and, unless it is Go's own, in folders below, where code of others is.
func (s *LicenceSet) addModule(name, folder, target string) error {
	found := false
	err := filepath.WalkDir(folder, func(place string, file fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inRoot := filepath.Dir(place) == folder
		if file.IsDir() {
			if place != folder && (name == "std" || skipped(file.Name())) {
				return fs.SkipDir
			}
			return nil
		}
		if !licenceFile.MatchString(file.Name()) || slices.Contains([]string{".go", ".yml", ".yaml"}, filepath.Ext(place)) {
			return nil
		}
		relative, err := filepath.Rel(folder, place)
		if err != nil {
			return err
		}
		text, err := s.add(place, path.Join(target, filepath.ToSlash(relative)))
		if inRoot {
			found = true
			s.Names[name] = append(s.Names[name], recognise(text)...)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the licences of %s: %w", name, err)
	}
	if !found {
		return fmt.Errorf("%s has no file with its licence in %s: it can't be passed on without; use another module, or another version", name, folder)
	}
	slices.Sort(s.Names[name])
	s.Names[name] = slices.Compact(s.Names[name])
	return nil
}

// skipped are folders that nothing is linked from.
func skipped(folder string) bool {
	return folder == "testdata" || folder == "vendor" || strings.HasPrefix(folder, ".")
}

// add adds a file, and returns its text.
func (s *LicenceSet) add(source, target string) ([]byte, error) {
	text, err := os.ReadFile(source)
	if err != nil {
		return nil, err
	}
	if len(text) > licenceBytesMax {
		return nil, fmt.Errorf("%s has %d bytes, more than %d: it is hardly a licence", source, len(text), licenceBytesMax)
	}
	s.Files = append(s.Files, File{Path: target, Content: text})
	return text, nil
}

// recognise returns the identifiers of the licences that a text consists of, none if there is doubt.
func recognise(text []byte) []string {
	coverage := licensecheck.Scan(text)
	if coverage.Percent < certainPercent {
		return nil
	}
	var all []string
	for _, match := range coverage.Match {
		if !match.IsURL {
			all = append(all, match.ID)
		}
	}
	return all
}
