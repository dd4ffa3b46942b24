// SPDX-License-Identifier: Apache-2.0

package series

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// beginning is a Monday.
var beginning = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

const every = 5 * time.Minute

// feed is a detector with a made-up series, which has a daily rhythm and noise.
type feed struct {
	d     Detector
	noise *rand.Rand
	at    time.Time
}

func newFeed(days int) *feed {
	f := &feed{noise: rand.New(rand.NewPCG(1, 2)), at: beginning}
	f.skip(days * 288)
	return f
}

func (f *feed) usual() float64 {
	return 100 + 40*math.Sin(2*math.Pi*float64(f.at.Unix()%86400)/86400) + 4*f.noise.NormFloat64()
}

func (f *feed) add(value float64) Judgement {
	j, _ := f.d.Add(f.at, value)
	f.at = f.at.Add(every)
	return j
}

// skip adds points that are as usual, and returns how many would be told of.
func (f *feed) skip(points int) int {
	told := 0
	for range points {
		if j := f.add(f.usual()); j.Record && j.Decades >= recordDecades {
			told++
		}
	}
	return told
}

func TestDetector_bytes(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(Detector{}), uintptr(BytesMax))
}

func TestDetector_allocations(t *testing.T) {
	f := newFeed(20)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { f.add(f.usual()) }))
}

func TestDetector_same(t *testing.T) {
	one, other := newFeed(30), newFeed(30)
	assert.Equal(t, one.d, other.d)
	assert.Equal(t, one.add(170), other.add(170))
}

func TestDetector_falseAlarms(t *testing.T) {
	f := newFeed(3)
	assert.LessOrEqual(t, f.skip(57*288), 6, "in 57 days")
}

func TestDetector_kinds(t *testing.T) {
	for _, c := range []struct {
		name  string
		value func(f *feed) float64
		at    time.Duration // in the day
		want  Kind
	}{
		{"high", func(*feed) float64 { return 260 }, 6 * time.Hour, Spike},
		{"low", func(*feed) float64 { return -60 }, 18 * time.Hour, Dip},
		{"high for the night", func(*feed) float64 { return 130 }, 18 * time.Hour, OutOfSeason},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFeed(28)
			f.skip(int(c.at / every))
			j := f.add(c.value(f))
			assert.Equal(t, c.want, j.Kind)
			assert.True(t, j.Record)
			assert.GreaterOrEqual(t, j.Decades, 2.5)
			assert.Less(t, j.Low, j.Expected)
			assert.Greater(t, j.High, j.Expected)
			middle := j.Expected
			assert.InDelta(t, 100+40*math.Sin(2*math.Pi*c.at.Hours()/24), middle, 12)
			assert.False(t, f.add(f.usual()).Record, "one anomaly is told once")
		})
	}
}

func TestDetector_levelShift(t *testing.T) {
	f := newFeed(28)
	kinds := map[Kind]int{}
	highest, shifts := 0.0, 0
	for range 60 {
		j := f.add(f.usual() + 120)
		if j.Record {
			kinds[j.Kind]++
			highest = max(highest, j.Decades)
		}
		if j.Shift {
			shifts++
			assert.Equal(t, LevelShift, j.Kind)
		}
	}
	assert.Equal(t, 1, shifts)
	assert.LessOrEqual(t, kinds[Spike], 4, "the beginning of it")
	assert.Greater(t, highest, 3.0)
	// What stays becomes usual.
	for range 40 * 288 {
		f.add(f.usual() + 120)
	}
	assert.Less(t, func() (most float64) {
		for range 288 {
			most = max(most, f.add(f.usual()+120).Decades)
		}
		return most
	}(), 3.0)
}

func TestDetector_never(t *testing.T) {
	t.Run("changes", func(t *testing.T) {
		f := newFeed(0)
		for range 2000 {
			require.Zero(t, f.add(45).Decades)
		}
		assert.GreaterOrEqual(t, f.add(46).Decades, 2.0)
	})
	t.Run("is known", func(t *testing.T) {
		f := newFeed(0)
		for at := range learnPoints {
			assert.Zero(t, f.add(float64(at*at)).Decades)
		}
	})
}

func TestDetector_refused(t *testing.T) {
	f := newFeed(2)
	before := f.d
	for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e19} {
		_, outcome := f.d.Add(f.at, value)
		assert.Equal(t, NoNumber, outcome)
	}
	assert.Equal(t, before, f.d)
	_, outcome := f.d.Add(f.at.Add(-time.Hour), 100)
	assert.Equal(t, Late, outcome)
	_, outcome = f.d.Add(f.at.Add(-every), 100)
	assert.Equal(t, Late, outcome, "the same time again")
}

func TestDetector_clock(t *testing.T) {
	f := newFeed(3)
	now := f.at
	f.at = now.Add(1000 * 24 * time.Hour)
	seen := f.d.seen
	f.add(f.usual())
	assert.LessOrEqual(t, f.d.seen-seen, stepMax, "a jump ages nothing")
	late, judged := 0, 0
	for f.at = now; judged == 0; f.at = f.at.Add(every) {
		if _, outcome := f.d.Add(f.at, 100); outcome == Late {
			late++
		} else {
			judged++
		}
	}
	assert.Equal(t, backwardsMax-1, late, "then the clock is believed")
	assert.LessOrEqual(t, f.skip(288), 1)
}

func FuzzDetector(f *testing.F) {
	f.Add(int64(1), 1.0, int64(2), 1e18, int64(math.MaxInt64), -1e18)
	f.Add(int64(-1), 0.0, int64(math.MinInt64), math.SmallestNonzeroFloat64, int64(0), math.MaxFloat64)
	f.Fuzz(func(t *testing.T, at1 int64, v1 float64, at2 int64, v2 float64, at3 int64, v3 float64) {
		var d Detector
		for n := range int64(120) {
			for _, p := range []struct {
				at    int64
				value float64
			}{{at1, v1}, {at2, v2}, {at3, v3}} {
				j, _ := d.Add(time.Unix(0, p.at+n*int64(time.Minute)), p.value)
				if s := j.Score(); !(s >= 0 && s <= 1) || math.IsNaN(j.Expected+j.Low+j.High) {
					t.Fatalf("%+v", j)
				}
			}
		}
	})
}

func BenchmarkDetector(b *testing.B) {
	f := newFeed(20)
	values := make([]float64, 4096)
	for at := range values {
		values[at] = f.usual()
	}
	b.ReportAllocs()
	b.ReportMetric(float64(unsafe.Sizeof(f.d)), "B/series")
	for n := 0; b.Loop(); n++ {
		f.add(values[n%len(values)])
	}
}
