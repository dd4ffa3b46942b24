// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

func TestPatternRules(t *testing.T) {
	for name, c := range map[string]struct {
		include, exclude []string
		admitted         []string
		refused          []string
	}{
		"none":           {nil, nil, []string{"", "x"}, nil},
		"exclude":        {nil, []string{"web-*", "db?"}, []string{"", "web", "db", "db12"}, []string{"web-", "web-1", "db1"}},
		"include":        {[]string{"/usr/bin/*"}, nil, []string{"/usr/bin/x", "/usr/bin/a/b"}, []string{"", "/usr/binary", "x/usr/bin/x"}},
		"both":           {[]string{"a*"}, []string{"ab*"}, []string{"a", "ac"}, []string{"ab", "abc", "b"}},
		"no expressions": {nil, []string{"a.c", "(", "[a]"}, []string{"abc", "a"}, []string{"a.c", "(", "[a]"}},
		"odd names":      {nil, []string{"a*c"}, []string{"a\nb"}, []string{"a\nc", "a\xff\xfec"}},
	} {
		t.Run(name, func(t *testing.T) {
			rules := newPatternRules(c.include, c.exclude)
			for _, candidate := range c.admitted {
				assert.True(t, rules.admit(candidate), "%q", candidate)
			}
			for _, candidate := range c.refused {
				assert.False(t, rules.admit(candidate), "%q", candidate)
			}
		})
	}
	assert.False(t, newPatternRules(nil, []string{"x"}).admit("a", "x"), "one name of several")
}

// Both lists of a kind go to one map.
func TestFilter_limitsAreThoseOfTheKernelHalf(t *testing.T) {
	object, err := tracer.Process().Load()
	require.NoError(t, err)
	for _, name := range []string{"filter_users", "filter_networks", "filter_ports"} {
		assert.EqualValues(t, 2*filterValuesMax, object.Maps[name].MaxEntries, name)
	}
	assert.EqualValues(t, 4*filterValuesMax, object.Maps["filter_paths"].MaxEntries, "each may be two prefixes")
	assert.EqualValues(t, 4+filterPathBytesMax+1, object.Maps["filter_paths"].KeySize-1)
}

// That the kernel half has no room for a verdict is told once. What is not wanted stays out all the same.
func TestFilter_moreWorkloadsThanRoom(t *testing.T) {
	object, err := tracer.Process().Load()
	require.NoError(t, err)
	room := uint64(object.Maps["filter_cgroups"].MaxEntries)
	core, logs := observer.New(zap.WarnLevel)
	f, err := newFilter(&FiltersConfig{Exclude: FilterRulesConfig{Cgroups: []string{"/unwanted"}}}, zap.New(core))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.kernel.Close()) })
	for id := range room {
		require.False(t, f.wantsWorkload(f.rules.Load(), &process.Workload{CgroupID: id, CgroupPath: "/unwanted"}))
	}
	require.Zero(t, logs.Len(), "there was room for all of these")
	for id := range uint64(2) {
		require.False(t, f.wantsWorkload(f.rules.Load(), &process.Workload{CgroupID: room + id, CgroupPath: "/unwanted"}))
	}
	require.Equal(t, 1, logs.Len())
	assert.Contains(t, logs.All()[0].ContextMap()["error"], "room for 4096 cgroups")
}
