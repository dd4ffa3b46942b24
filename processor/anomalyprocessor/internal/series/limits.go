// SPDX-License-Identifier: Apache-2.0

package series

import "time"

// BytesMax is what a Detector takes at most, all of it from the start on.
const BytesMax = 4 << 10

const (
	hoursOfDay  = 24
	hoursOfWeek = 7 * hoursOfDay

	// memory is after what time of points their weight in means and deviations is down to a third: half a year.
	memory = 180 * 24 * time.Hour
	// memoryOfDay and memoryOfWeek are the same for one hour of the day and of the week, in the time spent in it: 17 days, 4 weeks.
	memoryOfDay  = 17 * time.Hour
	memoryOfWeek = 4 * time.Hour
	// shareMax is what a single point can weigh in the baseline of an hour that is known.
	shareMax = 0.5
	// stepMax is how much older a series gets by one point at most, whatever the clock says.
	stepMax = time.Hour

	// smoothing is after what time the weight of a point in the smoothed value is down to a third.
	smoothing = 50 * time.Minute

	// learnPoints is for how many points nothing is said by a baseline. That of the hour of the day begins after a day, that of the week after
	// a week: before, there is nothing to compare with.
	learnPoints = 50
	dayMin      = hoursOfDay * time.Hour
	weekMin     = hoursOfWeek * time.Hour
	// momentsMin is how many points it takes until there is a deviation to measure with.
	momentsMin = 10
	// binPointsMin is how many points an hour of the week has to have for a deviation of its own.
	binPointsMin = 10

	// pointsMax is how many points ranks remember: then all count half.
	pointsMax = 1 << 20
	// restPoints is for how long after a point only what is more unusual speaks, in blocks of blockPoints.
	restPoints  = 100
	blockPoints = 10

	// backwardsMax is how many points in a row may be earlier than the last one, until the clock is believed.
	backwardsMax = 8
)
