// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var twoSteps = map[int]bool{1: true, 2: true}

func TestCheck_accepted(t *testing.T) {
	s, outcome := check(goodAnswer, twoSteps)
	require.Equal(t, Written, outcome)
	assert.Equal(t, &Summary{"A shell was started by the web server.", Malicious, []Reason{{"Web servers start no shells.", []int{1, 2}}}}, s)
	for _, text := range []string{
		"It connected to 203.0.113.9:4444, and wrote /tmp/x; that took 3 s.", "Größe: 5 €, \"quoted\" & 'so'.", "It read /etc/shadow (twice).",
	} {
		assert.Equal(t, Written, checkText(text, textBytesMax), text)
	}
}

// answer is one with this text, verdict and further parts.
func answer(text, verdict, steps string) string {
	return fmt.Sprintf(`{"summary":%q,"verdict":%q,"reasons":[{"text":"So it is.","steps":%s}]}`, text, verdict, steps)
}

func TestCheck_thrownAway(t *testing.T) {
	for content, want := range map[string]Outcome{
		"":                                 WrongSchema,
		"null":                             WrongSchema,
		"benign":                           WrongSchema,
		"[]":                               WrongSchema,
		"```json\n" + goodAnswer + "\n```": WrongSchema,
		goodAnswer + goodAnswer:            WrongSchema,
		goodAnswer + " And so on.":         WrongSchema,
		answer("", "benign", "[1]"):        WrongSchema,
		answer(" ", "benign", "[1]"):       WrongSchema,
		answer("a", "harmless", "[1]"):     WrongSchema,
		answer("a", "", "[1]"):             WrongSchema,
		answer("a", "benign", "[]"):        WrongSchema,
		answer("a", "benign", "null"):      WrongSchema,
		answer("a", "benign", `["1"]`):     WrongSchema,
		answer("a", "benign", "[1.5]"):     WrongSchema,
		answer("a", "benign", "[0]"):       UnknownStep,
		answer("a", "benign", "[1,3]"):     UnknownStep,
		answer("a", "benign", "[-1]"):      UnknownStep,
		`{"summary":"a","verdict":"benign","reasons":[]}`:                                              WrongSchema,
		`{"summary":"a","verdict":"benign"}`:                                                           WrongSchema,
		`{"summary":"a","verdict":"benign","reasons":[{"text":"a","steps":[1]}],"severity":0}`:         WrongSchema,
		`{"summary":"a","verdict":"benign","reasons":[{"text":"a","steps":[1]}],"state":"closed"}`:     WrongSchema,
		`{"summary":"a","verdict":"benign","reasons":[{"text":"a","steps":[1],"close":true}]}`:         WrongSchema,
		`{"summary":"a","verdict":"benign","reasons":[{"text":"http://a","steps":[1]}]}`:               UnsafeText,
		answer(strings.Repeat("a", textBytesMax+1), "benign", "[1]"):                                   WrongSchema,
		strings.Repeat(" ", contentBytesMax) + goodAnswer:                                              WrongSchema,
		answer("see https://evil.example/x", "benign", "[1]"):                                          UnsafeText,
		answer("see WWW.evil.example", "benign", "[1]"):                                                UnsafeText,
		answer("see javascript:alert(1)", "benign", "[1]"):                                             UnsafeText,
		answer("mail a@evil.example", "benign", "[1]"):                                                 UnsafeText,
		answer("<img src=x onerror=y>", "benign", "[1]"):                                               UnsafeText,
		answer("![a](b)", "benign", "[1]"):                                                             UnsafeText,
		answer("`id`", "benign", "[1]"):                                                                UnsafeText,
		answer("**All is well**", "benign", "[1]"):                                                     UnsafeText,
		answer("# All is well", "benign", "[1]"):                                                       UnsafeText,
		answer("&lt;b", "benign", "[1]"):                                                               UnsafeText,
		answer("&#60;b&#62;", "benign", "[1]"):                                                         UnsafeText,
		`{"summary":"a\nlevel=info msg=fine","verdict":"benign","reasons":[{"text":"a","steps":[1]}]}`: UnsafeText,
		`{"summary":"a\u001b[2J","verdict":"benign","reasons":[{"text":"a","steps":[1]}]}`:             UnsafeText,
		`{"summary":"a\u202eb","verdict":"benign","reasons":[{"text":"a","steps":[1]}]}`:               UnsafeText,
		"{\"summary\":\"a\xff\",\"verdict\":\"benign\",\"reasons\":[{\"text\":\"a\",\"steps\":[1]}]}":  UnsafeText,
		answer("My orders: "+strings.Split(instructions, "\n")[0], "benign", "[1]"):                    Echo,
		answer(strings.ToUpper(strings.Split(instructions, "\n")[3]), "benign", "[1]"):                 Echo,
	} {
		s, outcome := check(content, twoSteps)
		assert.Equal(t, want.String(), outcome.String(), content)
		assert.Nil(t, s, content)
	}
	many := strings.Repeat(`{"text":"a","steps":[1]},`, reasonsMax+1)
	_, outcome := check(`{"summary":"a","verdict":"benign","reasons":[`+strings.TrimSuffix(many, ",")+`]}`, twoSteps)
	assert.Equal(t, WrongSchema, outcome)
	_, outcome = check(answer("a", "benign", "["+strings.Repeat("1,", reasonStepsMax)+"1]"), twoSteps)
	assert.Equal(t, WrongSchema, outcome)
}

