// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Verdict is what a model takes an incident for. It is a suggestion to people.
type Verdict string

// Verdicts.
const (
	Benign     Verdict = "benign"
	Suspicious Verdict = "suspicious"
	Malicious  Verdict = "malicious"
)

// Reason is what a verdict is based on.
type Reason struct {
	Text string `json:"text"`
	// Steps are numbers of steps of the incident.
	Steps []int `json:"steps"`
}

// Summary is an answer that was checked. What it says may be wrong, or what an attacker wants it to say.
type Summary struct {
	Text    string   `json:"summary"`
	Verdict Verdict  `json:"verdict"`
	Reasons []Reason `json:"reasons"`
}

// usage is what the endpoint says that a request took.
type usage struct {
	Request int64 `json:"prompt_tokens"`
	Answer  int64 `json:"completion_tokens"`
}

// response is the part of a response that is used.
type response struct {
	Choices []struct {
		FinishReason string `json:"finish_reason"`
		Message      struct {
			Content *string `json:"content"`
			Refusal *string `json:"refusal"`
		} `json:"message"`
	} `json:"choices"`
	Usage *usage `json:"usage"`
}

// parse reads the body of a response, and checks what the model says against the steps that it was told. The usage is nil if there is none.
func parse(body []byte, steps map[int]bool) (*Summary, *usage, Outcome) {
	var r response
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, nil, Malformed
	}
	used := r.Usage
	if used != nil && (used.Request <= 0 || used.Answer < 0) {
		used = nil
	}
	if len(r.Choices) == 0 {
		return nil, used, Malformed
	}
	choice := &r.Choices[0]
	switch {
	case choice.Message.Refusal != nil && *choice.Message.Refusal != "", choice.FinishReason == "content_filter":
		return nil, used, Declined
	case choice.FinishReason == "length":
		return nil, used, Truncated
	case choice.Message.Content == nil:
		return nil, used, Malformed
	}
	s, outcome := check(*choice.Message.Content, steps)
	return s, used, outcome
}

// check reads what a model says.
func check(content string, steps map[int]bool) (*Summary, Outcome) {
	if len(content) > contentBytesMax {
		return nil, WrongSchema
	}
	decoder := json.NewDecoder(strings.NewReader(content))
	decoder.DisallowUnknownFields()
	var s *Summary
	if err := decoder.Decode(&s); err != nil || s == nil {
		return nil, WrongSchema
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, WrongSchema
	}
	if s.Verdict != Benign && s.Verdict != Suspicious && s.Verdict != Malicious || len(s.Reasons) == 0 || len(s.Reasons) > reasonsMax {
		return nil, WrongSchema
	}
	if outcome := checkText(s.Text, textBytesMax); outcome != Written {
		return nil, outcome
	}
	for at := range s.Reasons {
		if outcome := checkReason(&s.Reasons[at], steps); outcome != Written {
			return nil, outcome
		}
	}
	return s, Written
}

func checkReason(r *Reason, steps map[int]bool) Outcome {
	if len(r.Steps) == 0 || len(r.Steps) > reasonStepsMax {
		return WrongSchema
	}
	for _, number := range r.Steps {
		if !steps[number] {
			return UnknownStep
		}
	}
	return checkText(r.Text, reasonBytesMax)
}

// active finds what becomes a link, or another letter, where texts are shown.
var active = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:javascript|vbscript|data|mailto|tel|file|blob|about):\S|\S@\S+\.[a-z]|&#?\w+;`)

// markup are characters that mean more than themselves in HTML or Markdown.
const markup = "<>`[]|\\"

func checkText(text string, bytesMax int) Outcome {
	if strings.TrimSpace(text) == "" || len(text) > bytesMax {
		return WrongSchema
	}
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) || strings.ContainsRune(markup, r) {
			return UnsafeText
		}
	}
	if active.MatchString(text) || strings.Contains(text, "**") || strings.HasPrefix(strings.TrimSpace(text), "#") {
		return UnsafeText
	}
	if echoes(text) {
		return Echo
	}
	return Written
}
