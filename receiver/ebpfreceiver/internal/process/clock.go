// SPDX-License-Identifier: Apache-2.0

package process

import (
	"math"
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

// Refresh measures the offset between the clocks. It keeps the one it has while that is as good as the
// measurement can tell, so that event times go backwards only when the wall clock does.
func (c *Clock) Refresh() error {
	best := clockSample{uncertainty: math.MaxInt64}
	for range clockSamples {
		sample, err := readClocks()
		if err != nil {
			return err
		}
		if sample.uncertainty < best.uncertainty {
			best = sample
		}
	}
	if difference := best.offset - c.offset.Load(); difference < -best.uncertainty || difference > best.uncertainty {
		c.offset.Store(best.offset)
	}
	return nil
}

// clockSample is the offset between the clocks, which may be wrong by as much as uncertainty. In
// nanoseconds.
type clockSample struct {
	offset, uncertainty int64
}

// readClocks reads the wall clock between two readings of the other one.
func readClocks() (clockSample, error) {
	var before, wall, after unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &before); err != nil {
		return clockSample{}, err
	}
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &wall); err != nil {
		return clockSample{}, err
	}
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &after); err != nil {
		return clockSample{}, err
	}
	half := (after.Nano() - before.Nano()) / 2
	return clockSample{offset: wall.Nano() - before.Nano() - half, uncertainty: half}, nil
}

// Time converts nanoseconds of CLOCK_BOOTTIME.
func (c *Clock) Time(bootNanoseconds uint64) time.Time {
	return time.Unix(0, int64(bootNanoseconds)+c.offset.Load())
}

// BootTime returns CLOCK_BOOTTIME now, to compare with the kernel's times.
func (c *Clock) BootTime() time.Duration {
	return time.Duration(time.Now().UnixNano() - c.offset.Load())
}

// At is the inverse of Time.
func (c *Clock) At(t time.Time) uint64 {
	return uint64(max(0, t.UnixNano()-c.offset.Load()))
}

// MonotonicTime converts nanoseconds of CLOCK_MONOTONIC, which stands still while the machine is suspended. It is off
// by as long as that was since.
func (c *Clock) MonotonicTime(monotonicNanoseconds uint64) time.Time {
	var boot, monotonic unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return c.Time(monotonicNanoseconds)
	}
	return c.Time(monotonicNanoseconds + uint64(boot.Nano()-monotonic.Nano()))
}

// SetOffset fixes the offset, for replaying recorded events.
func (c *Clock) SetOffset(offset time.Duration) { c.offset.Store(int64(offset)) }
