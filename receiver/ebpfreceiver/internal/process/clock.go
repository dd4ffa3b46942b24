// SPDX-License-Identifier: Apache-2.0

package process

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// clockSamples is how often the two clocks are read to find the pair that was read closest together.
const clockSamples = 5

// Clock converts the kernel's CLOCK_BOOTTIME to wall-clock time.
//
// The offset between the two changes when somebody sets the clock, and by slewing. Refresh measures
// it again; times converted before keep what they had.
type Clock struct {
	offset atomic.Int64 // nanoseconds to add to CLOCK_BOOTTIME
}

// NewClock returns a clock that needs a Refresh before its first use.
func NewClock() *Clock { return &Clock{} }

// Refresh measures the offset between the clocks.
func (c *Clock) Refresh() error {
	narrowest := time.Duration(1<<63 - 1)
	for range clockSamples {
		var before, wall, after unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &before); err != nil {
			return err
		}
		if err := unix.ClockGettime(unix.CLOCK_REALTIME, &wall); err != nil {
			return err
		}
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &after); err != nil {
			return err
		}
		if width := time.Duration(after.Nano() - before.Nano()); width < narrowest {
			narrowest = width
			c.offset.Store(wall.Nano() - before.Nano() - int64(width)/2)
		}
	}
	return nil
}

// Time converts nanoseconds of CLOCK_BOOTTIME.
func (c *Clock) Time(bootNanoseconds uint64) time.Time {
	return time.Unix(0, int64(bootNanoseconds)+c.offset.Load())
}

// BootTime returns CLOCK_BOOTTIME now, to compare with the kernel's times.
func (c *Clock) BootTime() time.Duration {
	return time.Duration(time.Now().UnixNano() - c.offset.Load())
}

// SetOffset fixes the offset, for replaying recorded events.
func (c *Clock) SetOffset(offset time.Duration) { c.offset.Store(int64(offset)) }
