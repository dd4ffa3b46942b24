// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
)

func tellEvent(path string) *behaviour.Event {
	return &behaviour.Event{
		Workload: "w", Version: "1", Instance: "i", Time: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), Process: behaviour.ProcessKey{PID: 7},
		Executable: "/bin/a", Action: behaviour.Read, Path: path,
	}
}

func TestProfile_Tell(t *testing.T) {
	g, err := generalise.New(generalise.Config{})
	require.NoError(t, err)
	p := New("w", DefaultLimits())
	var o Observation
	var want []uint64
	for _, name := range []string{"alpha", "beta", "gamma", "delta"} {
		e := tellEvent("/srv/www/" + name)
		o.From(g, e)
		p.Begin(&o, e.Time)
		p.Learn(&o)
		want = append(want, p.Judge(&o).Behaviour)
	}
	slices.Sort(want)
	assert.Equal(t, News{}, p.Tell(0, 1, 100), "a profile that learns says nothing")
	p.EndLearning()
	assert.Equal(t, VersionHash("1"), p.Version())

	first := p.Tell(0, 1<<40, 3)
	assert.Equal(t, want[:3], first.Normal, "only whole behaviours")
	assert.Equal(t, 1, first.Left)
	assert.Equal(t, want[3:], p.Tell(0, 1<<40, 3).Normal, "what had no room comes next")
	assert.Empty(t, p.Tell(0, 1<<40, 3).Normal)

	var again []uint64
	for turn := range uint64(3) {
		again = append(again, p.Tell(turn, 3, 100).Normal...)
	}
	slices.Sort(again)
	assert.Equal(t, want, again, "after all turns everything was told once more")
}

func TestProfile_Tell_forbidden(t *testing.T) {
	g, err := generalise.New(generalise.Config{})
	require.NoError(t, err)
	p := New("w", DefaultLimits())
	p.EndLearning()
	var o Observation
	e := tellEvent("/etc/cron.d/x")
	o.From(g, e)
	p.Begin(&o, e.Time)
	p.Forbid(o.Keys())
	assert.Equal(t, News{Forbidden: []uint64{p.Judge(&o).Behaviour}}, p.Tell(0, 1<<40, 10))
	p.Accept(o.Keys())
	assert.Equal(t, News{Normal: []uint64{p.Judge(&o).Behaviour}}, p.Tell(0, 1<<40, 10))
}

// What behaviours are called is the same in each profile, and what is whole outlives an export.
func TestProfile_Tell_afterExport(t *testing.T) {
	g, err := generalise.New(generalise.Config{})
	require.NoError(t, err)
	p := New("w", DefaultLimits())
	var o Observation
	for n := range 50 {
		e := tellEvent(fmt.Sprintf("/srv/www/%c%c.html", 'a'+n%26, 'a'+n/26))
		o.From(g, e)
		p.Begin(&o, e.Time)
		p.Learn(&o)
	}
	p.EndLearning()
	decoded, err := Decode(p.Encode(), DefaultLimits())
	require.NoError(t, err)
	told := p.Tell(0, 1, 1000)
	assert.Len(t, told.Normal, 50)
	assert.Equal(t, told, decoded.Tell(0, 1, 1000))
}
