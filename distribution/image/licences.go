// SPDX-License-Identifier: Apache-2.0

package main

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
	// licencesFolder is where the image has them.
	licencesFolder = "/licenses"
	// licenceBytesMax bounds one file. The longest licence that is in use has 35 kB; some list those of others.
	licenceBytesMax = 1 << 20
	// certainPercent of a file's words have to be those of licences for it to be named by them.
	certainPercent = 75
)

var licenceFile = regexp.MustCompile(`(?i)^(?:un)?(?:licen[sc]e|copying|copyright|notice|patents)(?:[-_.].*)?$`)

// licenceSet is what has to go with a program.
type licenceSet struct {
	// files are in the order of their paths in the image.
	files []entry
	// names are the SPDX identifiers that were recognised in the root folder of a module, by the module's path.
	names map[string][]string
}

// collectLicences finds the licences of a program: ours, Go's and those of each module.
func collectLicences(ctx context.Context, root string, p program) (licenceSet, error) {
	set := licenceSet{names: map[string][]string{}}
	for _, name := range []string{"LICENSE", "bpf/LICENSES/BSD-2-Clause.txt", "bpf/LICENSES/GPL-2.0-only.txt"} {
		if _, err := set.add(filepath.Join(root, name), path.Join(licencesFolder, modulePath, name)); err != nil {
			return set, err
		}
	}
	goRoot, err := output(ctx, root, nil, "go", "env", "GOROOT")
	if err != nil {
		return set, err
	}
	if err := set.addModule("std", strings.TrimSpace(string(goRoot)), path.Join(licencesFolder, "go")); err != nil {
		return set, err
	}
	for _, m := range p.modules {
		if err := set.addModule(m.path, m.folder, path.Join(licencesFolder, m.path+"@"+m.version)); err != nil {
			return set, err
		}
	}
	slices.SortFunc(set.files, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	return set, nil
}

// addModule adds the licences in a module's folder, and, unless it is Go's own, in folders below, where code of others is.
func (s *licenceSet) addModule(name, folder, target string) error {
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
			s.names[name] = append(s.names[name], recognise(text)...)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the licences of %s: %w", name, err)
	}
	if !found {
		return fmt.Errorf("%s has no file with its licence in %s: it can't be passed on without; use another module, or another version", name, folder)
	}
	slices.Sort(s.names[name])
	s.names[name] = slices.Compact(s.names[name])
	return nil
}

// skipped are folders that nothing is linked from.
func skipped(folder string) bool {
	return folder == "testdata" || folder == "vendor" || strings.HasPrefix(folder, ".")
}

// add adds a file, and returns its text.
func (s *licenceSet) add(source, target string) ([]byte, error) {
	text, err := os.ReadFile(source)
	if err != nil {
		return nil, err
	}
	if len(text) > licenceBytesMax {
		return nil, fmt.Errorf("%s has %d bytes, more than %d: it is hardly a licence", source, len(text), licenceBytesMax)
	}
	s.files = append(s.files, entry{name: target, mode: 0o644, content: text})
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
