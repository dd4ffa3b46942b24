// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var (
	markdownLink = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	// fence is a block of code, in which brackets are no links.
	fence        = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	heading      = regexp.MustCompile(`(?m)^#+ (.+)$`)
	testName     = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	makeVerb     = regexp.MustCompile("`make ([a-z0-9-]+)")
	verb         = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
)

// atlas is what a document may point to.
type atlas struct{ places, headings, tests, verbs map[string]bool }

// anchor is how a heading is linked to.
func anchor(heading string) string {
	return "#" + strings.NewReplacer(".", "", "`", "", ",", "", "'", "", " ", "-").Replace(strings.ToLower(heading))
}

func atlasOf(all []file) atlas {
	a := atlas{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, f := range all {
		for name := f.name; name != "."; name = path.Dir(name) {
			a.places[name] = true
		}
		if f.has("_test.go") {
			for _, match := range testFunction.FindAllStringSubmatch(f.text(), -1) {
				a.tests[match[1]] = true
			}
		}
		if f.has(".md") {
			// A guide may have tests that its readers write.
			for _, match := range testFunction.FindAllStringSubmatch(f.text(), -1) {
				a.tests[match[1]] = true
			}
			for _, match := range heading.FindAllStringSubmatch(f.text(), -1) {
				a.headings[f.name+anchor(match[1])] = true
			}
		}
		if f.name == "Makefile" {
			for _, match := range verb.FindAllStringSubmatch(f.text(), -1) {
				a.verbs[match[1]] = true
			}
		}
	}
	return a
}

// malformed says what is wrong with the address of a page elsewhere. Whether that is there is not asked: tests ask nobody.
func malformed(address string) string {
	parsed, err := url.Parse(address)
	switch {
	case err != nil:
		return "it is no address"
	case parsed.Scheme != "https" && !strings.HasPrefix(address, "http://127.0.0.1:"):
		return "only https is for pages elsewhere"
	case parsed.Host == "" || parsed.User != nil:
		return "it has no host, or a user"
	}
	return ""
}

// dead returns what a document points to and is not there.
func (a atlas) dead(document file) []string {
	var dead []string
	for _, match := range markdownLink.FindAllStringSubmatch(fence.ReplaceAllString(document.text(), ""), -1) {
		target, part := match[1], match[2]
		place := path.Join(document.folder(), target)
		if target == "" {
			place = document.name
		}
		switch {
		case strings.Contains(target, "://"):
			if wrong := malformed(target + part); wrong != "" {
				dead = append(dead, fmt.Sprintf("%s links to %s: %s", document.name, target, wrong))
			}
		case !a.places[place]:
			dead = append(dead, fmt.Sprintf("%s links to %s, which does not exist", document.name, target))
		case part != "" && !a.headings[place+part]:
			dead = append(dead, fmt.Sprintf("%s links to %s, and there is no such heading", document.name, target+part))
		}
	}
	for _, name := range testName.FindAllString(document.text(), -1) {
		if !a.tests[name] {
			dead = append(dead, fmt.Sprintf("%s speaks of %s, and there is no such test", document.name, name))
		}
	}
	for _, match := range makeVerb.FindAllStringSubmatch(document.text(), -1) {
		if !a.verbs[match[1]] {
			dead = append(dead, fmt.Sprintf("%s speaks of make %s, and the Makefile has no such verb", document.name, match[1]))
		}
	}
	return dead
}

// What documents point to is there.
func TestDocs(t *testing.T) {
	all := files(t)
	there := atlasOf(all)
	for _, f := range all {
		if !f.has(".md") {
			continue
		}
		for _, dead := range there.dead(f) {
			t.Error(dead)
		}
	}
}

func TestDocs_findsDeadPointers(t *testing.T) {
	there := atlasOf([]file{{"docs/a.md", []byte("# The `First` part\n")}, {"x/x_test.go", []byte("func TestReal_case(t *testing.T) {}\n")}, {"Makefile", []byte("run: build\n")}})
	document := file{"docs/b.md", []byte("[a](a.md#the-first-part) [no](a.md#part) [x](../x) [gone](gone.md) [web](https://a.org/b) [old](http://a.org/b) `TestReal_case` `TestGone` `make run` `make gone`")}
	assert.Equal(t, []string{
		"docs/b.md links to a.md#part, and there is no such heading",
		"docs/b.md links to gone.md, which does not exist",
		"docs/b.md links to http://a.org/b: only https is for pages elsewhere",
		"docs/b.md speaks of TestGone, and there is no such test",
		"docs/b.md speaks of make gone, and the Makefile has no such verb",
	}, there.dead(document))
}

// Every page is in the list of pages, so that it is found.
func TestDocs_listed(t *testing.T) {
	all := files(t)
	var list string
	for _, f := range all {
		if f.name == "docs/README.md" {
			list = f.text()
		}
	}
	for _, f := range all {
		if f.folder() == "docs" && f.has(".md") && f.name != "docs/README.md" {
			assert.Contains(t, list, "]("+path.Base(f.name)+")", "docs/README.md does not list %s", f.name)
		}
	}
}
