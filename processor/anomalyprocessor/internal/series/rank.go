// SPDX-License-Identifier: Apache-2.0

package series

import "math"

const (
	// Distances are counted in bins, binsPerDouble until the distance is twice as large, from 2 to the power of leastDoubles to distanceMax.
	binsOfRanks   = 104
	binsPerDouble = 4
	leastDoubles  = -6
	// binsPerBlock bins are also counted together, so that it takes few additions to know how many are beyond one.
	binsPerBlock = 8
	// recordDecades is the rank of what is as far out as nothing before: all series have the same, however long they are known.
	recordDecades = 3
	// pointsForRecord is from how many points on.
	pointsForRecord = 100
)

// ranks remember how often which distances were.
type ranks struct {
	bins     [binsOfRanks]float32
	blocks   [binsOfRanks / binsPerBlock]float32
	points   float32
	farthest float32
}

// add takes in a distance of 0 or more, and returns how far out it is among those before, in decades of probability.
func (r *ranks) add(distance float64) float64 {
	bin := min(max(int((math.Log2(distance+1e-9)-leastDoubles)*binsPerDouble), 0), binsOfRanks-1)
	beyond := r.beyond(bin)
	decades := math.Log10(float64((r.points+1)/(beyond+1))) * scaleOf(float64(r.points))
	if farthest := float64(r.farthest); beyond < 1 && farthest > 0 && distance > farthest {
		decades += math.Log10(distance / farthest)
	}
	r.farthest = max(r.farthest, float32(distance))
	r.bins[bin]++
	r.blocks[bin/binsPerBlock]++
	if r.points++; r.points >= pointsMax {
		r.halve()
	}
	if r.points <= learnPoints {
		return 0
	}
	return decades
}

// beyond returns how many distances are in higher bins, and half of those in the same one.
func (r *ranks) beyond(bin int) float32 {
	count := r.bins[bin] / 2
	block := bin / binsPerBlock
	for _, one := range r.bins[bin+1 : (block+1)*binsPerBlock] {
		count += one
	}
	for _, all := range r.blocks[block+1:] {
		count += all
	}
	return count
}

// halve makes all that was so far count half.
func (r *ranks) halve() {
	for bin := range r.bins {
		r.bins[bin] /= 2
	}
	for block := range r.blocks {
		r.blocks[block] /= 2
	}
	r.points /= 2
}

// scaleOf is what decades of probability are multiplied by, so that a record is recordDecades.
func scaleOf(points float64) float64 {
	return recordDecades / math.Log10(max(points+1, pointsForRecord))
}

// quantile returns the distance beyond which a share of points is.
func (r *ranks) quantile(share float32) float64 {
	beyond := float32(0)
	for bin := binsOfRanks - 1; bin >= 0; bin-- {
		if beyond += r.bins[bin]; beyond > share*r.points {
			return math.Exp2(float64(bin+1)/binsPerDouble + leastDoubles)
		}
	}
	return 0
}
