// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// Config is what users write.
type Config struct {
	// Forward is "all", or "incidents" for incidents and the events that are part of them.
	Forward string `mapstructure:"forward"`
	// EventNameAttribute gives all events that go on the attribute event.name too, for back ends that don't keep the name of an event.
	EventNameAttribute bool `mapstructure:"event_name_attribute"`
	// UpdateInterval is how often an incident is told of again at most. That it was opened or closed is told at once.
	UpdateInterval time.Duration  `mapstructure:"update_interval"`
	Learning       LearningConfig `mapstructure:"learning"`
	Rules          RulesConfig    `mapstructure:"rules"`
	// Allow names what is never part of an incident.
	Allow  []AllowConfig `mapstructure:"allow"`
	Limits LimitsConfig  `mapstructure:"limits"`
	// Summary lets a language model write about incidents. It is off by default.
	Summary configoptional.Optional[SummaryConfig] `mapstructure:"summary"`
	// Storage is the storage extension that keeps what is known beyond a restart, nil for none.
	Storage *component.ID `mapstructure:"storage"`
	State   StateConfig   `mapstructure:"state"`
	// Mode is "agent", or "gateway" for the one that hears what all agents tell. Fleet is about what they tell each other.
	Mode   string       `mapstructure:"mode"`
	Fleet  FleetConfig  `mapstructure:"fleet"`
	Policy PolicyConfig `mapstructure:"policy"`
	// Metrics are those that are scored, in pipelines of metrics. The first entry that fits counts.
	Metrics []MetricConfig `mapstructure:"metrics"`

	// prevent unkeyed literals
	_ struct{}
}

// LearningConfig says for how long a workload is observed before it is judged.
type LearningConfig struct {
	// TimeMin is the least time, TimeMax the most: then a workload is judged that still does new things.
	TimeMin time.Duration `mapstructure:"time_min"`
	TimeMax time.Duration `mapstructure:"time_max"`
	// ProcessStartsMin is how many programs are executed in it at least. 0 suits workloads that start none.
	ProcessStartsMin int `mapstructure:"process_starts_min"`
	// NewVersionMax is for how long at most a new version is new.
	NewVersionMax time.Duration `mapstructure:"new_version_max"`
	// Speed is how many times as fast as the clock the observed time of workloads goes, for demonstrations: with 720 a day is learned in two minutes.
	Speed int `mapstructure:"speed"`
}

// RulesConfig says which rules are used.
type RulesConfig struct {
	// Builtin tells whether to use those that are part of the processor.
	Builtin bool `mapstructure:"builtin"`
	// Folders have more, in the Sigma format.
	Folders []string `mapstructure:"folders"`
	// Disabled names rules that are not used, by id or title.
	Disabled []string `mapstructure:"disabled"`
	// ReloadInterval is how often the folders are looked at for changes; 0 for never.
	ReloadInterval time.Duration `mapstructure:"reload_interval"`
}

// AllowConfig is something that is never part of an incident, and is learned by no profile. All texts that are given have to fit, with * for
// any text.
type AllowConfig struct {
	// Workload is the key of the workload, such as shop/deployment/web/app.
	Workload string `mapstructure:"workload"`
	// Executable is the program that does it; of an execution the one that executes another.
	Executable string `mapstructure:"executable"`
	// Action is what is done, such as exec or read.
	Action string `mapstructure:"action"`
	// Object is the path, name or address that it is done to.
	Object string `mapstructure:"object"`
}

// LimitsConfig bounds what is learned.
type LimitsConfig struct {
	// WorkloadsMax bounds the profiles; for one more, the one that was not used for the longest time is forgotten.
	WorkloadsMax int `mapstructure:"workloads_max"`
	// ProfileBytesMax is what a profile takes at most; beyond, it forgets what it has not seen for the longest time. BytesMax is what all of them
	// take.
	ProfileBytesMax int `mapstructure:"profile_bytes_max"`
	BytesMax        int `mapstructure:"bytes_max"`
	// Series are those of metrics.
	Series SeriesLimitsConfig `mapstructure:"series"`
}

// Values of Forward.
const (
	forwardAll       = "all"
	forwardIncidents = "incidents"
)

// Ranges of what can be configured.
const (
	updateIntervalMin = time.Second
	updateIntervalMax = 24 * time.Hour
	learningTimeMin   = 10 * time.Minute
	learningTimeMax   = 90 * 24 * time.Hour
	// learningSpeedMax makes a day of nine seconds.
	learningSpeedMax = 10_000
	// processStartsMinMax is more than a busy workload starts in a day.
	processStartsMinMax = 1_000_000
	foldersMax          = 16
	allowMax            = 256
	allowTextBytesMax   = 1024
	workloadsMaxMax     = 100_000
	profileBytesMaxMin  = 4 << 10
	profileBytesMaxMax  = 16 << 20
	bytesMaxMin         = 1 << 20
	bytesMaxMax         = 8 << 30
)

