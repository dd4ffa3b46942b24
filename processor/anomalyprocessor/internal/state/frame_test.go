// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// signed gives bytes the checksum that they should have.
func signed(data []byte) []byte {
	body := data[:len(data)-checksumBytes]
	return binary.LittleEndian.AppendUint64(append([]byte{}, body...), xxhash.Sum64(body))
}

// some is a small example.
func some() *Incidents {
	return &Incidents{
		Latest: 5, Arrived: 6,
		Tracker: incident.Snapshot{Opened: 3, Learned: true, Incidents: []incident.OpenSnapshot{
			{Number: 1, Raised: true, Behaviours: []incident.BehaviourSnapshot{{ID: 1 << 63, Action: "exec", Object: "/bin/\xff", Weight: 3}}, Files: [][]byte{{'/', 0xff}}},
			{Number: 2},
		}},
		Book: story.Snapshot{
			Stories: []story.EntrySnapshot{{ID: "a", Members: []story.MemberSnapshot{{Incident: 1}}}, {ID: "b", Closed: true}},
			Facts:   []story.MemberSnapshot{{Incident: 2, Facts: &story.FactsSnapshot{Events: 1}}},
		},
	}
}

func TestIncidents(t *testing.T) {
	data, less, err := some().Encode()
	require.NoError(t, err)
	assert.False(t, less)
	read, err := DecodeIncidents(data)
	require.NoError(t, err)
	want := some()
	want.Tracker.Incidents[0].Behaviours[0].Object = "/bin/\uFFFD" // only for people to read
	assert.Equal(t, want, read)
	assert.False(t, want.Empty())
	assert.True(t, new(Incidents).Empty())
}

// What has no room is left out, what matters least first.
func TestIncidents_tooLarge(t *testing.T) {
	large := strings.Repeat("x", incidentsBytesMax)
	over, pending, quiet, raised := some(), some(), some(), some()
	over.Book.Stories[1].Facts.UIDs = []string{large}
	pending.Book.Stories[1].Facts.UIDs, pending.Book.Stories[1].Changed = []string{large}, true
	quiet.Book.Facts[0].Facts.UIDs = []string{large}
	raised.Book.Stories[0].Facts.UIDs = []string{large}

	data, less, err := over.Encode()
	require.NoError(t, err)
	assert.True(t, less)
	read, err := DecodeIncidents(data)
	require.NoError(t, err)
	assert.Len(t, read.Book.Stories, 1)
	assert.Len(t, read.Tracker.Incidents, 2)

	data, _, err = quiet.Encode()
	require.NoError(t, err)
	read, err = DecodeIncidents(data)
	require.NoError(t, err)
	assert.Empty(t, read.Book.Facts)
	assert.Len(t, read.Tracker.Incidents, 1)

	for _, one := range []*Incidents{pending, raised} {
		_, _, err = one.Encode()
		require.ErrorIs(t, err, ErrTooLarge)
	}
	assert.Len(t, over.Book.Stories, 2, "what is given stays as it is")
}

func TestDecodeIncidents_complains(t *testing.T) {
	good, _, err := some().Encode()
	require.NoError(t, err)
	change := func(at int, to byte) []byte {
		data := append([]byte{}, good...)
		data[at] = to
		return data
	}
	wrap := func(content string) []byte {
		return signed(append([]byte(kindIncidents+"\x01\x00"+content), make([]byte, checksumBytes)...))
	}
	for complaint, data := range map[string][]byte{
		"0 bytes are too few":          nil,
		`it begins with "XKIN"`:        change(0, 'X'),
		"version 9, not 1":             change(4, 9),
		"its checksum is":              change(20, ^good[20]),
		"its checksum is ":             good[:len(good)-1],
		"invalid character":            wrap("{,}"),
		"cannot unmarshal":             wrap(`{"latest": "yesterday"}`),
		"131073 objects are more than": wrap(strings.Repeat("{", objectsMax+1)),
		"bytes and 0 objects are more": wrap(strings.Repeat(" ", incidentsBytesMax+1)),
	} {
		_, err := DecodeIncidents(data)
		require.ErrorContains(t, err, complaint)
		if strings.Contains(complaint, "version") {
			assert.ErrorIs(t, err, ErrVersion, complaint)
		} else {
			assert.ErrorIs(t, err, ErrDamaged, complaint)
		}
	}
}

// Whatever is read as incidents can be gone on with, and be written again.
func FuzzDecodeIncidents(f *testing.F) {
	good, _, err := some().Encode()
	require.NoError(f, err)
	f.Add(good, true)
	f.Add([]byte(kindIncidents+"\x01\x00{}12345678"), true)
	f.Add([]byte("MKIN"), false)
	f.Fuzz(func(t *testing.T, data []byte, sign bool) {
		if sign && len(data) > checksumBytes {
			data = signed(data)
		}
		read, err := DecodeIncidents(data)
		if err != nil {
			return
		}
		tracker, err := incident.Restore(read.Tracker)
		if err != nil {
			return
		}
		book, err := story.Restore("w", read.Book, story.Source{
			Open: tracker.Open(), Rule: func(string) *sigma.Rule { return nil }, Origin: func(j json.RawMessage) (any, error) { return j, nil },
		})
		if err != nil {
			return
		}
		for _, s := range book.Stories() {
			s.Steps()
			s.Score()
			s.Tell(time.Unix(0, read.Arrived))
		}
		book.Tidy(time.Unix(0, read.Latest))
		tracker.Expire(time.Unix(0, read.Latest))
		read.Tracker = tracker.Snapshot(false)
		read.Book = book.Snapshot(read.Tracker, func(of any) json.RawMessage { return of.(json.RawMessage) })
		_, _, err = read.Encode()
		require.NoError(t, err)
	})
}
