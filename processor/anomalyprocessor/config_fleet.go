// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/chain"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
)

// FleetConfig says what agents tell the gateway, and what that makes of it.
type FleetConfig struct {
	// Enabled tells that an agent sends what is normal for its workloads, Interval how often.
	Enabled  bool          `mapstructure:"enabled"`
	Interval time.Duration `mapstructure:"interval"`

	// HostsMin is on how many other hosts something is normal at least to be ordinary for the fleet, or WorkloadsMin for how many other
	// workloads with the same image, each on another host.
	HostsMin     int `mapstructure:"hosts_min"`
	WorkloadsMin int `mapstructure:"workloads_min"`
	// Suppressed is "info" for incidents in which all is ordinary to go on as information, or "drop" for them not to go on.
	Suppressed string `mapstructure:"suppressed"`
	// ForwardDeltas lets what agents send go on, to further gateways.
	ForwardDeltas bool `mapstructure:"forward_deltas"`
	// BehavioursMax and BytesMax bound what is known of the fleet, IncidentsMax and IncidentBytesMax the incidents that are remembered.
	BehavioursMax    int `mapstructure:"behaviours_max"`
	BytesMax         int `mapstructure:"bytes_max"`
	IncidentsMax     int `mapstructure:"incidents_max"`
	IncidentBytesMax int `mapstructure:"incident_bytes_max"`
}

// Values of Mode and of Suppressed.
const (
	modeAgent      = "agent"
	modeGateway    = "gateway"
	suppressedInfo = "info"
	suppressedDrop = "drop"
)

// Ranges of what can be configured.
const (
	fleetIntervalMin      = time.Minute
	fleetIntervalMax      = 6 * time.Hour
	fleetBehavioursMin    = 1000
	fleetBehavioursMax    = 10_000_000
	fleetBytesMin         = 1 << 20
	fleetBytesMax         = 16 << 30
	fleetIncidentsMin     = 16
	fleetIncidentsMax     = 16_384
	fleetIncidentBytesMin = 1 << 20
	fleetIncidentBytesMax = 4 << 30
)

func defaultFleet() FleetConfig {
	return FleetConfig{
		Interval: 5 * time.Minute, HostsMin: 3, WorkloadsMin: 2, Suppressed: suppressedInfo,
		BehavioursMax: 100_000, BytesMax: 64 << 20, IncidentsMax: 1024, IncidentBytesMax: 64 << 20,
	}
}

func (c *Config) validateMode() error {
	if values := []string{modeAgent, modeGateway}; !slices.Contains(values, c.Mode) {
		return fmt.Errorf("mode: %q is none of %s", c.Mode, strings.Join(values, ", "))
	}
	if c.Mode == modeGateway && c.Fleet.Enabled {
		return errors.New("fleet: enabled: a gateway has nothing to tell: set it on the agents, and forward_deltas here for further gateways")
	}
	if c.Mode == modeGateway && c.Forward != forwardAll {
		return fmt.Errorf("forward: %q is for agents: let the gateway pass what they send", c.Forward)
	}
	return nil
}

// Validate tells everything that is wrong.
func (c *FleetConfig) Validate() error {
	errs := []error{
		within("interval", c.Interval, fleetIntervalMin, fleetIntervalMax),
		within("hosts_min", c.HostsMin, 1, fleet.HostsMinMax),
		within("workloads_min", c.WorkloadsMin, 1, fleet.HostsMinMax),
		within("behaviours_max", c.BehavioursMax, fleetBehavioursMin, fleetBehavioursMax),
		within("bytes_max", c.BytesMax, fleetBytesMin, fleetBytesMax),
		within("incidents_max", c.IncidentsMax, fleetIncidentsMin, fleetIncidentsMax),
		within("incident_bytes_max", c.IncidentBytesMax, fleetIncidentBytesMin, fleetIncidentBytesMax),
	}
	if values := []string{suppressedInfo, suppressedDrop}; !slices.Contains(values, c.Suppressed) {
		errs = append(errs, fmt.Errorf("suppressed: %q is none of %s", c.Suppressed, strings.Join(values, ", ")))
	}
	return errors.Join(errs...)
}

func (c *FleetConfig) rules() fleet.Rules {
	return fleet.Rules{HostsMin: c.HostsMin, WorkloadsMin: c.WorkloadsMin}
}

func (c *FleetConfig) modelLimits() fleet.Limits {
	return fleet.Limits{BehavioursMax: c.BehavioursMax, BytesMax: c.BytesMax}
}

func (c *FleetConfig) bookLimits() chain.Limits {
	return chain.Limits{IncidentsMax: c.IncidentsMax, BytesMax: c.IncidentBytesMax}
}
