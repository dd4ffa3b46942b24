// SPDX-License-Identifier: Apache-2.0

package series

import "math"

const (
	// threshold is from where on a sum of ranks is a peak: three halves of the weight at one in a hundred.
	threshold = 3.0
	// peaksMin is how many peaks it takes to know how they are distributed; before, peakDefault is taken for their mean height.
	peaksMin    = 3
	peakDefault = 3.0
	// shapeMax bounds how heavy the tail is taken to be.
	shapeMax = 0.4
)

// tail gives what is far out a probability: peaks over a threshold have a generalised Pareto distribution, fitted by its moments. This is
// SPOT (Siffer and others, "Anomaly Detection in Streams with Extreme Value Theory", 2017) with a threshold that is known beforehand, as ranks are the
// same for all series.
type tail struct {
	points, peaks, sum, squares float64
}

// add takes in a value, and returns its probability in decades, of which a record has recordDecades.
func (t *tail) add(value float64) float64 {
	decades := 0.0
	if value > threshold {
		height := value - threshold
		decades = t.decades(height)
		t.peaks++
		t.sum += height
		t.squares += height * height
	}
	if t.points++; t.points >= pointsMax {
		t.points, t.peaks, t.sum, t.squares = t.points/2, t.peaks/2, t.sum/2, t.squares/2
	}
	return decades * scaleOf(t.points-1)
}

func (t *tail) decades(height float64) float64 {
	if t.peaks < peaksMin {
		return math.Log10(t.points+1) + height/peakDefault
	}
	mean := t.sum / t.peaks
	shape := 0.0
	if variance := t.squares/t.peaks - mean*mean; variance > 0 {
		shape = max(0, min((1-mean*mean/variance)/2, shapeMax))
	}
	scale := max(mean*(1-shape), 1e-9)
	frequency := math.Log10(t.points / t.peaks)
	if shape < 1e-6 {
		return frequency + height/scale/math.Ln10
	}
	return frequency + math.Log10(1+shape*height/scale)/shape
}

// rest remembers the highest values of the last points, in blocks.
type rest struct {
	blocks [restPoints / blockPoints]float32
	at     uint8
	points uint8
}

// record tells whether a value is higher than all in the last restPoints, and takes it in.
func (r *rest) record(value float64) bool {
	highest := float32(0)
	for _, block := range r.blocks {
		highest = max(highest, block)
	}
	r.blocks[r.at] = max(r.blocks[r.at], float32(value))
	if r.points++; r.points >= blockPoints {
		r.points = 0
		r.at = (r.at + 1) % uint8(len(r.blocks))
		r.blocks[r.at] = 0
	}
	return float32(value) > highest
}
