// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"fmt"
	"regexp"
	"slices"
)

// Redacted replaces what may be a secret, as in events.
const Redacted = "REDACTED"

// Redactor takes out of facts what is not to leave. The receiver takes secrets out of arguments before; events of others may have theirs still.
type Redactor struct {
	patterns []replacement
}

type replacement struct {
	pattern *regexp.Regexp
	by      string
}

// secretNames are those of options, variables and headers whose value is a secret.
const secretNames = `(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|(?:proxy-)?authorization|cookie)` //nolint:gosec // names of secrets, and no secret

// secretForms are secrets that are known by their form, or by the name before them.
func secretForms() []replacement {
	all := []replacement{
		// What is assigned to a name, or stands in a header, which may have a scheme before it.
		{by: "${1}" + Redacted, pattern: regexp.MustCompile(`(?i)(` + secretNames + `["']?\s*[=:]\s*["']?(?:(?:bearer|basic|digest|token)\s+)?)` +
			`[^\s"',;&|)}]+`)},
		// What follows an option.
		{by: "${1}" + Redacted, pattern: regexp.MustCompile(`(?i)((?:^|[\s"'])--?[a-z0-9_-]*` + secretNames + `["']?\s+["']?)[^\s"',;&|)}-][^\s"',;&|)}]*`)},
		{by: "${1}:" + Redacted + "@", pattern: regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^/?#\s:@]*):[^/?#\s]*@`)},
		{by: "${1} " + Redacted, pattern: regexp.MustCompile(`(?i)\b(bearer)\s+[a-z0-9._~+/=-]{8,}`)},
		{by: Redacted, pattern: regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)},
	}
	for _, form := range []string{
		`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,              // AWS
		`\bgh[pousr]_[A-Za-z0-9]{20,}`,               // GitHub
		`\bgithub_pat_[A-Za-z0-9_]{20,}`,             //
		`\bglpat-[A-Za-z0-9_-]{16,}`,                 // GitLab
		`\bxox[abprs]-[A-Za-z0-9-]{10,}`,             // Slack
		`\bsk-[A-Za-z0-9_-]{16,}`,                    // OpenAI and its kind
		`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]{8,}`, // JSON Web Tokens
		`\bAIza[A-Za-z0-9_-]{30,}`,                   // Google
	} {
		all = append(all, replacement{regexp.MustCompile(form), Redacted})
	}
	return all
}

// NewRedactor returns a redactor of what patterns match, in the syntax of Go, and of what looks like a secret if secrets is set.
func NewRedactor(secrets bool, patterns []string) (*Redactor, error) {
	r := &Redactor{}
	for at, pattern := range patterns {
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("patterns[%d]: %w", at, err)
		}
		if compiled.MatchString("") {
			return nil, fmt.Errorf("patterns[%d]: %q matches the empty text, and so everywhere: let it match one character at least", at, pattern)
		}
		r.patterns = append(r.patterns, replacement{compiled, Redacted})
	}
	if secrets {
		r.patterns = append(r.patterns, secretForms()...)
	}
	return r, nil
}

// text returns a text without what is redacted, and not too long. What is cut first is not searched.
func (r *Redactor) text(t Text) Text {
	text := shorten(string(t), redactBytesMax)
	for _, one := range r.patterns {
		text = one.pattern.ReplaceAllString(text, one.by)
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
