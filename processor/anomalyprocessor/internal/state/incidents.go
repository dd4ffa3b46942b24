// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"slices"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// Incidents are what is kept of the incidents of one workload. Times are nanoseconds since 1970.
type Incidents struct {
	// Latest is the time of its events, Arrived when it was reached, by the clock of the host.
	Latest  int64             `json:"latest"`
	Arrived int64             `json:"arrived"`
	Tracker incident.Snapshot `json:"tracker"`
	Book    story.Snapshot    `json:"book"`
}

// Empty tells that nothing is lost without it.
func (i *Incidents) Empty() bool {
	return len(i.Tracker.Incidents) == 0 && len(i.Book.Stories) == 0
}

// Encode writes it. What has no room is left out, first what was over, then what is not raised, which less tells.
func (i *Incidents) Encode() (data []byte, less bool, err error) {
	reduced := *i
	for _, reduce := range []func(){
		func() {},
		func() {
			over := func(s story.EntrySnapshot) bool { return s.Closed && !s.Changed && !s.Unsent }
			reduced.Book.Stories = slices.DeleteFunc(slices.Clone(i.Book.Stories), over)
		},
		func() {
			reduced.Book.Facts = nil
			quiet := func(s incident.OpenSnapshot) bool { return !s.Raised }
			reduced.Tracker.Incidents = slices.DeleteFunc(slices.Clone(i.Tracker.Incidents), quiet)
		},
	} {
		reduce()
		data, err = seal(kindIncidents, &reduced, incidentsBytesMax)
		if !errors.Is(err, ErrTooLarge) {
			return data, less, err
		}
		less = true
	}
	return nil, less, err
}

// DecodeIncidents reads what Encode wrote. The error wraps ErrDamaged or ErrVersion and says what is wrong.
func DecodeIncidents(data []byte) (*Incidents, error) {
	i := new(Incidents)
	if err := open(kindIncidents, data, i, incidentsBytesMax); err != nil {
		return nil, err
	}
	return i, nil
}
