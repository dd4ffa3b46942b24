// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

var uidForm = regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)

// The example of the specification: 01ARZ3NDEKTSV4RRFFQ69G5FAV. Its time is 1469922850259 ms.
func TestUIDs_form(t *testing.T) {
	const own, from = 0b11010_11001_11011_00100_11000_11000_01111_01111, 0b10111_00110_01001_10000_00101_01111_01010_11011
	uids := newUIDs(own, from-1)
	assert.Equal(t, "01ARZ3NDEKTSV4RRFFQ69G5FAV", uids.next(time.UnixMilli(1469922850259)))
	assert.Equal(t, "01ARZ3NDEKTSV4RRFFQ69G5FAW", uids.next(time.UnixMilli(1469922850259)))
	for _, at := range []time.Time{{}, time.UnixMilli(-1), time.Unix(0, 0), time.UnixMilli(1<<48 - 1), time.UnixMilli(1 << 48)} {
		assert.Regexp(t, uidForm, uids.next(at), at)
	}
	last := newUIDs(1<<40-1, 1<<40-2)
	assert.Equal(t, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", last.next(time.UnixMilli(1<<48-1)))
	assert.Equal(t, "7ZZZZZZZZZZZZZZZZZ00000000", last.next(time.UnixMilli(1<<48-1)), "it counts from the beginning then")
}

func TestUIDs_areInOrderAndDiffer(t *testing.T) {
	const count = 10_000
	seen, last := map[string]bool{}, ""
	uids := newUIDs(7, 0)
	at := time.UnixMilli(1_700_000_000_000)
	for range count {
		uid := uids.next(at)
		assert.Less(t, last, uid)
		seen[uid], last = true, uid
		at = at.Add(100 * time.Microsecond)
	}
	for range 100 {
		other := NewUIDs()
		for range count / 100 {
			seen[other.next(time.UnixMilli(1_700_000_000_000))] = true
		}
	}
	assert.Len(t, seen, 2*count)
}

func TestUIDs_allocateTheTextOnly(t *testing.T) {
	uids, at := NewUIDs(), time.UnixMilli(1_700_000_000_000)
	assert.InDelta(t, 1, testing.AllocsPerRun(100, func() { uids.next(at) }), 0)
}

// Every way to a record gives it an id, of its own time.
func TestLogs_everyRecordHasAnID(t *testing.T) {
	l := NewLogs(testScope, testHost, testClock())
	l.NumberRecords(newUIDs(1, 0))
	require.True(t, l.Append(forkEvent(), someone("/bin/sh"), observedAt, emitForks))
	l.AppendMade(someone("/bin/sh"), func(r plog.LogRecord) { r.SetTimestamp(1) })
	var uids []string
	for _, logs := range []plog.Logs{l.Take(), Changed(testScope, testHost, Change{}, bootedAt)} {
		for _, record := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			uid, ok := record.Attributes().Get(names.LogRecordUID)
			require.True(t, ok)
			assert.Regexp(t, uidForm, uid.Str())
			uids = append(uids, uid.Str())
		}
	}
	require.Len(t, uids, 3)
	assert.Equal(t, []string{"01M86938000000000100000001", "00000000000000000100000002"}, uids[:2])
	assert.Equal(t, uids[0][:uidTimeBytes], uids[2][:uidTimeBytes])
}

func TestTimeTexts(t *testing.T) {
	times := &timeTexts{}
	for range 2 {
		for n := range 3 * timeTextsMax {
			at := bootedAt.Add(time.Duration(n) * 7919)
			assert.Equal(t, formatTime(at), times.text(at))
		}
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { times.text(bootedAt) }))
	var none *timeTexts
	assert.Equal(t, formatTime(bootedAt), none.text(bootedAt))
}
