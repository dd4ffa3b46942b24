// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What trackers take together is known, and given back.
func TestRoom(t *testing.T) {
	room := &Room{}
	one, other := trained(t), trained(t)
	one.tracker.Room, other.tracker.Room = room, room
	one.play("start 20 10 /bin/sh\ndo 20 read /etc/shadow\n")
	other.play("start 20 10 /bin/sh\n")
	assert.EqualValues(t, len(one.tracker.processes)+len(other.tracker.processes), room.processes.Load())
	assert.EqualValues(t, 2, room.open.Load())
	one.tracker.Leave()
	assert.EqualValues(t, len(other.tracker.processes), room.processes.Load())
	assert.EqualValues(t, 1, room.open.Load())
	other.tracker.Leave()
	assert.Zero(t, room.processes.Load())
	assert.Zero(t, room.open.Load())
}

// When others have taken all room, a tracker knows few processes, and has one incident at a time, which is small; what is in it is counted.
func TestRoom_crowded(t *testing.T) {
	s := trained(t)
	room := &Room{}
	room.processes.Store(processesTotalMax)
	room.open.Store(openTotalMax)
	s.tracker.Room = room
	var script strings.Builder
	for n := range 100 {
		fmt.Fprintf(&script, "start %d 10 /usr/bin/#\n", 100+n)
	}
	script.WriteString(strings.Repeat("do 199 write /etc/#\n", 40))
	s.play(script.String())
	assert.LessOrEqual(t, len(s.tracker.processes), processesMin)
	assert.Positive(t, s.tracker.Stats().Forgotten)
	open := s.tracker.Open()
	require.Len(t, open, 1)
	assert.LessOrEqual(t, len(open[0].Nodes), nodesMax/16)
	assert.LessOrEqual(t, len(open[0].Behaviours), behavioursMax/16)
	assert.Positive(t, open[0].MoreBehaviours)
	s.play("start 900 1 /bin/sh\ndo 900 read /etc/shadow\n")
	assert.Len(t, s.tracker.Open(), 1)
}

func TestCut(t *testing.T) {
	assert.Equal(t, "short", cut("short", 512))
	assert.Equal(t, "aaaa…", cut("aaaaéé", 7))
	assert.Len(t, cut(strings.Repeat("a", 9999), objectBytesMax), objectBytesMax)
}
