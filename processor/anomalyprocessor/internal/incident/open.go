// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"cmp"
	"slices"
	"time"
)

func (t *Tracker) begin(now time.Time) *Incident {
	crowded := t.Room.crowdedByIncidents()
	if len(t.open) >= openMax || crowded && len(t.open) > 0 {
		t.displace()
	}
	t.stats.Opened++
	i := &Incident{Opened: now, Last: now, files: map[string]bool{}, index: map[uint64]int{}, Number: t.stats.Opened, small: crowded}
	t.open = append(t.open, i)
	return i
}

// displace closes the incident with the lowest score of those that are not raised, or of all.
func (t *Tracker) displace() {
	lowest := slices.MinFunc(t.open, func(a, b *Incident) int {
		if a.Raised != b.Raised {
			if b.Raised {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Score(), b.Score()), cmp.Compare(a.Number, b.Number))
	})
	t.stats.Displaced++
	t.Close(lowest)
}

// Close ends an incident before its time: somebody has said what it is. What its processes do next begins another one.
func (t *Tracker) Close(i *Incident) {
	if at := slices.Index(t.open, i); at >= 0 {
		t.close(i)
		t.open = slices.Delete(t.open, at, at+1)
	}
}

// Closed tells that nothing is linked to the incident any more.
func (i *Incident) Closed() bool { return i.closed }

func (t *Tracker) close(i *Incident) {
	i.closed = true
	t.stats.Closed++
}

// active tells whether more can be linked to an incident: it is not closed, and not due to be. One from far in the future is from a clock
// that was wrong.
func (i *Incident) active(now time.Time) bool {
	gap := now.Sub(i.Last)
	return !i.closed && gap <= quietMax && gap >= -processQuietMax
}

// Expire closes the incidents in which nothing happened for a while, and returns them. It also forgets processes that were quiet for so long
// that nothing can be linked through them.
func (t *Tracker) Expire(now time.Time) []*Incident {
	defer t.settle()
	t.sweep(now)
	var closed []*Incident
	t.open = slices.DeleteFunc(t.open, func(i *Incident) bool {
		if i.active(now) {
			return false
		}
		t.close(i)
		closed = append(closed, i)
		return true
	})
	return closed
}

// sweep forgets processes from time to time.
func (t *Tracker) sweep(now time.Time) {
	if gap := now.Sub(t.swept); gap < quietMax && gap > -quietMax {
		return
	}
	t.swept = now
	for key, p := range t.processes {
		if gap := time.Duration(now.UnixNano() - p.seen); gap > p.quietMax() || gap < -processQuietMax {
			delete(t.processes, key)
		}
	}
	t.forgetEnded(now)
	t.forgetExecutables()
}

// quietMax is how long a process is known without doing anything. One that runs a program and was not seen to end may be a server that is idle.
func (p *process) quietMax() time.Duration {
	if p.executed && !p.ended {
		return processIdleMax
	}
	return processQuietMax
}
