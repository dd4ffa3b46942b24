// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"time"
)

// UDPConfig configures the tracer "udp".
type UDPConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// TrackedFlows is how many flows are counted one by one at the same time, and how many sockets are
	// remembered with their owner.
	TrackedFlows uint32 `mapstructure:"tracked_flows"`
	// IdleTimeout ends a flow that has had no datagram for this long.
	IdleTimeout time.Duration `mapstructure:"idle_timeout"`
	// ReportInterval is how often a flow is reported that goes on.
	ReportInterval time.Duration `mapstructure:"report_interval"`

	_ struct{}
}

func udpConfigDefault() UDPConfig {
	return UDPConfig{
		Common:         TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesMiddle},
		TrackedFlows:   trackedFlowsDefault,
		IdleTimeout:    flowIdleDefault,
		ReportInterval: flowReportDefault,
	}
}

// Validate implements confmap.Validator.
func (c *UDPConfig) Validate() error {
	errs := []error{c.Common.validate()}
	if c.TrackedFlows < trackedFlowsMin || c.TrackedFlows > trackedFlowsMax {
		errs = append(errs, fmt.Errorf("tracked_flows: %d is outside %d to %d; the default is %d",
			c.TrackedFlows, trackedFlowsMin, trackedFlowsMax, trackedFlowsDefault))
	}
	if c.IdleTimeout < flowIdleMin || c.IdleTimeout > flowTimeMax {
		errs = append(errs, fmt.Errorf("idle_timeout: %s is outside %s to %s; the default is %s",
			c.IdleTimeout, flowIdleMin, flowTimeMax, flowIdleDefault))
	}
	if c.ReportInterval < flowReportMin || c.ReportInterval > flowTimeMax {
		errs = append(errs, fmt.Errorf("report_interval: %s is outside %s to %s; the default is %s",
			c.ReportInterval, flowReportMin, flowTimeMax, flowReportDefault))
	}
	return errors.Join(errs...)
}
