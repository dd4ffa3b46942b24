// SPDX-License-Identifier: Apache-2.0

package story

import "github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"

// Members returns the incidents of a story that are not over. They stay the story's.
func (s *Story) Members() []*incident.Incident { return s.members }
