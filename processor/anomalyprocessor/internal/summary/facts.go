// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Text is a text that somebody else may have chosen.
type Text string

// MarshalJSON writes a text so that nothing in it is more than a text to whoever reads the document: invisible characters become visible, and the
// brackets by which models tell messages apart, such as <|im_start|> and [INST], don't appear.
func (t Text) MarshalJSON() ([]byte, error) {
	quoted, err := json.Marshal(string(t)) // escapes < and > itself
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, r := range string(quoted) {
		switch {
		case r == '[' || r == ']' || r <= 0xFFFF && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		case !unicode.IsPrint(r):
			high, low := (r-0x10000)>>10+0xD800, (r-0x10000)&0x3FF+0xDC00
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			b.WriteRune(r)
		}
	}
	return []byte(b.String()), nil
}

// Facts are what a model is told of an incident.
type Facts struct {
	Workload   Text    `json:"workload"`
	Severity   string  `json:"severity"`
	Score      float64 `json:"score"`
	Confidence float64 `json:"confidence"`
	// Profile is the state of the profile that judged.
	Profile string `json:"profile"`
	Opened  string `json:"opened"`
	Last    string `json:"last"`
	Events  uint64 `json:"events"`
	// Instances are replicas, Merged further incidents of the same kind.
	Instances int    `json:"instances"`
	Merged    uint64 `json:"merged"`
	Rules     []Rule `json:"rules"`
	Steps     []Step `json:"steps"`
	// StepsLeftOut counts those that are not in the document.
	StepsLeftOut uint64 `json:"steps_left_out"`
}

// Rule is a rule that matched.
type Rule struct {
	Title      Text   `json:"title"`
	Level      string `json:"level"`
	Techniques []Text `json:"techniques,omitempty"`
}

// Step is one unusual behaviour.
type Step struct {
	// Number counts from 1 in the order of the incident's record.
	Number int    `json:"number"`
	Time   string `json:"time"`
	Action string `json:"action"`
	Object Text   `json:"object"`
	// Executable is that of the process, Process and Parent are numbers that tell processes apart in this document, 0 if unknown.
	Executable  Text    `json:"executable,omitempty"`
	Process     int     `json:"process"`
	Parent      int     `json:"parent,omitempty"`
	Why         Text    `json:"why,omitempty"`
	Weight      float64 `json:"weight"`
	Count       uint32  `json:"count"`
	Sensitivity string  `json:"sensitivity,omitempty"`
}

// errNoRoom tells that not even one step with short texts has room.
var errNoRoom = errors.New("the facts of an incident have no room in a request: raise request_tokens_max")

// document returns the facts as JSON of limited length, without secrets, and the numbers of the steps that are in it. If there are too many steps,
// those that weigh least are left out; then rules, then parts of texts: who chooses names can't make an incident too large.
func document(facts *Facts, redactor *Redactor, bytesMax int) ([]byte, map[int]bool, error) {
	f, most := redactor.facts(facts), factBytesMax
	for {
		encoded, err := json.Marshal(f)
		if err != nil {
			return nil, nil, err
		}
		if len(encoded) <= bytesMax {
			numbers := map[int]bool{}
			for at := range f.Steps {
				numbers[f.Steps[at].Number] = true
			}
			return encoded, numbers, nil
		}
		if len(f.Steps) > 1 || len(f.Rules) > 0 {
			f.shrink()
			continue
		}
		if most /= 2; most < factBytesMin {
			return nil, nil, errNoRoom
		}
		f.shorten(most)
	}
}

// shorten cuts what there is of texts when there are no rules any more.
func (f *Facts) shorten(most int) {
	f.Workload = Text(shorten(string(f.Workload), most))
	for at := range f.Steps {
		step := &f.Steps[at]
		for _, text := range []*Text{&step.Object, &step.Executable, &step.Why} {
			*text = Text(shorten(string(*text), most))
		}
	}
}

// shrink leaves out the lightest eighth of the steps, at least one, then rules.
func (f *Facts) shrink() {
	if len(f.Steps) <= 1 {
		f.Rules = f.Rules[:len(f.Rules)-1]
		return
	}
	for range max(len(f.Steps)/8, 1) {
		least := 0
		for at := range f.Steps {
			if f.Steps[at].Weight < f.Steps[least].Weight {
				least = at
			}
		}
		f.Steps = slices.Delete(f.Steps, least, least+1)
		f.StepsLeftOut++
	}
}

// shorten cuts a text to a length, and leaves no half letters.
func shorten(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most-len("…")], "") + "…"
	}
	return text
}
