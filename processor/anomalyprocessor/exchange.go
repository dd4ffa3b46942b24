// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import "github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"

// exportProfile returns the profile of a workload in the form that importProfile reads, and false if there is none.
func (c *core) exportProfile(workload string) ([]byte, bool) {
	var data []byte
	found := c.profiles.Find(workload, func(p *profile.Profile) { data = p.Encode() })
	return data, found
}

// importProfile takes in a profile that was exported, for the workload it is of. What is known of that already stays: both become one.
// Errors wrap profile.ErrDamaged or profile.ErrVersion; then nothing is changed.
func (c *core) importProfile(data []byte) error { return c.profiles.Import(data) }

// importProfileFor is as importProfile, for another workload than the one that the profile is of: what was learned in staging guards production.
// Errors may also wrap profile.ErrWorkload.
func (c *core) importProfileFor(workload string, data []byte) error {
	return c.profiles.ImportFor(workload, data)
}
