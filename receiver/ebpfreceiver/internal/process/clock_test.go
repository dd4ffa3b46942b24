// SPDX-License-Identifier: Apache-2.0

package process

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestClock_setOffset(t *testing.T) {
	c := NewClock()
	c.SetOffset(time.Duration(bootedAt.UnixNano()))
	assert.Equal(t, bootedAt, c.Time(0))
	assert.Equal(t, bootedAt.Add(90*time.Minute+1), c.Time(uint64(90*time.Minute+1)))
	c.SetOffset(time.Duration(bootedAt.Add(-time.Hour).UnixNano()))
	assert.Equal(t, bootedAt.Add(-time.Hour), c.Time(0))
}

// The wall clock and the boot clock, read around a conversion, must enclose it.
func TestClock_refresh(t *testing.T) {
	c := NewClock()
	require.NoError(t, c.Refresh())
	wallBefore := time.Now()
	bootNow := boottime(t)
	converted := c.Time(uint64(bootNow))
	wallAfter := time.Now()
	// What Refresh may be wrong by is less than the time that reading the clocks takes.
	const slackForTheMeasurement = 10 * time.Millisecond
	assert.True(t, converted.After(wallBefore.Add(-slackForTheMeasurement)), "%s, %s", converted, wallBefore)
	assert.True(t, converted.Before(wallAfter.Add(slackForTheMeasurement)), "%s, %s", converted, wallAfter)
	bootBefore := boottime(t)
	boot := c.BootTime()
	bootAfter := boottime(t)
	assert.Greater(t, boot, bootBefore-slackForTheMeasurement)
	assert.Less(t, boot, bootAfter+slackForTheMeasurement)
}

func boottime(t *testing.T) time.Duration {
	t.Helper()
	var now unix.Timespec
	require.NoError(t, unix.ClockGettime(unix.CLOCK_BOOTTIME, &now))
	return time.Duration(now.Nano())
}

// A clock that was set is followed; one that was not keeps its offset, to the nanosecond.
func TestClock_refreshKeepsWhatIsGoodEnough(t *testing.T) {
	c := NewClock()
	require.NoError(t, c.Refresh())
	good := c.offset.Load()
	c.SetOffset(time.Duration(good) + time.Hour)
	require.NoError(t, c.Refresh())
	assert.InDelta(t, good, c.offset.Load(), float64(10*time.Millisecond))

	// Each measurement differs by some tens of nanoseconds: an event must not be older than the one
	// before it because of that.
	kept := 0
	const refreshes = 1000
	for range refreshes {
		before := c.offset.Load()
		require.NoError(t, c.Refresh())
		if c.offset.Load() == before {
			kept++
		}
	}
	t.Logf("%d of %d refreshes changed the offset", refreshes-kept, refreshes)
	assert.Greater(t, kept, refreshes/2)
}
