// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// uuid is what an id looks like (specification, "Identification").
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// otherDocuments are keys of documents that are no rules, or no single ones.
var otherDocuments = map[string]string{
	"action":      "collections of rules (action) are not supported: write one rule in each file",
	"correlation": "correlation rules are not supported: the incidents of the processor join events",
	"filter":      "Sigma filters are not supported: write the exception into the rule",
}

// readRule reads a file and compiles the rule in it. The rule is returned along with an error too, as far as it was
// read, so that its title can be told.
func readRule(content []byte) (*Rule, expression, error) {
	rule := &Rule{}
	root, err := parseDocument(content)
	if err != nil {
		return rule, nil, err
	}
	entries, err := entriesOf(root, "the rule")
	if err != nil {
		return rule, nil, err
	}
	var logSource, detection *yaml.Node
	for _, e := range entries {
		if reason, other := otherDocuments[e.key]; other {
			return rule, nil, unsupported(e.at, "%s", reason)
		}
		switch e.key {
		case "logsource":
			logSource = e.value
		case "detection":
			detection = e.value
		default:
			if err := rule.readMetadata(e); err != nil {
				return rule, nil, err
			}
		}
	}
	switch {
	case rule.Title == "":
		return rule, nil, broken(root, "the rule has no title")
	case logSource == nil:
		return rule, nil, broken(root, "the rule has no logsource")
	case detection == nil:
		return rule, nil, broken(root, "the rule has no detection")
	}
	if rule.Category, err = readLogSource(logSource); err != nil {
		return rule, nil, err
	}
	rule.readTags()
	matches, missing, err := compileDetection(detection, rule.Category)
	rule.Missing = missing
	return rule, matches, err
}

// readMetadata reads what a rule says about itself. Keys that are not known are free to rules, and skipped.
func (r *Rule) readMetadata(e entry) error {
	if texts := map[string]*string{
		"title": &r.Title, "id": &r.ID, "status": &r.Status, "description": &r.Description,
		"author": &r.Author, "date": &r.Date, "modified": &r.Modified,
	}[e.key]; texts != nil {
		text, err := textOf(e)
		if err != nil {
			return err
		}
		*texts = text
		return r.checkMetadata(e)
	}
	if lists := map[string]*[]string{
		"references": &r.References, "falsepositives": &r.FalsePositives, "tags": &r.Tags,
	}[e.key]; lists != nil {
		texts, err := textsOf(e)
		*lists = texts
		return err
	}
	switch e.key {
	case "level":
		text, err := textOf(e)
		if err != nil {
			return err
		}
		if r.Level, err = levelOf(text); err != nil {
			return broken(e.value, "%s", err)
		}
	case "taxonomy":
		if text, err := textOf(e); err != nil || (text != "" && text != "sigma") {
			return unsupported(e.value, "the taxonomy is not sigma: fields may mean something else")
		}
	}
	return nil
}

func (r *Rule) checkMetadata(e entry) error {
	switch e.key {
	case "title":
		if len(r.Title) > titleBytesMax {
			title := r.Title[:titleBytesMax]
			r.Title = strings.ToValidUTF8(title, "")
			return overLimit(e.value, "the title has more than %d bytes", titleBytesMax)
		}
	case "id":
		if r.ID != "" && !uuid.MatchString(r.ID) {
			return broken(e.value, "the id is no UUID, such as 5f113a8f-8b61-41ca-b90f-d374fa7e4a39")
		}
		r.ID = strings.ToLower(r.ID)
	case "status":
		if r.Status == "deprecated" || r.Status == "unsupported" {
			return unsupported(e.value, "the rule says itself that its status is %s", r.Status)
		}
	}
	return nil
}

// readLogSource tells which events a rule is about (specification, "LogSource"; taxonomy, "Linux Folder").
func readLogSource(node *yaml.Node) (Category, error) {
	entries, err := entriesOf(node, "logsource")
	if err != nil {
		return 0, err
	}
	var product, category string
	for _, e := range entries {
		text := ""
		if e.key == "product" || e.key == "category" || e.key == "service" {
			if text, err = textOf(e); err != nil {
				return 0, err
			}
		}
		switch e.key {
		case "product":
			product = text
		case "category":
			category = text
		case "service":
			if text != "" {
				return 0, problemAt(OtherLogSource, e.at, "the rule is for the log of the service %q", text)
			}
		}
	}
	if product != "linux" {
		return 0, problemAt(OtherLogSource, node, "the rule is for the product %q; Meerkat has events of linux", product)
	}
	found, ok := categoryOf(category)
	if !ok {
		return 0, problemAt(OtherLogSource, node, "the rule is for the category %q; Meerkat has %s",
			category, strings.Join(categoryNames[:], ", "))
	}
	return found, nil
}
