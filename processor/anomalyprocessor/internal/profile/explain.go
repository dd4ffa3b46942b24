// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// Explain says in one sentence why an observation is judged so, with the figures. The event and the observation have to be those that
// were judged.
func Explain(e *behaviour.Event, o *Observation, j Judgement) string {
	if j.Forbidden {
		return fmt.Sprintf("%s %s %s was said to be malicious", actor(e), verb(e.Action), o.Object.Text())
	}
	if j.Part != PartNone && j.Evidence.Observations == 0 {
		return fmt.Sprintf("%s %s %s among the first things that were seen of this workload", actor(e), verb(e.Action), o.Object.Text())
	}
	seen := fmt.Sprintf("%s, %s", times(j.Evidence.Observations), different(j.Evidence))
	since := ""
	switch days := j.Evidence.Age / (24 * time.Hour); {
	case days == 1:
		since = " in one day"
	case days > 1:
		since = fmt.Sprintf(" in %d days", days)
	}
	switch j.Part {
	case PartExact, PartWide:
		who := actor(e)
		if j.Part == PartWide {
			who = "this workload"
		}
		return fmt.Sprintf("%s %s%s%s %s: %s is none of them", who, verb(e.Action), below(o, j.Evidence.Segments), since, seen, o.Object.Text())
	case PartShape:
		return fmt.Sprintf("%s was executed%s%s%s: arguments%s are none of them", o.Object.Text(), belowShape(o, j.Evidence.Segments), since, " "+seen,
			o.Shape.Text())
	case PartAction:
		return fmt.Sprintf("this workload did%s %s of things: %s (%s) is none of them", since, seen, e.Action, o.Object.Text())
	case PartNone:
	}
	return ""
}

func actor(e *behaviour.Event) string {
	name := e.Executable
	if e.Action == behaviour.Exec {
		name = e.ParentExecutable
	}
	if name == "" {
		return "a process that is not known"
	}
	return name
}

var verbs = [...]string{
	behaviour.Exec: "executed", behaviour.Read: "read", behaviour.Write: "wrote", behaviour.Create: "created", behaviour.Rename: "renamed to",
	behaviour.Delete: "deleted", behaviour.Link: "linked to", behaviour.Attribute: "changed mode or owner of", behaviour.Connect: "connected to",
	behaviour.Accept: "accepted from", behaviour.Listen: "listened on", behaviour.Datagram: "sent to", behaviour.Resolve: "looked up",
	behaviour.Privilege: "changed its privileges by", behaviour.Injection: "got into others by", behaviour.Mount: "mounted",
	behaviour.Signal: "sent", behaviour.Channel: "talked through", behaviour.Crash: "crashed by",
	behaviour.Attempt: "failed to execute", behaviour.Socket: "opened a socket of kind",
}

func verb(a behaviour.Action) string {
	if int(a) >= len(verbs) {
		return "did"
	}
	return verbs[a]
}

func below(o *Observation, segments int) string {
	if segments <= 0 {
		return ""
	}
	return " below " + string(o.Object.Prefix(segments))
}

func belowShape(o *Observation, segments int) string {
	if segments <= 0 {
		return ""
	}
	return " with" + strings.TrimRight(string(o.Shape.Prefix(segments)), " ")
}

func times(n uint32) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func different(e Evidence) string {
	kinds := "kinds"
	if e.Distinct == 1 {
		kinds = "kind"
	}
	if e.Many {
		return fmt.Sprintf("more than %d %s", e.Distinct-1, kinds)
	}
	return fmt.Sprintf("%d %s", e.Distinct, kinds)
}