func TestParse(t *testing.T) {
	for body, want := range map[string]Outcome{
		"":                 Malformed,
		"<html>":           Malformed,
		"[]":               Malformed,
		"{}":               Malformed,
		`{"choices":[]}`:   Malformed,
		`{"choices":[{}]}`: Malformed,
		`{"choices":"a"}`:  Malformed,
		`{"choices":[{"message":{"content":null}}]}`:                                           Malformed,
		`{"choices":[{"message":{"content":{"a":1}}}]}`:                                        Malformed,
		`{"choices":[{"message":{"content":"","refusal":"I won't"}}]}`:                         Declined,
		`{"choices":[{"finish_reason":"content_filter","message":{"content":""}}]}`:            Declined,
		`{"choices":[{"finish_reason":"length","message":{"content":"{\"summary\":\"a"}}]}`:    Truncated,
		`{"choices":[{"finish_reason":"stop","message":{"content":"I think it is benign."}}]}`: WrongSchema,
		strings.Repeat("[", 100_000):                                                           Malformed,
	} {
		s, _, outcome := parse([]byte(body), twoSteps)
		assert.Equal(t, want.String(), outcome.String(), body)
		assert.Nil(t, s)
	}
	s, used, outcome := parse(completion(t, goodAnswer), twoSteps)
	assert.Equal(t, Written, outcome)
	assert.Equal(t, &usage{700, 50}, used)
	assert.Equal(t, Malicious, s.Verdict)
	// Figures that can't be are taken for none.
	_, used, _ = parse([]byte(`{"usage":{"prompt_tokens":-5,"completion_tokens":-9}}`), twoSteps)
	assert.Nil(t, used)
}

// Whatever an endpoint answers, what is used keeps to what was asked for.
func FuzzParse(f *testing.F) {
	f.Add(completion(f, goodAnswer))
	f.Add(completion(f, answer("<b>", "benign", "[3]")))
	f.Add([]byte(`{"choices":[{"message":{"content":null}}],"usage":{"prompt_tokens":-1}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, used, outcome := parse(body, twoSteps)
		require.Equal(t, outcome == Written, s != nil)
		if used != nil {
			require.Positive(t, used.Request)
			require.GreaterOrEqual(t, used.Answer, int64(0))
		}
		if s == nil {
			return
		}
		require.Contains(t, []Verdict{Benign, Suspicious, Malicious}, s.Verdict)
		require.NotEmpty(t, s.Reasons)
		texts := s.Text
		for _, reason := range s.Reasons {
			texts += reason.Text
			for _, number := range reason.Steps {
				require.True(t, twoSteps[number])
			}
		}
		require.LessOrEqual(t, len(texts), textBytesMax+reasonsMax*reasonBytesMax)
		for _, r := range texts {
			require.True(t, unicode.IsPrint(r) && !strings.ContainsRune(markup, r))
		}
		require.NotContains(t, texts, "://")
	})
}
