// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// bodyOf says in two or three sentences what an incident is about. Names in it may be an attacker's choice.
func bodyOf(workload, state string, s *story.Story, facts *story.Facts) string {
	var b strings.Builder
	steps, more := s.Steps()
	count := uint64(len(steps)) + more
	fmt.Fprintf(&b, "Incident %s in %s: %s", state, plain(workload), plural(count, "unusual step", "unusual steps"))
	if took := s.Last().Sub(s.Opened()).Round(time.Second); took > 0 {
		fmt.Fprintf(&b, " within %s", took)
	}
	if len(steps) > 0 {
		first, last := &steps[0], &steps[len(steps)-1]
		fmt.Fprintf(&b, ", from %s %s", first.Action, plain(first.Object))
		if len(steps) > 1 {
			fmt.Fprintf(&b, " to %s %s", last.Action, plain(last.Object))
		}
	}
	fmt.Fprintf(&b, "; score %.1f.", s.Score())
	if step := heaviest(steps); step != nil && step.Explanation != "" {
		fmt.Fprintf(&b, " Most unusual: %s.", plain(step.Explanation))
	}
	again := ""
	if merged := s.Merged(); merged > 0 {
		again = fmt.Sprintf("t happened %d times in %s", merged+1, plural(uint64(len(facts.Instances)), "instance", "instances"))
	}
	switch {
	case len(facts.Rules) > 0 && again != "":
		fmt.Fprintf(&b, " The rule %q matched, and i%s.", plain(highestOf(facts.Rules).Title), again)
	case len(facts.Rules) > 0:
		fmt.Fprintf(&b, " The rule %q matched.", plain(highestOf(facts.Rules).Title))
	case again != "":
		fmt.Fprintf(&b, " I%s.", again)
	}
	b.WriteString(lossSentence(s.Lost()))
	return b.String()
}

func plural(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatUint(n, 10) + " " + many
}

// heaviest returns the step that weighs most, the first of several.
func heaviest(steps []story.Step) *story.Step {
	var most *story.Step
	for at := range steps {
		if most == nil || steps[at].Weight > most.Weight {
			most = &steps[at]
		}
	}
	return most
}

// plain shortens a text for people, and quotes what could be taken for more than a text: whoever names files must not write lines of a log.
func plain(text string) string {
	text = cut(text, bodyTextBytesMax)
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return strconv.Quote(text)
		}
	}
	return text
}
