// SPDX-License-Identifier: Apache-2.0

package redaction

import (
	"fmt"
	"regexp"
	"strings"
)

// Redacted replaces what may be a secret. The semantic conventions ask for this word in URLs.
const Redacted = "REDACTED"

// KeysDefault matches names of options and variables whose values are taken for secrets.
const KeysDefault = `(?i)(password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|` +
	`credentials?|authorization|(^|[-_])(pass|auth)|[-_]pwd)$`

// Redactor takes secrets out of command lines. Its zero value and nil leave everything as it is.
//
// It knows secrets by the names that stand before them, by the forms of URLs and HTTP headers, and by forms of their
// own ([Forms]). An option whose meaning only its program knows, such as -p, is not among them.
type Redactor struct {
	keys *regexp.Regexp
}

// New returns a redactor for options and variables whose names match keys, an RE2 expression.
func New(keys string) (*Redactor, error) {
	compiled, err := regexp.Compile(keys)
	if err != nil {
		return nil, fmt.Errorf("compile the pattern of names to redact: %w", err)
	}
	return &Redactor{keys: compiled}, nil
}

var (
	// A header with a secret, as curl and its kind take it: an argument, or what is assigned by one.
	// In a script it is quoted.
	headerSecret = regexp.MustCompile(
		`(?is)^((?:-H|[^\s=]+=)?["']?(?:(?:proxy-)?authorization|cookie|x-[a-z-]*(?:token|key|secret))):\s*.+?(["']?)$`)
	// --no-password, --ask-pass: options that say something about a secret and have none behind them.
	switchOption = regexp.MustCompile(`^--?(?:no|ask|skip|without|disable|enable|prompt)-`)
	// A word of a script, with its quoted parts.
	scriptWord = regexp.MustCompile(`(?:[^\s;|&()<>"']|"[^"]*"|'[^']*')+|["']`)
)

// Arguments returns the arguments with secrets replaced, in place: values of --key=value and
// KEY=value, the argument behind --key, passwords in URLs, and secret HTTP headers; all of these in
// the scripts that shells are given, too.
func (r *Redactor) Arguments(arguments []string) []string {
	if r == nil || r.keys == nil {
		return arguments
	}
	valueFollows, scriptFollows := false, false
	for i, argument := range arguments {
		switch {
		case valueFollows && !strings.HasPrefix(argument, "-"):
			arguments[i], valueFollows = Redacted, false
		case scriptFollows && !headerSecret.MatchString(argument): // git has a -c of its own
			arguments[i], valueFollows = r.script(argument), false
		default:
			arguments[i] = r.argument(argument)
			valueFollows = strings.HasPrefix(argument, "-") && r.keys.MatchString(argument) &&
				!strings.Contains(argument, "=") && !switchOption.MatchString(argument)
		}
		scriptFollows = isScriptOption(argument)
	}
	return arguments
}

// Text returns a text of which nothing is known with secrets replaced, as if it were a script.
func (r *Redactor) Text(text string) string {
	if r == nil || r.keys == nil {
		return text
	}
	return r.script(text)
}

// Value returns the value of something that has a name without secrets: none of it if the name is that of one.
func (r *Redactor) Value(name, value string) string {
	if r == nil || r.keys == nil {
		return value
	}
	if r.keys.MatchString(name) {
		return Redacted
	}
	return r.script(value)
}

// script redacts each word as an argument. What stands between the words stays.
func (r *Redactor) script(script string) string {
	places := scriptWord.FindAllStringIndex(script, -1)
	words := make([]string, len(places))
	for i, place := range places {
		words[i] = script[place[0]:place[1]]
		if inner, quote := unquote(words[i]); quote != "" && i > 0 && isScriptOption(words[i-1]) {
			words[i] = quote + r.script(inner) + quote
		}
	}
	r.Arguments(words)
	var redacted strings.Builder
	end := 0
	for i, place := range places {
		redacted.WriteString(script[end:place[0]])
		redacted.WriteString(words[i])
		end = place[1]
	}
	redacted.WriteString(script[end:])
	return redacted.String()
}

// unquote returns what stands between quotes, and the quote, which is empty if there is none.
func unquote(word string) (inner, quote string) {
	if len(word) >= 2 && (word[0] == '"' || word[0] == '\'') && word[len(word)-1] == word[0] {
		return word[1 : len(word)-1], word[:1]
	}
	return word, ""
}

// isScriptOption tells -c, -lc and the like: what follows is a script, for a shell at least.
func isScriptOption(argument string) bool {
	letters, found := strings.CutPrefix(argument, "-")
	return found && strings.HasSuffix(letters, "c") && strings.Trim(letters, "abcdefghijklmnopqrstuvwxyz") == ""
}

// isNoName tells what can't be part of the name of an option or variable.
func isNoName(r rune) bool {
	isName := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.[]", r)
	return !isName
}

func (r *Redactor) argument(argument string) string {
	argument = r.assignments(argument)
	if strings.Contains(argument, ":") {
		argument = URLPasswords(argument)
		argument = headerSecret.ReplaceAllString(argument, "${1}: "+Redacted+"${2}")
	}
	return Forms(argument)
}

// assignments replaces what is assigned to secret names anywhere in an argument. What ends a value is
// known only in the query of a URL; elsewhere all that follows is taken for the value.
func (r *Redactor) assignments(argument string) string {
	for at := 0; ; {
		sign := strings.IndexByte(argument[at:], '=')
		if sign < 0 {
			return argument
		}
		start, value := at, at+sign+1
		at = value
		name, before := argument[start:value-1], byte(0)
		if i := strings.LastIndexFunc(name, isNoName); i >= 0 {
			before = name[i]
			name = strings.TrimLeftFunc(name[i:], isNoName)
		}
		if name == "" || value == len(argument) || !r.keys.MatchString(name) {
			continue
		}
		length := len(argument) - value
		if before == '?' || before == '&' {
			if end := strings.IndexAny(argument[value:], "&# \"'"); end >= 0 {
				length = end
			}
		}
		if length > 0 {
			argument = argument[:value] + Redacted + argument[value+length:]
			at = value + len(Redacted)
		}
	}
}
