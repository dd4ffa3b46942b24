// SPDX-License-Identifier: Apache-2.0

package incident

import "github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"

// Parts of similarity, and the similarity from which two incidents are one story.
const (
	similarMin        = 0.5
	destinationsShare = 0.3
)

// Signature is what an incident consists of, as far as it can be compared with others.
type Signature struct {
	weights      map[uint64]float64
	actions      map[behaviour.Action]float64
	destinations map[string]bool
}

// SignatureOf returns the signature of an incident.
func SignatureOf(i *Incident) Signature {
	s := Signature{map[uint64]float64{}, map[behaviour.Action]float64{}, map[string]bool{}}
	for at := range i.Behaviours {
		b := &i.Behaviours[at]
		s.weights[b.ID] = b.Weight
		s.actions[b.Action] += b.Weight
		if b.Destination {
			s.destinations[b.Object] = true
		}
	}
	return s
}

// Similar tells whether two incidents are one story: on other replicas, or later. Those that send data to different places never are.
func Similar(a, b Signature) bool {
	if !sameDestinations(a.destinations, b.destinations) {
		return false
	}
	return (1-destinationsShare)*jaccard(a.weights, b.weights)+destinationsShare*jaccard(a.actions, b.actions) >= similarMin
}

func sameDestinations(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for destination := range a {
		if !b[destination] {
			return false
		}
	}
	return true
}

// jaccard is how much of two weighted sets is in both. It sums up in fixed point, in which the order makes no difference.
func jaccard[K comparable](a, b map[K]float64) float64 {
	const unit = 256
	both, either := 0, 0
	for key, weight := range a {
		mine, others := int(weight*unit), int(b[key]*unit)
		both += min(mine, others)
		either += max(mine, others)
	}
	for key, weight := range b {
		if _, ok := a[key]; !ok {
			either += int(weight * unit)
		}
	}
	if either == 0 {
		return 0
	}
	return float64(both) / float64(either)
}
