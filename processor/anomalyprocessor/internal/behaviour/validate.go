// SPDX-License-Identifier: Apache-2.0

package behaviour

import (
	"errors"
	"fmt"
	"time"
)

// Limits of what an event may hold. Longer values are a mistake of whoever made the event: the kernel's own limits are lower.
const (
	textBytesMax     = 4096
	argumentCountMax = 4096
)

// ErrInvalid is what every error of Validate wraps.
var ErrInvalid = errors.New("event can't be judged")

// earliest is before any event there can be; what is earlier is a clock that was never set.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Validate tells whether there is enough in an event to judge it: a workload, a time, a process, an action with its object.
// It never asks for metadata that only an enrichment can add. The error names the field and what belongs there.
func (e *Event) Validate() error {
	if err := e.ValidateNote(); err != nil {
		return err
	}
	switch {
	case !e.Action.valid():
		return invalid("Action is %d: use one of the constants", e.Action)
	case len(e.Arguments) > argumentCountMax:
		return invalid("Arguments are %d, more than %d: cut them", len(e.Arguments), argumentCountMax)
	}
	return e.validateObject()
}

// ValidateNote is Validate for an event without an action, which tells only that a process was made or has ended.
func (e *Event) ValidateNote() error {
	switch {
	case e.Workload == "":
		return invalid("Workload is empty: give it the key of the profile that the event belongs to")
	case e.Time.Before(earliest):
		return invalid("Time is %s: give it the time at which the event happened", e.Time.UTC().Format(time.RFC3339))
	case e.Process.PID == 0:
		return invalid("Process has no PID: leave out what the kernel itself did")
	}
	return e.validateTexts()
}

func (e *Event) validateTexts() error {
	texts := [...]struct{ name, value string }{
		{"Workload", e.Workload}, {"Version", e.Version}, {"Instance", e.Instance}, {"Executable", e.Executable},
		{"ParentExecutable", e.ParentExecutable}, {"Path", e.Path}, {"Target", e.Target}, {"Peer", e.Peer}, {"Detail", e.Detail},
	}
	for _, text := range texts {
		if len(text.value) > textBytesMax {
			return invalid("%s has %d bytes, more than %d: cut it", text.name, len(text.value), textBytesMax)
		}
	}
	return nil
}

func (e *Event) validateObject() error {
	switch {
	case e.Action.onPath() && e.Path == "":
		return invalid("Path is empty, but the action is %s: give it the path", e.Action)
	case e.Action.onNetwork() && !e.Address.IsValid() && e.Peer == "":
		return invalid("Address and Peer are empty, but the action is %s: give one of them", e.Action)
	case (e.Action == Rename || e.Action == Link) && e.Target == "":
		return invalid("Target is empty, but the action is %s: give it the new name", e.Action)
	case !e.Action.onPath() && !e.Action.onNetwork() && e.Action != Listen && e.Detail == "":
		return invalid("Detail is empty, but the action is %s: say which", e.Action)
	}
	return nil
}

func invalid(format string, values ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, values...)...)
}
