// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import "time"

// StateConfig says how what is known is kept beyond a restart, if there is a storage.
type StateConfig struct {
	// Interval is how often what has changed is written. What is told of an incident is written within seconds in any case, and all of it at
	// the end.
	Interval time.Duration `mapstructure:"interval"`
}

const (
	stateIntervalDefault = 5 * time.Minute
	stateIntervalMin     = 10 * time.Second
	stateIntervalMax     = 24 * time.Hour
)

// Validate tells everything that is wrong.
func (c *StateConfig) Validate() error {
	return within("interval", c.Interval, stateIntervalMin, stateIntervalMax)
}
