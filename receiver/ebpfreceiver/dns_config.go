// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// DNSConfig configures the tracer "dns".
type DNSConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// Ports are those of name servers.
	Ports []uint16 `mapstructure:"ports"`
	// Timeout is how long an answer is waited for.
	Timeout time.Duration `mapstructure:"timeout"`

	_ struct{}
}

func dnsConfigDefault() DNSConfig {
	return DNSConfig{
		Common:  TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesMiddle},
		Ports:   []uint16{53},
		Timeout: dnsTimeoutDefault,
	}
}

// Validate implements confmap.Validator.
func (c *DNSConfig) Validate() error {
	errs := []error{c.Common.validate()}
	if len(c.Ports) == 0 || len(c.Ports) > dnsPortsMax {
		errs = append(errs, fmt.Errorf("ports: %d ports are not within 1 to %d; the default is [53]", len(c.Ports), dnsPortsMax))
	}
	if slices.Contains(c.Ports, 0) {
		errs = append(errs, errors.New("ports: 0 is no port; the default is [53]"))
	}
	if c.Timeout < dnsTimeoutMin || c.Timeout > dnsTimeoutMax {
		errs = append(errs, fmt.Errorf("timeout: %s is outside %s to %s; the default is %s",
			c.Timeout, dnsTimeoutMin, dnsTimeoutMax, dnsTimeoutDefault))
	}
	return errors.Join(errs...)
}
