// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"regexp"
	"regexp/syntax"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func regularOf(t testing.TB, text string) *regular {
	t.Helper()
	parsed, err := syntax.Parse(text, syntax.Perl)
	require.NoError(t, err)
	return &regular{regexp.MustCompile(text), factorsOf(parsed)}
}

func TestFactorsOf(t *testing.T) {
	for expression, want := range map[string][]string{
		`curl`:                             {"curl"},
		`(curl|wget)\s[^|;&]*\|\s*(ba)?sh`: {"curl", "wget"},
		`>\s*/var/log/(auth\.log|wtmp)`:    {"/var/log/"},
		`^/(var/)?tmp/(.*/)?\.[^/]`:        {"tmp/"},
		`(abc){2,}x`:                       {"abc"},
		`(abc)+`:                           {"abc"},
		`(abc)*`:                           nil,
		`(abc){0,3}`:                       nil,
		`(abc)?`:                           nil,
		`abc|d*`:                           nil,
		`(?i)abc`:                          nil,
		`^[4-7].*[1357]`:                   nil,
		`é+x`:                              {"é"},
		`.*`:                               nil,
	} {
		var got []string
		for _, factor := range regularOf(t, expression).factors {
			got = append(got, string(factor))
		}
		assert.Equal(t, want, got, expression)
	}
}

// With factors an expression finds what it finds without.
func FuzzFactors(f *testing.F) {
	f.Add(`(curl|wget)\s[^|;&]*\|\s*(ba)?sh`, "curl http://x | sh")
	f.Add(`^/(var/)?tmp/(.*/)?\.[^/]`, "/var/tmp/.x")
	f.Add(`(?i)A(b|c)+d{2}`, "abdd")
	f.Add(`\Qa.b\E|^$`, "")
	f.Add(`(?s)a.b`, "a\nb")
	f.Fuzz(func(t *testing.T, expression, text string) {
		parsed, err := syntax.Parse(expression, syntax.Perl)
		if err != nil {
			t.Skip("no expression")
		}
		compiled, err := regexp.Compile(expression)
		if err != nil {
			t.Skip("no expression")
		}
		s := &regular{compiled, factorsOf(parsed)}
		assert.Equal(t, compiled.MatchString(text), s.found([]byte(text)))
	})
}
