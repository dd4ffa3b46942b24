// SPDX-License-Identifier: Apache-2.0

package series

import (
	"math"
	"time"
)

// moments are mean and variance with exponential forgetting.
type moments struct {
	mean, variance, weight float64
}

// add takes in a value after a step of time.
func (m *moments) add(value float64, step time.Duration) {
	m.weight++
	share := max(1/m.weight, float64(step)/float64(memory))
	difference := value - m.mean
	m.mean += share * difference
	m.variance = (1 - share) * (m.variance + share*difference*difference)
}

// deviation is never 0, so that a series that never changes has a distance too when it does.
func (m *moments) deviation() float64 { return floorOf(math.Sqrt(m.variance), m.mean) }

func floorOf(deviation, mean float64) float64 { return max(deviation, 1e-9*(1+math.Abs(mean))) }

// distance is how far a value is out, in standard deviations. It has the sign of the difference.
func (m *moments) distance(value float64) float64 { return limited((value - m.mean) / m.deviation()) }

// distanceMax is more than any rank tells apart.
const distanceMax = 1e6

func limited(distance float64) float64 { return max(-distanceMax, min(distance, distanceMax)) }

// hour is what is known of one hour of the week.
type hour struct {
	mean, variance float32
	points         uint32
}

// add takes in a value, and returns its difference from the mean before.
func (h *hour) add(value float64, step, memory time.Duration) float64 {
	difference := 0.0
	if h.points > 0 {
		difference = value - float64(h.mean)
	}
	h.points++
	share := float32(max(1/float64(h.points), min(float64(step)/float64(memory), shareMax)))
	h.mean += share * (float32(value) - h.mean)
	h.variance += share * (float32(difference*difference) - h.variance)
	return difference
}
