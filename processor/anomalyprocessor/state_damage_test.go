// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/scenariotest"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// with is a storage in which two workloads are kept, each with an incident.
func with(t *testing.T, host storageHost) {
	t.Helper()
	p, _ := keeping(t, host, nil)
	p.start(t)
	p.shell(t, "web", 7)
	p.shell(t, "db", 7)
	p.shutdown(t)
}

// change changes what is kept under all keys that begin so.
func change(s *fakeStorage, prefix string, change func([]byte) []byte) {
	for key, value := range s.of() {
		if strings.HasPrefix(key, prefix) {
			s.of()[key] = change(bytes.Clone(value))
		}
	}
}

// What is lost is only what is damaged, and it is set aside as it was.
func TestState_damaged(t *testing.T) {
	for name, test := range map[string]struct {
		prefix, says, advice string
		change               func([]byte) []byte
		events               int
		tells                []string
	}{
		"a profile is damaged": {
			"profile/", "What was learned of a workload can't be read", "restore the storage from a copy",
			func(data []byte) []byte { data[len(data)/2]++; return data }, 1, nil,
		},
		"a profile of another release": {
			"profile/", "What was learned of a workload can't be read", "run the release that wrote it",
			func(data []byte) []byte { data[4]++; return data }, 1, nil,
		},
		"incidents are damaged": {
			"incidents/", "What is kept of the incidents of a workload can't be read", "restore the storage from a copy",
			func(data []byte) []byte { return data[:len(data)/2] }, 2, []string{"opened"},
		},
		"incidents of another release": {
			"incidents/", "What is kept of the incidents of a workload can't be read", "run the release that wrote it",
			func(data []byte) []byte { data[4]++; return data }, 2, []string{"opened"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFakeStorage()
			with(t, s.host())
			before := maps.Clone(s.of())
			change(s, test.prefix, test.change)
			damaged := maps.Clone(s.of())
			p, logs := keeping(t, s.host(), nil)
			p.start(t)
			said := logs.FilterMessageSnippet(test.says).All()
			require.Len(t, said, 2)
			assert.Contains(t, said[0].Message, test.advice)
			for _, one := range said {
				assert.Contains(t, []string{workloadWeb, "shop/deployment/db"}, one.ContextMap()["workload"])
				aside := s.of()[one.ContextMap()["aside"].(string)]
				assert.True(t, slices.ContainsFunc(slices.Collect(maps.Values(damaged)), func(was []byte) bool { return bytes.Equal(was, aside) }))
			}
			assert.EqualValues(t, 2, p.core.state.stats.Aside.Load())
			p.shell(t, "web", 7)
			p.core.upkeep(t.Context())
			assert.Equal(t, test.events, p.events(workloadWeb))
			assert.Equal(t, test.tells, states(p.sinks[0]))
			p.restart(t)
			assert.Zero(t, p.core.state.stats.Aside.Load(), "what is written now can be read")
			p.shutdown(t)
			assert.GreaterOrEqual(t, len(s.of()), len(before))
		})
	}
}

// Incidents can be sound as bytes and still none.
func TestState_nonsense(t *testing.T) {
	s := newFakeStorage()
	with(t, s.host())
	change(s, "incidents/", func([]byte) []byte {
		kept := (&core{now: time.Now}).incidentsOf(profile.New("w", profile.DefaultLimits()))
		kept.Tracker.Incidents = []incident.OpenSnapshot{{Number: 9}}
		data, _, err := kept.Encode()
		require.NoError(t, err)
		return data
	})
	p, logs := keeping(t, s.host(), nil)
	p.start(t)
	assert.Equal(t, 2, logs.FilterMessageSnippet("What is kept of the incidents").Len())
	p.shutdown(t)
}

// Under lower limits, and another configuration, what was used last is taken in, and the rest is forgotten.
func TestState_lowerLimits(t *testing.T) {
	s := newFakeStorage()
	p, _ := keeping(t, s.host(), nil)
	p.start(t)
	for n := range 10 {
		p.shell(t, fmt.Sprint("w", n), 7)
	}
	p.shell(t, "w0", 7)
	p.restart(t)
	p.restart(t)
	p.shutdown(t)
	p, _ = keeping(t, s.host(), func(c *Config) {
		c.Limits.WorkloadsMax, c.Limits.ProfileBytesMax = 3, 4<<10
		c.Learning.TimeMin, c.Rules.Builtin = time.Hour, false
	})
	p.start(t)
	assert.ElementsMatch(t, []string{"shop/deployment/w0", "shop/deployment/w9", "shop/deployment/w8"}, p.core.profiles.Workloads())
	assert.EqualValues(t, 7, p.core.state.tally.forgotten.Load())
	assert.EqualValues(t, 6, p.core.state.stats.Entries.Load())
	p.shell(t, "new", 7)
	assert.ElementsMatch(t, []string{"shop/deployment/w0", "shop/deployment/w9", "shop/deployment/new"}, p.core.profiles.Workloads())
	p.core.upkeep(t.Context())
	assert.Equal(t, []string{"closed"}, states(p.sinks[0])[len(states(p.sinks[0]))-1:])
	p.shutdown(t)
}

var release = flag.String("release", "", "write what this release keeps as testdata/state/<release>.json")

// What an earlier release has kept is read by this one: the attack that it saw the beginning of goes on as the same incident.
func TestState_upgrade(t *testing.T) {
	scenario := scenariotest.Read[scenario](t, "testdata/scenarios/restart.yaml")
	if *release != "" {
		s := newFakeStorage()
		p := newPair(t, scenario.config(t))
		p.host = s.host()
		p.start(t)
		p.step(t, &scenario.Steps[0])
		p.step(t, &scenario.Steps[1])
		p.shutdown(t)
		data, err := json.MarshalIndent(s.of(), "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("testdata/state/"+*release+".json", append(data, '\n'), 0o600))
	}
	files, err := os.ReadDir("testdata/state")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		data, err := os.ReadFile("testdata/state/" + file.Name())
		require.NoError(t, err)
		s, kept := newFakeStorage(), map[string][]byte{}
		require.NoError(t, json.Unmarshal(data, &kept))
		s.values["anomaly state"] = kept
		p := newPair(t, scenario.config(t))
		p.host = s.host()
		p.now = beginning.Add(76 * time.Minute)
		p.start(t)
		assert.Zero(t, p.core.state.stats.Aside.Load(), file.Name())
		assert.Equal(t, 3603, p.events(workloadShop), file.Name())
		ordinary := scenario.Steps[0]
		ordinary.Repeat = 1
		p.step(t, &ordinary)
		assert.Empty(t, states(p.sinks[0]), file.Name())
		goesOn := scenario.Steps[2]
		goesOn.Restart = false
		p.step(t, &goesOn)
		var text strings.Builder
		p.write(&text)
		assert.Contains(t, text.String(), "meerkat.incident.id = 7627563ff2472409e45beeeeae9362ec", file.Name())
		assert.Contains(t, text.String(), "Incident updated in prod/shop/deployment/web/app: 5 unusual steps", file.Name())
		p.shutdown(t)
	}
}
