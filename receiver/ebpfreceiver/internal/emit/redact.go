// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"regexp"
	"strings"
)

// Redacted replaces what may be a secret. The semantic conventions ask for this word in URLs.
const Redacted = "REDACTED"

// Redactor takes secrets out of command lines. Its zero value and nil leave everything as it is.
type Redactor struct {
	keys *regexp.Regexp
}

// NewRedactor returns a redactor for options and variables whose names match keys.
func NewRedactor(keys string) (*Redactor, error) {
	compiled, err := regexp.Compile(keys)
	if err != nil {
		return nil, fmt.Errorf("compile the pattern of names to redact: %w", err)
	}
	return &Redactor{keys: compiled}, nil
}

var (
	// scheme://user:password@host
	urlPassword = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^/?#\s:@]*):[^/?#\s]*@`)
	// The value of an Authorization header, as curl and its kind take it.
	headerSecret = regexp.MustCompile(`(?i)((?:proxy-)?authorization|cookie|x-[a-z-]*(?:token|key|secret)):\s*.+`)
)

// Arguments returns the arguments with secrets replaced, in place: values of --key=value and
// KEY=value, the argument behind --key, passwords in URLs, and secret HTTP headers.
func (r *Redactor) Arguments(arguments []string) []string {
	if r == nil || r.keys == nil {
		return arguments
	}
	valueFollows := false
	for i, argument := range arguments {
		if valueFollows && !strings.HasPrefix(argument, "-") {
			arguments[i], valueFollows = Redacted, false
			continue
		}
		valueFollows = false
		key, _, assigned := strings.Cut(argument, "=")
		option := strings.HasPrefix(key, "-")
		secret := r.keys.MatchString(key)
		switch {
		case assigned && secret:
			arguments[i] = key + "=" + Redacted
		case option && secret:
			valueFollows = true
		case strings.Contains(argument, ":"):
			argument = urlPassword.ReplaceAllString(argument, "${1}:"+Redacted+"@")
			arguments[i] = headerSecret.ReplaceAllString(argument, "${1}: "+Redacted)
		}
	}
	return arguments
}
