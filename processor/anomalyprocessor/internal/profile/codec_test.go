// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"encoding/binary"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// learned is a small profile that has learned something.
func learned(t *testing.T) *Profile {
	t.Helper()
	s := newStage(t)
	s.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "args=gzip,-k", "x300", "every=5m"})
	s.command([]string{"do", "/app", "write", "/srv/log/access-2026-01-05.log", "x50", "on=b"})
	s.command([]string{"do", "/app", "exec", "/bin/sh", "version=v2"})
	return s.profile
}

// signed gives bytes the checksum that they should have.
func signed(data []byte) []byte {
	body := data[:len(data)-checksumBytes]
	return binary.LittleEndian.AppendUint64(append([]byte{}, body...), xxhash.Sum64(body))
}

func TestDecode_complains(t *testing.T) {
	good := learned(t).Encode()
	change := func(at int, to byte) []byte {
		data := append([]byte{}, good...)
		data[at] = to
		return data
	}
	numbers := 8 + len("shop/web")
	nodes := numbers + 8*fixedNumbers + 8 + 2*8
	for complaint, data := range map[string][]byte{
		"0 bytes are too few":                nil,
		`it begins with "XKPR"`:              change(0, 'X'),
		"version 9, not 2":                   change(4, 9),
		"its checksum is":                    change(len(good)/2, ^good[len(good)/2]),
		"its checksum is ":                   good[:len(good)-1],
		"a workload of 65288 bytes":          signed(change(7, 255)),
		"state 7":                            signed(change(numbers, 7)),
		"its learning can't have been so":    signed(change(numbers+8*10+7, 255)),
		"nodes are not what its length says": signed(change(nodes-2*8-4+2, 1)),
		"bytes after the last entry":         signed(append(append([]byte{}, good...), 0)),
		"node 0 can't have been so":          signed(change(nodes+15, 255)),
		"node 1 can't have been so":          signed(change(nodes+nodeCodedBytes+7, 0)),
		"255 versions and":                   signed(change(numbers+8*fixedNumbers, 255)),
		"it ends within its head":            signed(good[:numbers+20]),
	} {
		_, err := Decode(data, DefaultLimits())
		require.Error(t, err, complaint)
		assert.ErrorContains(t, err, complaint)
		if complaint == "version 9, not 2" {
			assert.ErrorIs(t, err, ErrVersion)
		} else {
			assert.ErrorIs(t, err, ErrDamaged)
		}
	}
}

// What does not fit under lower limits is forgotten.
func TestDecode_lowerLimits(t *testing.T) {
	s := newStage(t)
	for i := range 5000 {
		e := flood(i)
		s.observation.From(s.generaliser, &e)
		s.profile.Begin(s.observation, e.Time)
		s.profile.Learn(s.observation)
	}
	limits := DefaultLimits()
	limits.ProfileBytesMax = 32 << 10
	small, err := Decode(s.profile.Encode(), limits)
	require.NoError(t, err)
	assert.LessOrEqual(t, small.Stats().Bytes, limits.ProfileBytesMax)
	assert.Greater(t, small.Stats().Evicted, s.profile.Stats().Evicted)
}

func FuzzDecode(f *testing.F) {
	g := newStage(&testing.T{})
	g.use("CAP_CHOWN")
	f.Add(g.profile.Encode(), true)
	f.Add([]byte("MKPR"), false)
	f.Fuzz(func(t *testing.T, data []byte, sign bool) {
		if sign && len(data) > checksumBytes {
			data = signed(data)
		}
		p, err := Decode(data, DefaultLimits())
		if err != nil {
			return
		}
		assert.LessOrEqual(t, p.Stats().Bytes, DefaultLimits().ProfileBytesMax)
		again, err := Decode(p.Encode(), DefaultLimits())
		require.NoError(t, err)
		assert.Equal(t, p.Encode(), again.Encode())
		s := newStage(t)
		s.profile = again
		s.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "x3", "every=11m"})
		again.Progress()
	})
}
