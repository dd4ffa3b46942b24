// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// Score is the weight of the distinct behaviours, with diminishing returns, more if they are of several sensitive kinds. Of what is ordinary, all that one
// process does in one way counts as much as the most unusual of it, if it is known which process it was.
func (i *Incident) Score() float64 {
	return score(i.Behaviours, func(*Behaviour) bool { return true })
}

// DecisiveScore is the score without what is to be expected of a new version.
func (i *Incident) DecisiveScore() float64 {
	return score(i.Behaviours, func(b *Behaviour) bool { return !b.Expected })
}

// recentScore is the decisive score without what is ordinary and was new long ago: where new things happen all the time they are linked for ever.
func (i *Incident) recentScore(now time.Time) float64 {
	return score(i.Behaviours, func(b *Behaviour) bool {
		return !b.Expected && (b.Sensitivity != behaviour.Ordinary || now.Sub(b.First) <= quietMax)
	})
}

// burst is what one process does in one way. After the first new thing the others are to be expected: who unpacks an unknown package creates many files.
type burst struct {
	process behaviour.ProcessKey
	action  behaviour.Action
}

func score(behaviours []Behaviour, counts func(*Behaviour) bool) float64 {
	weights := make([]float64, 0, len(behaviours))
	kinds, bursts := map[behaviour.Sensitivity]bool{}, map[burst]float64{}
	for at := range behaviours {
		b := &behaviours[at]
		if !counts(b) {
			continue
		}
		if b.Sensitivity == behaviour.Ordinary && b.Process != (behaviour.ProcessKey{}) {
			of := burst{b.Process, b.Action}
			bursts[of] = max(bursts[of], b.Weight)
			continue
		}
		weights = append(weights, b.Weight)
		if b.Sensitivity != behaviour.Ordinary {
			kinds[b.Sensitivity] = true
		}
	}
	weights = slices.AppendSeq(weights, maps.Values(bursts))
	slices.SortFunc(weights, func(a, b float64) int { return cmp.Compare(b, a) })
	sum := 0.0
	for at, weight := range weights {
		sum += weight / math.Sqrt(float64(1+at))
	}
	return math.Round(sum*(1+kindFactor*float64(max(len(kinds)-1, 0)))*256) / 256
}
