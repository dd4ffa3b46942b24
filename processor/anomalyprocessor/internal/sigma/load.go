// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Source is a folder of rules, with all folders in it.
type Source struct {
	// Name tells it from other sources in reports, for example "built-in" or the folder's path.
	Name  string
	Files fs.FS
}

// Load reads the rules of all sources. Files end with .yml or .yaml; names that begin with a dot are skipped, as
// Kubernetes keeps the older versions of a mounted ConfigMap there. If two rules have the same id, the first one is
// taken, by source and then by path. Load never fails: what could not be read or understood is in the report.
func Load(sources ...Source) (*Set, Report) {
	l := &loader{set: &Set{}, ids: make(map[string]*Rule)}
	for _, source := range sources {
		l.loadSource(source)
	}
	l.report.Rules = l.set.Len()
	return l.set, l.report
}

// loader is what Load knows while it reads.
type loader struct {
	set    *Set
	report Report
	ids    map[string]*Rule
}

// walk is what is known while one source is read.
type walk struct {
	*loader
	source         Source
	files, entries int
}

func (l *loader) loadSource(source Source) {
	w := &walk{loader: l, source: source}
	if source.Files == nil {
		w.refuse(".", "", broken(nil, "there is no such folder"))
		return
	}
	if err := fs.WalkDir(source.Files, ".", w.visit); err != nil {
		w.refuse(".", "", err)
	}
}

func (w *walk) refuse(file, title string, err error) {
	w.report.Refused = append(w.report.Refused, refusal(w.source.Name, file, title, err))
}

// visit is called for each file and folder, in the order of names. Only limits end the walk.
func (w *walk) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		w.refuse(name, "", fmt.Errorf("read the folder: %w", err))
		if entry != nil && entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	w.entries++
	if w.entries > entriesMax {
		return overLimit(nil, "the folder has more than %d files and folders; those from %s on are not read", entriesMax, name)
	}
	hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
	if entry.IsDir() {
		switch {
		case hidden:
			return fs.SkipDir
		case strings.Count(name, "/") >= folderDepthMax:
			w.refuse(name, "", overLimit(nil, "folders lie in each other deeper than %d", folderDepthMax))
			return fs.SkipDir
		}
		return nil
	}
	if extension := path.Ext(name); hidden || (extension != ".yml" && extension != ".yaml") {
		return nil
	}
	if w.files >= filesMax {
		return overLimit(nil, "the folder has more than %d files with rules; those from %s on are not read", filesMax, name)
	}
	w.files++
	w.report.Files++
	w.loadFile(name)
	return nil
}

func (w *walk) loadFile(name string) {
	content, err := readFile(w.source.Files, name)
	if err != nil {
		w.refuse(name, "", err)
		return
	}
	rule, matches, err := readRule(content)
	if err == nil {
		rule.Source, rule.File = w.source.Name, name
		err = w.admit(rule)
	}
	if err != nil {
		w.refuse(name, rule.Title, err)
		return
	}
	w.set.add(rule, matches)
}

// admit tells why a rule can't be added to those that are there.
func (w *walk) admit(rule *Rule) error {
	if w.set.Len() >= rulesMax {
		return overLimit(nil, "there are %d rules already, which is as many as are allowed", rulesMax)
	}
	if rule.ID == "" {
		return nil
	}
	if other := w.ids[rule.ID]; other != nil {
		return broken(nil, "the id %s is already that of %s in %s", rule.ID, other.File, other.Source)
	}
	w.ids[rule.ID] = rule
	return nil
}

// readFile reads a file within the limit. Only regular files are opened, since opening a pipe would wait.
func readFile(files fs.FS, name string) ([]byte, error) {
	information, err := fs.Stat(files, name)
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if !information.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	file, err := files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	defer func() { _ = file.Close() }() // It was only read.
	content, err := io.ReadAll(io.LimitReader(file, fileBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if len(content) > fileBytesMax {
		return nil, overLimit(nil, "the file has more than %d bytes", fileBytesMax)
	}
	return content, nil
}
