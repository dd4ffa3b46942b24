// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"strings"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// allowed is an entry of the list of what is never part of an incident.
type allowed struct {
	workload, executable, object pattern
	action                       behaviour.Action // 0 for any
}

func newAllowed(entries []AllowConfig) []allowed {
	list := make([]allowed, 0, len(entries))
	for _, entry := range entries {
		action, _ := behaviour.ParseAction(entry.Action)
		list = append(list, allowed{newPattern(entry.Workload), newPattern(entry.Executable), newPattern(entry.Object), action})
	}
	return list
}

func (a *allowed) fits(e *behaviour.Event) bool {
	if a.action != 0 && a.action != e.Action {
		return false
	}
	actor := e.Executable
	if e.Action == behaviour.Exec {
		actor = e.ParentExecutable
	}
	return a.workload.fits(e.Workload) && a.executable.fits(actor) && (a.object == nil || a.fitsObject(e))
}

// fitsObject looks at each text that names the object.
func (a *allowed) fitsObject(e *behaviour.Event) bool {
	switch e.Action {
	case behaviour.Rename, behaviour.Link:
		return a.object.fits(e.Target)
	case behaviour.Connect, behaviour.Accept, behaviour.Datagram:
		return e.Peer != "" && a.object.fits(e.Peer) || e.Address.IsValid() && a.object.fits(e.Address.String())
	case behaviour.Resolve, behaviour.Privilege, behaviour.Crash, behaviour.Attempt, behaviour.Socket:
		return a.object.fits(e.Detail)
	}
	return a.object.fits(e.Path)
}

// pattern is a text with * for any text, in its parts between these. nil fits everything.
type pattern []string

func newPattern(text string) pattern {
	if text == "" {
		return nil
	}
	return strings.Split(text, "*")
}

func (p pattern) fits(text string) bool {
	if p == nil {
		return true
	}
	if len(p) == 1 {
		return text == p[0]
	}
	first, last := p[0], p[len(p)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range p[1 : len(p)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}
