// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// fakeTime passes only when somebody sleeps or works.
type fakeTime struct{ now time.Time }

func (f *fakeTime) pacer(rate int, duration time.Duration) pacer {
	return pacer{
		rate: rate, duration: duration,
		now:   func() time.Time { return f.now },
		sleep: f.pass,
	}
}

func (f *fakeTime) pass(d time.Duration) { f.now = f.now.Add(d) }

func TestPacer_keepsTheRate(t *testing.T) {
	f := &fakeTime{}
	start := f.now
	var at []time.Duration
	result := f.pacer(300, time.Second).run(func(i int) error {
		assert.Equal(t, len(at), i)
		at = append(at, f.now.Sub(start))
		f.pass(time.Microsecond)
		return nil
	})
	assert.Equal(t, 300, result.Done)
	assert.Zero(t, at[0])
	assert.Equal(t, 4*time.Millisecond, at[1], "on the next tick after 3.33 ms")
	assert.InDelta(t, time.Second, at[299], float64(5*time.Millisecond))
	assert.Equal(t, time.Microsecond, result.LateMedian)
}

// What a schedule asks for does not wait for what is slow: the operations behind it are late.
func TestPacer_latenessIsFromTheSchedule(t *testing.T) {
	f := &fakeTime{}
	result := f.pacer(1000, 100*time.Millisecond).run(func(i int) error {
		if i == 10 {
			f.pass(50 * time.Millisecond)
		}
		return nil
	})
	assert.Equal(t, 100, result.Done)
	assert.Equal(t, 50*time.Millisecond, result.LateMax)
	// 51 operations were late, by 1 to 50 ms; the median is among the least late of them.
	assert.Equal(t, time.Millisecond, result.LateMedian)
}

func TestPacer_givesUpAfterTheEnd(t *testing.T) {
	f := &fakeTime{}
	result := f.pacer(1000, time.Second).run(func(int) error {
		f.pass(10 * time.Millisecond)
		return nil
	})
	assert.Equal(t, int((time.Second+catchUpMax)/(10*time.Millisecond))+1, result.Done)
	assert.Equal(t, time.Duration(result.Done)*10*time.Millisecond, result.Took)
	assert.Greater(t, result.LateMax, time.Second)
}

func TestPacer_countsWhatFails(t *testing.T) {
	f := &fakeTime{}
	p := f.pacer(0, 0)
	p.count = 10
	result := p.run(func(i int) error {
		if i%2 == 1 {
			return errors.New("no")
		}
		return nil
	})
	assert.Equal(t, 5, result.Done)
	assert.Equal(t, 5, result.Failed)
	assert.Equal(t, "no", result.Error)
}
