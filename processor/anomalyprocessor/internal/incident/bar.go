// SPDX-License-Identifier: Apache-2.0

package incident

// Bar is the score from which an incident of a workload is raised. Its zero value is the floor.
type Bar struct{ scores []float64 }

// Observe takes in the score of an incident that is benign: one from the time of learning, or one that somebody said is.
func (b *Bar) Observe(score float64) {
	if len(b.scores) == scoresMax {
		b.scores = append(b.scores[:0], b.scores[1:]...)
	}
	b.scores = append(b.scores, score)
}

// Value returns the bar.
func (b *Bar) Value() float64 {
	bar := barFloor
	for _, score := range b.scores {
		bar = max(bar, barFactor*score)
	}
	return bar
}
