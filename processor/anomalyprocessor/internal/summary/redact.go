// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/meerkat-otel/meerkat/internal/redaction"
)

// Redactor takes out of facts what is not to leave. The receiver takes secrets out of arguments before; events of others may have theirs still.
type Redactor struct {
	patterns []replacement
	secrets  bool
}

type replacement struct {
	pattern *regexp.Regexp
	by      string
}

// secretNames are those of options, variables and headers whose value is a secret.
const secretNames = `(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|(?:proxy-)?authorization|cookie)` //nolint:gosec // names of secrets, and no secret

// quoted is a text in quotes, of which the last may have been cut off.
const quoted = `"[^"]*"?|'[^']*'?`

// secretsInProse are known by the name before them, in texts that are no command line any more.
func secretsInProse() []replacement {
	return []replacement{
		// What is assigned to a name, or stands in a header, which may have a scheme before it.
		{by: "${1}" + redaction.Redacted, pattern: regexp.MustCompile(`(?i)(` + secretNames + `["']?\s*[=:]\s*(?:["']?(?:bearer|basic|digest|token)\s+)?)` +
			`(?:` + quoted + `|[^\s"',;&|)}]+)`)},
		// What follows an option.
		{by: "${1}" + redaction.Redacted, pattern: regexp.MustCompile(`(?i)((?:^|[\s"'])--?[a-z0-9_-]*` + secretNames + `["']?\s+)(?:` + quoted + `|[^\s"',;&|)}-][^\s"',;&|)}]*)`)},
		{by: "${1} " + redaction.Redacted, pattern: regexp.MustCompile(`(?i)\b(bearer)\s+[a-z0-9._~+/=-]{8,}`)},
	}
}

// NewRedactor returns a redactor of what patterns match, in the syntax of Go, and of what looks like a secret if secrets is set.
func NewRedactor(secrets bool, patterns []string) (*Redactor, error) {
	r := &Redactor{secrets: secrets}
	for at, pattern := range patterns {
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("patterns[%d]: %w", at, err)
		}
		if compiled.MatchString("") {
			return nil, fmt.Errorf("patterns[%d]: %q matches the empty text, and so everywhere: let it match one character at least", at, pattern)
		}
		r.patterns = append(r.patterns, replacement{compiled, redaction.Redacted})
	}
	if secrets {
		r.patterns = append(r.patterns, secretsInProse()...)
	}
	return r, nil
}

// text returns a text without what is redacted, and not too long. What is cut first is not searched.
func (r *Redactor) text(t Text) Text {
	text := shorten(string(t), redactBytesMax)
	for _, one := range r.patterns {
		text = one.pattern.ReplaceAllString(text, one.by)
	}
	if r.secrets {
		text = redaction.Forms(redaction.URLPasswords(text))
	}
	return Text(shorten(text, factBytesMax))
}

// facts returns a copy of the facts without what is redacted.
func (r *Redactor) facts(facts *Facts) *Facts {
	f := *facts
	f.Workload = r.text(f.Workload)
	f.Rules, f.Steps = slices.Clone(f.Rules), slices.Clone(f.Steps)
	for at := range f.Rules {
		rule := &f.Rules[at]
		rule.Title = r.text(rule.Title)
		rule.Techniques = slices.Clone(rule.Techniques)
		for n := range rule.Techniques {
			rule.Techniques[n] = r.text(rule.Techniques[n])
		}
	}
	for at := range f.Steps {
		step := &f.Steps[at]
		step.Object, step.Executable, step.Why = r.text(step.Object), r.text(step.Executable), r.text(step.Why)
	}
	return &f
}
