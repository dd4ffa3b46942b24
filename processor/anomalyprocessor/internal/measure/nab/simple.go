// SPDX-License-Identifier: Apache-2.0

package nab

import (
	"math"
	"math/rand/v2"
)

// The benchmark's own "windowed Gaussian" has a window of gaussianPoints, which, once it is full, moves on by gaussianStep.
const (
	gaussianPoints = 6400
	gaussianStep   = 100
)

// recordPoints is for how long the last record is remembered by Records.
const recordPoints = 300

// Gaussian is the benchmark's simple detector: how far out a value is in a normal distribution of those before it.
func Gaussian(s *Series) []float64 {
	scores := Distances(s)
	for at := 1; at < len(scores); at++ {
		scores[at] = 1 - 0.5*math.Erfc(scores[at]/math.Sqrt2)
	}
	return scores
}

// Distances is the same in standard deviations, which tells apart what is so far out that its probability is 0 in the arithmetic.
func Distances(s *Series) []float64 {
	distances := make([]float64, len(s.Values))
	mean, deviation := 0.0, 1.0
	for at, value := range s.Values {
		if at > 0 {
			distances[at] = math.Abs(value-mean) / deviation
		}
		if seen := at + 1; seen <= gaussianPoints || (seen-gaussianPoints)%gaussianStep == 0 {
			mean, deviation = moments(s.Values[max(0, seen-gaussianPoints):seen])
		}
	}
	return distances
}

// moments returns the mean and the standard deviation, which is never 0.
func moments(values []float64) (mean, deviation float64) {
	for _, value := range values {
		mean += value
	}
	mean /= float64(len(values))
	for _, value := range values {
		deviation += (value - mean) * (value - mean)
	}
	if deviation = math.Sqrt(deviation / float64(len(values))); deviation == 0 {
		deviation = 0.000001
	}
	return mean, deviation
}

// Records leaves only the scores that are higher than all of the last 300 points.
func Records(scores []float64) []float64 {
	kept := make([]float64, len(scores))
	for at, score := range scores {
		highest := -1.0
		for _, before := range scores[max(0, at-recordPoints):at] {
			highest = max(highest, before)
		}
		if score > highest {
			kept[at] = score
		}
	}
	return kept
}

// Nothing never detects anything.
func Nothing(s *Series) []float64 { return make([]float64, len(s.Values)) }

// Random knows nothing.
func Random(s *Series) []float64 {
	source := rand.New(rand.NewPCG(1, uint64(len(s.Values)))) //nolint:gosec // it has to be the same in each run
	scores := make([]float64, len(s.Values))
	for at := range scores {
		scores[at] = source.Float64()
	}
	return scores
}
