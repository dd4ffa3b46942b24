// SPDX-License-Identifier: Apache-2.0

package nab

import (
	"cmp"
	"math"
	"slices"
)

// Profile says what detections are worth.
type Profile struct {
	Name string
	// What a window that was found counts at most, what a false detection costs at most, and a window without a detection.
	Found, False, Missed float64
}

// Profiles returns those of the benchmark, as its config/profiles.json has them.
func Profiles() []Profile {
	return []Profile{
		{"standard", 1, 0.11, 1},
		{"reward_low_FP_rate", 1, 0.22, 1},
		{"reward_low_FN_rate", 1, 0.11, 2},
	}
}

// Result is what a detector reaches.
type Result struct {
	// Score is 100 for a perfect detector, and 0 for one that never says anything.
	Score float64
	// Threshold is the one that is best for all series together.
	Threshold float64
	// Windows is how many there are, Found how many have a detection, False how many detections are in none.
	Windows, Found, False int
}

// point is one that is scored.
type point struct {
	score float64
	// worth is what a detection there is worth; window the number of the window it is in, or -1.
	worth  float64
	window int
}

// Score scores what a detector said with the threshold that is best: of each series the scores of its points. A point is detected if its
// score is at least the threshold.
func Score(all []*Series, scores [][]float64, p Profile) Result {
	best := nothing(all, scores, p)
	sweep(all, scores, p, func(r Result) bool {
		if r.Score > best.Score {
			best = r
		}
		return true
	})
	return best
}

// ScoreAt scores what a detector said with a threshold that is given.
func ScoreAt(all []*Series, scores [][]float64, p Profile, threshold float64) Result {
	last := nothing(all, scores, p)
	sweep(all, scores, p, func(r Result) bool {
		if r.Threshold < threshold {
			return false
		}
		last = r
		return true
	})
	return last
}

// nothing is the result of a threshold that nothing reaches.
func nothing(all []*Series, scores [][]float64, p Profile) Result {
	_, windows := pointsOf(all, scores, p)
	return Result{Threshold: math.Inf(1), Windows: windows}
}

// sweep calls for each threshold that makes a difference, from the highest down, until it gets false.
func sweep(all []*Series, scores [][]float64, p Profile, call func(Result) bool) {
	points, windows := pointsOf(all, scores, p)
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(b.score, a.score) })
	best := make([]float64, windows)
	for at := range best {
		best[at] = -p.Missed
	}
	least := -p.Missed * float64(windows)
	r, sum := Result{Windows: windows}, least
	for at, one := range points {
		switch {
		case one.window < 0:
			sum += one.worth
			r.False++
		case one.worth > best[one.window]:
			if best[one.window] < 0 {
				r.Found++
			}
			sum += one.worth - best[one.window]
			best[one.window] = one.worth
		}
		if at+1 < len(points) && points[at+1].score == one.score {
			continue
		}
		r.Threshold = one.score
		r.Score = 100 * (sum - least) / (p.Found*float64(windows) - least)
		if !call(r) {
			return
		}
	}
}

// pointsOf returns all points that are scored, and how many windows they are in.
func pointsOf(all []*Series, scores [][]float64, p Profile) ([]point, int) {
	var points []point
	windows := 0
	for n, s := range all {
		number, within := -1, 0 // the window that was entered last of this series
		for at := range s.Values {
			if within < len(s.Windows) && at > s.Windows[within][1] {
				within++
			}
			inside := within < len(s.Windows) && at >= s.Windows[within][0]
			if at < s.Probation() {
				continue
			}
			one := point{score: scores[n][at], window: -1}
			if inside {
				if number != within {
					number = within
					windows++
				}
				one.window = windows - 1
				width := s.Windows[within][1] - s.Windows[within][0] + 1
				one.worth = p.Found * sigmoid(-float64(s.Windows[within][1]-at+1)/float64(width)) / sigmoid(-1)
			} else {
				one.worth = p.False * sigmoid(past(s, within, at))
			}
			points = append(points, one)
		}
	}
	return points, windows
}

// past is how far a point is behind the window before it, in lengths of that. Far from all of them it is 3.
func past(s *Series, within, at int) float64 {
	if within == 0 {
		return far
	}
	before := s.Windows[within-1]
	return float64(at-before[1]) / float64(before[1]-before[0])
}

// far is from where on a detection is simply wrong.
const far = 3

// sigmoid is 1 at the beginning of a window, 0 at its end, and -1 far behind it.
func sigmoid(position float64) float64 {
	if position >= far {
		return -1
	}
	return 2/(1+math.Exp(5*position)) - 1
}
