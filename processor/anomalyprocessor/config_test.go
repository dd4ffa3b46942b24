// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// load reads a section of a test file as the Collector would.
func load(t *testing.T, file, section string) (*Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", file))
	require.NoError(t, err)
	sub, err := all.Sub(section)
	require.NoError(t, err)
	config := createDefaultConfig().(*Config)
	if err := sub.Unmarshal(config); err != nil {
		return config, err
	}
	return config, confmap.Validate(config)
}

func TestConfig_structIsWellFormed(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(createDefaultConfig()))
}

func TestConfig_accepted(t *testing.T) {
	config, err := load(t, "config.yaml", "anomaly")
	require.NoError(t, err)
	assert.Equal(t, createDefaultConfig(), config)
	require.NoError(t, config.profileLimits().Validate())

	config, err = load(t, "config.yaml", "anomaly/all")
	require.NoError(t, err)
	storage := component.MustNewIDWithName("file_storage", "state")
	want := &Config{
		Forward: forwardIncidents, UpdateInterval: 5 * time.Minute,
		Learning: LearningConfig{TimeMin: 2 * time.Hour, TimeMax: 3 * time.Hour, ProcessStartsMin: 9, NewVersionMax: 4 * time.Hour, Speed: 720},
		Rules: RulesConfig{
			Folders: []string{"/etc/rules"}, Disabled: []string{"A title", "5f113a8f-8b61-41ca-b90f-d374fa7e4a39"}, ReloadInterval: 10 * time.Second,
		},
		Allow:   []AllowConfig{{Workload: "shop/*", Executable: "/bin/a", Action: "exec", Object: "/bin/b"}},
		Limits:  LimitsConfig{WorkloadsMax: 7, ProfileBytesMax: 8192, BytesMax: 2 << 20, Series: defaultSeriesLimits()},
		Summary: defaultConfig().Summary,
		Storage: &storage, State: StateConfig{Interval: time.Minute},
		Mode: modeAgent, Fleet: defaultFleet(),
	}
	assert.Equal(t, want, config)
	require.NoError(t, config.profileLimits().Validate())
}

func TestConfig_gateway(t *testing.T) {
	config, err := load(t, "config.yaml", "anomaly/gateway")
	require.NoError(t, err)
	assert.Equal(t, modeGateway, config.Mode)
	assert.Equal(t, FleetConfig{
		Interval: 10 * time.Minute, HostsMin: 5, WorkloadsMin: 4, Suppressed: suppressedDrop, ForwardDeltas: true,
		BehavioursMax: 2000, BytesMax: 2 << 20, IncidentsMax: 20, IncidentBytesMax: 2 << 20,
	}, config.Fleet)
}

func TestConfig_refused(t *testing.T) {
	for section, want := range map[string]string{
		"anomaly/forward":            `forward: "some" is none of all, incidents`,
		"anomaly/interval":           `update_interval: 1ms is not between 1s and 24h0m0s`,
		"anomaly/learning":           "learning: time_min: 1m0s is not between 10m0s and 2160h0m0s\nprocess_starts_min: -1 is not between 0 and 1000000\nspeed: 0 is not between 1 and 10000",
		"anomaly/learning_backwards": `learning: time_max: 1h0m0s is less than time_min, 2h0m0s`,
		"anomaly/folder":             `rules: folders[0]: empty: name a folder with rules`,
		"anomaly/reload":             "rules: reload_interval: 1ms is not between 1s and 24h0m0s\ndisabled[1]: it is empty or longer than 1024 bytes: give the id or the title of a rule",
		"anomaly/allow_everything":   `allow::0: nothing is given, which would allow everything: name a workload, an executable, an action or an object`,
		"anomaly/allow_action":       `allow::0: action: "dance" is none: see the steps of incidents in docs/telemetry.md`,
		"anomaly/limits":             "limits: workloads_max: 0 is not between 1 and 100000\nprofile_bytes_max: 1 is not between 4096 and 16777216",
		"anomaly/no_room":            `limits: bytes_max: 1048576 has no room for one profile of 4194304 (profile_bytes_max)`,
		"anomaly/state":              `state: interval: 1s is not between 10s and 24h0m0s`,
		"anomaly/unknown":            "has invalid keys: sauce",
		"anomaly/mode":               `mode: "boss" is none of agent, gateway`,
		"anomaly/gateway_tells":      `fleet: enabled: a gateway has nothing to tell`,
		"anomaly/gateway_forward":    `forward: "incidents" is for agents`,
		"anomaly/fleet": "fleet: interval: 1s is not between 1m0s and 6h0m0s\nhosts_min: 0 is not between 1 and 16\n" +
			"workloads_min: 17 is not between 1 and 16\nbehaviours_max: 1 is not between 1000 and 10000000\nsuppressed: \"maybe\" is none of info, drop",
	} {
		_, err := load(t, "config_refused.yaml", section)
		assert.ErrorContains(t, err, want, section)
	}
}

func TestPattern(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "anything", true},
		{"/bin/a", "/bin/a", true},
		{"/bin/a", "/bin/ab", false},
		{"*", "", true},
		{"/bin/*", "/bin/a", true},
		{"*/a", "/bin/a", true},
		{"/b*/*a", "/bin/x/a", true},
		{"/b*n*a", "/ba", false},
		{"ab*ba", "aba", false},
	} {
		assert.Equal(t, test.want, newPattern(test.pattern).fits(test.text), "%s %s", test.pattern, test.text)
	}
}

// An entry fits what it is about, and needs all that it names.
func TestAllowed(t *testing.T) {
	entry := newAllowed([]AllowConfig{{Workload: "shop/*", Executable: "/bin/p", Action: "exec", Object: "/bin/a"}})[0]
	e := behaviour.Event{Workload: "shop/web", Action: behaviour.Exec, Executable: "/bin/a", ParentExecutable: "/bin/p", Path: "/bin/a"}
	assert.True(t, entry.fits(&e))
	for _, change := range []func(*behaviour.Event){
		func(e *behaviour.Event) { e.Workload = "other/web" },
		func(e *behaviour.Event) { e.ParentExecutable = "" },
		func(e *behaviour.Event) { e.Action = behaviour.Read },
		func(e *behaviour.Event) { e.Path = "/bin/b" },
	} {
		other := e
		change(&other)
		assert.False(t, entry.fits(&other))
	}
}
