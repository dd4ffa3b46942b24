// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"fmt"
	"regexp"
	"strings"
)

// Level is how much a match of a rule means (specification, "Level").
type Level uint8

// Levels, in rising order. A rule without one is informational: it labels and no more.
const (
	Informational Level = iota
	Low
	Medium
	High
	Critical
)

var levelNames = [...]string{"informational", "low", "medium", "high", "critical"}

// String is the level as rules have it.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "unknown"
}

// Bits is what a match of a rule of the level adds to the weight of an event.
func (l Level) Bits() float64 { return levelBits[l] }

var levelBits = [...]float64{Informational: 0, Low: 1, Medium: 3, High: 6, Critical: 10}

// Raises tells whether a match is an incident by itself.
func (l Level) Raises() bool { return l >= High }

// levelOf reads a level; an empty one is Informational.
func levelOf(name string) (Level, error) {
	if name == "" {
		return Informational, nil
	}
	for level, known := range levelNames {
		if name == known {
			return Level(level), nil
		}
	}
	return 0, fmt.Errorf("level %q is none of %s", name, strings.Join(levelNames[:], ", "))
}

// Rule is what a rule says about itself. It belongs to a Set and must not be changed.
type Rule struct {
	// Source is the name of the source that the rule is from, File its path there.
	Source, File string
	// ID is a UUID, or empty: rules need not have one.
	ID          string
	Title       string
	Status      string
	Level       Level
	Description string
	Author      string
	// Date and Modified are as the rule has them, by rule 2024-08-08.
	Date, Modified string
	References     []string
	FalsePositives []string
	Tags           []string
	// Techniques are the ATT&CK techniques among the tags, as ATT&CK writes them: T1059.004.
	Techniques []string
	// Tactics are the ATT&CK tactics among the tags, with hyphens: command-and-control.
	Tactics  []string
	Category Category
	// Missing names fields that the rule asks for and events never have. The rule can match by the alternatives that
	// it has to them.
	Missing []string
}

// Key identifies the rule: its id, or where it lies.
func (r *Rule) Key() string {
	if r.ID != "" {
		return r.ID
	}
	return r.Source + "/" + r.File
}

// Same tells whether two rules, of one Set or of two, are one and the same by their keys.
func (r *Rule) Same(other *Rule) bool {
	return r == other || r.ID == other.ID && (r.ID != "" || r.Source == other.Source && r.File == other.File)
}

var (
	techniqueTag = regexp.MustCompile(`^attack\.t(\d{4}(?:\.\d{3})?)$`)
	// tacticTag is what is left of the namespace "attack" without techniques, groups (g0001), software (s0001), data
	// sources (ds0001), mitigations (m0001) and assets (a0001). New tactics need no new version.
	tacticTag = regexp.MustCompile(`^attack\.([a-z]+(?:[-_][a-z]+)*)$`)
)

// readTags sorts the tags (specification, "Sigma Tags", namespace attack).
func (r *Rule) readTags() {
	for _, tag := range r.Tags {
		tag = strings.ToLower(tag)
		if match := techniqueTag.FindStringSubmatch(tag); match != nil {
			r.Techniques = append(r.Techniques, "T"+match[1])
		} else if match := tacticTag.FindStringSubmatch(tag); match != nil {
			r.Tactics = append(r.Tactics, strings.ReplaceAll(match[1], "_", "-"))
		}
	}
}
