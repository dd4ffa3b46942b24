// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"
	"fmt"
	"time"
)

// Ranges of what can be configured about the use of rules.
const (
	reloadIntervalDefault = 30 * time.Second
	reloadIntervalMin     = time.Second
	reloadIntervalMax     = 24 * time.Hour
	// disabledMax bounds the rules that are named as not to be used; more are better taken out of their folder.
	disabledMax = 1024
	// disabledBytesMax is as long as a title can be.
	disabledBytesMax = 1024
)

// validateUse tells everything that is wrong with which rules are used, and when they are read again.
func (c *RulesConfig) validateUse() error {
	var errs []error
	if c.ReloadInterval != 0 {
		errs = append(errs, within("reload_interval", c.ReloadInterval, reloadIntervalMin, reloadIntervalMax))
	}
	if len(c.Disabled) > disabledMax {
		errs = append(errs, fmt.Errorf("disabled: %d rules are more than %d: take some out of their folder", len(c.Disabled), disabledMax))
	}
	for at, name := range c.Disabled {
		if name == "" || len(name) > disabledBytesMax {
			errs = append(errs, fmt.Errorf("disabled[%d]: it is empty or longer than %d bytes: give the id or the title of a rule", at, disabledBytesMax))
		}
	}
	return errors.Join(errs...)
}