func createDefaultConfig() component.Config {
	limits := profile.DefaultLimits()
	return &Config{
		Forward: forwardAll, UpdateInterval: time.Minute,
		Learning: LearningConfig{TimeMin: limits.LearningMin, TimeMax: limits.LearningMax, NewVersionMax: limits.DriftMax, Speed: 1},
		Rules:    RulesConfig{Builtin: true, ReloadInterval: reloadIntervalDefault},
		Limits:   LimitsConfig{WorkloadsMax: limits.ProfilesMax, ProfileBytesMax: limits.ProfileBytesMax, BytesMax: limits.TotalBytesMax, Series: defaultSeriesLimits()},
		Summary:  configoptional.Default(defaultSummaryConfig()),
		State:    StateConfig{Interval: stateIntervalDefault},
		Mode:     modeAgent, Fleet: defaultFleet(),
	}
}

// Validate tells everything that is wrong.
func (c *Config) Validate() error {
	var errs []error
	if values := []string{forwardAll, forwardIncidents}; !slices.Contains(values, c.Forward) {
		errs = append(errs, fmt.Errorf("forward: %q is none of %s", c.Forward, strings.Join(values, ", ")))
	}
	errs = append(errs, within("update_interval", c.UpdateInterval, updateIntervalMin, updateIntervalMax))
	errs = append(errs, validateMetrics(c.Metrics))
	if len(c.Allow) > allowMax {
		errs = append(errs, fmt.Errorf("allow: %d entries are more than %d: join some with *", len(c.Allow), allowMax))
	}
	errs = append(errs, c.validateMode())
	return errors.Join(errs...)
}

// Validate tells everything that is wrong.
func (c *LearningConfig) Validate() error {
	errs := []error{
		within("time_min", c.TimeMin, learningTimeMin, learningTimeMax),
		within("time_max", c.TimeMax, learningTimeMin, learningTimeMax),
		within("process_starts_min", c.ProcessStartsMin, 0, processStartsMinMax),
		within("new_version_max", c.NewVersionMax, learningTimeMin, learningTimeMax),
		within("speed", c.Speed, 1, learningSpeedMax),
	}
	if c.TimeMax < c.TimeMin {
		errs = append(errs, fmt.Errorf("time_max: %v is less than time_min, %v", c.TimeMax, c.TimeMin))
	}
	return errors.Join(errs...)
}

// Validate tells everything that is wrong.
func (c *RulesConfig) Validate() error {
	if len(c.Folders) > foldersMax {
		return fmt.Errorf("folders: %d are more than %d: put some into one", len(c.Folders), foldersMax)
	}
	for at, folder := range c.Folders {
		if folder == "" {
			return fmt.Errorf("folders[%d]: empty: name a folder with rules", at)
		}
	}
	return c.validateUse()
}

// Validate tells everything that is wrong.
func (c *AllowConfig) Validate() error {
	var errs []error
	texts := [...]struct{ key, value string }{{"workload", c.Workload}, {"executable", c.Executable}, {"object", c.Object}}
	given := c.Action != ""
	for _, text := range texts {
		given = given || strings.Trim(text.value, "*") != ""
		if len(text.value) > allowTextBytesMax {
			errs = append(errs, fmt.Errorf("%s: longer than %d bytes", text.key, allowTextBytesMax))
		}
	}
	if !given {
		errs = append(errs, errors.New("nothing is given, which would allow everything: name a workload, an executable, an action or an object"))
	}
	if _, ok := behaviour.ParseAction(c.Action); !ok && c.Action != "" {
		errs = append(errs, fmt.Errorf("action: %q is none: see the steps of incidents in docs/telemetry.md", c.Action))
	}
	return errors.Join(errs...)
}

// Validate tells everything that is wrong.
func (c *LimitsConfig) Validate() error {
	errs := []error{
		within("workloads_max", c.WorkloadsMax, 1, workloadsMaxMax),
		within("profile_bytes_max", c.ProfileBytesMax, profileBytesMaxMin, profileBytesMaxMax),
		within("bytes_max", c.BytesMax, bytesMaxMin, bytesMaxMax),
	}
	if c.BytesMax < c.ProfileBytesMax {
		errs = append(errs, fmt.Errorf("bytes_max: %d has no room for one profile of %d (profile_bytes_max)", c.BytesMax, c.ProfileBytesMax))
	}
	return errors.Join(errs...)
}

func within[T int | time.Duration](key string, value, least, most T) error {
	if value < least || value > most {
		return fmt.Errorf("%s: %v is not between %v and %v", key, value, least, most)
	}
	return nil
}

// profileLimits is only called with a configuration that is valid.
func (c *Config) profileLimits() profile.Limits {
	return profile.Limits{
		ProfileBytesMax: c.Limits.ProfileBytesMax, TotalBytesMax: c.Limits.BytesMax, ProfilesMax: c.Limits.WorkloadsMax,
		LearningMin: c.Learning.TimeMin, StartsMin: c.Learning.ProcessStartsMin, LearningMax: c.Learning.TimeMax, DriftMax: c.Learning.NewVersionMax,
		Speed: c.Learning.Speed,
	}
}
