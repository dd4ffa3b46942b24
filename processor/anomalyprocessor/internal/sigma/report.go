// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Cause is why a file or rule is not in a Set.
type Cause uint8

// Causes.
const (
	// Broken is a file that is no valid rule: its author has to change it.
	Broken Cause = iota
	// Unsupported is a rule that is valid as far as one can see, and that this package can't evaluate.
	Unsupported
	// OtherLogSource is a rule for something that Meerkat has no events of: another product or service.
	OtherLogSource
	// OverLimit is beyond one of the limits.
	OverLimit
)

var causeNames = [...]string{"broken", "unsupported", "other_log_source", "over_limit"}

// String is a word for the cause, fit for the attribute of a metric.
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "unknown"
}

// Refused is a file, or the rule in it, that is not in the Set.
type Refused struct {
	// Source and File say where, Line which line of it, 0 if no line is to blame.
	Source, File string
	Line         int
	// Title is the rule's, if it could be read that far.
	Title string
	Cause Cause
	// Reason is a sentence for a person.
	Reason string
}

// String is the place and the reason.
func (r Refused) String() string {
	place := r.Source + "/" + r.File
	if r.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, r.Line)
	}
	return fmt.Sprintf("%s: %s: %s", place, r.Cause, r.Reason)
}

// Report says what became of the files.
type Report struct {
	// Files is how many were read, Rules how many rules are in the Set.
	Files, Rules int
	// Refused are those that are not, in the order in which they were found; at most one for each file and source.
	Refused []Refused
}

// problem is the error of everything that reads rules.
type problem struct {
	cause  Cause
	line   int
	reason string
}

func (p *problem) Error() string { return p.reason }

func problemAt(cause Cause, at *yaml.Node, format string, arguments ...any) error {
	p := &problem{cause: cause, reason: fmt.Sprintf(format, arguments...)}
	if at != nil {
		p.line = at.Line
	}
	return p
}

func broken(at *yaml.Node, format string, arguments ...any) error {
	return problemAt(Broken, at, format, arguments...)
}

func unsupported(at *yaml.Node, format string, arguments ...any) error {
	return problemAt(Unsupported, at, format, arguments...)
}

func overLimit(at *yaml.Node, format string, arguments ...any) error {
	return problemAt(OverLimit, at, format, arguments...)
}

// refusal tells an error of a file.
func refusal(source, file, title string, err error) Refused {
	refused := Refused{Source: source, File: file, Title: title, Cause: Broken, Reason: err.Error()}
	if p, ok := errors.AsType[*problem](err); ok {
		refused.Cause, refused.Line = p.cause, p.line
	}
	return refused
}
