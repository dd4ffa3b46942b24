// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/losses"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

const (
	// lossToldMin is the share of lost events from which the body of an incident speaks of it.
	lossToldMin = 0.01
	// confidenceLossMin is how much of its confidence an incident keeps when everything else was lost: what is in it did happen.
	confidenceLossMin = 0.1
)

// takeLoss takes in that a receiver lost events, and tells whether the record is about that.
func (c *core) takeLoss(s *scratch, resource pcommon.Resource, log plog.LogRecord) bool {
	if log.EventName() != names.EventReceiverLoss {
		return false
	}
	outcome := record.Unreadable
	if c.losses.Add(record.NodeOf(resource), record.LossOf(log), s.now) {
		outcome = record.Context
	}
	c.tally.outcomes[outcome].Add(1)
	return true
}

// noteLoss tells a story what was lost on the host of its first event, while it goes on.
func (c *core) noteLoss(w *workload, s *story.Story, now time.Time) {
	from, ok := s.Origin.(*origin)
	if ok && w.Clock.Now(now).Sub(s.Last()) <= losses.Window {
		s.SetLost(c.losses.Share(record.NodeOf(from.resource), now))
	}
}

// trusted is what is left of a confidence when a share of the events was lost.
func trusted(confidence, lost float64) float64 {
	return math.Round(confidence*max(1-lost, confidenceLossMin)*100) / 100
}

func putLoss(attributes pcommon.Map, lost float64) {
	if lost > 0 {
		attributes.PutDouble(names.IncidentLoss, math.Round(lost*1000)/1000)
	}
}

// lossSentence says for people that the steps may not be all.
func lossSentence(lost float64) string {
	if lost < lossToldMin {
		return ""
	}
	return fmt.Sprintf(" Up to %.0f %% of the events were lost meanwhile: steps may be missing.", math.Ceil(lost*100))
}
