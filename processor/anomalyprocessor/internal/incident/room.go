// SPDX-License-Identifier: Apache-2.0

package incident

import "sync/atomic"

// Room is what the trackers of all workloads take together, so that one who makes up workloads can't have all memory. It is safe for concurrent
// use; its zero value is empty. A tracker without one is bounded by itself alone.
type Room struct{ processes, open atomic.Int64 }

// crowdedByProcesses tells that a tracker has to forget processes for each further one, as long as it has more than a few.
func (r *Room) crowdedByProcesses() bool { return r != nil && r.processes.Load() >= processesTotalMax }

// crowdedByIncidents tells that a tracker has to close an incident for each further one, and that further ones are small.
func (r *Room) crowdedByIncidents() bool { return r != nil && r.open.Load() >= openTotalMax }

// settle counts what has become more or less since the last time.
func (t *Tracker) settle() {
	if t.Room == nil {
		return
	}
	processes, open := int64(len(t.processes)), int64(len(t.open))
	t.Room.processes.Add(processes - t.settled.processes)
	t.Room.open.Add(open - t.settled.open)
	t.settled.processes, t.settled.open = processes, open
}

// Leave gives back the room of a tracker that is not used any longer.
func (t *Tracker) Leave() {
	clear(t.processes)
	t.open = nil
	t.settle()
}

// most is how much there may be of something in an incident: a sixteenth in one that was opened when there was hardly any room.
func (i *Incident) most(limit int) int {
	if i.small {
		return limit / 16
	}
	return limit
}
