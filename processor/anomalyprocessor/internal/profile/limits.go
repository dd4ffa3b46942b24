// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"fmt"
	"time"
)

// Fixed limits, each with what happens when it is hit.
const (
	// nodeBytes is the size of a node in the table; a test holds it to that.
	nodeBytes = 32
	// fixedBytes is what a profile takes besides its table.
	fixedBytes = 1024
	// slotsMin is what a table begins with.
	slotsMin = 64
	// childrenMax is how many different children a node has; further ones are one child, the wildcard.
	childrenMax = 256
	// bitsMax is the highest surprise: one in 65,536.
	bitsMax = 16.0
	// thinObservations is how often a context was seen at least before it has the last word over the workload as a whole.
	thinObservations = 20
	// versionsMax is how many versions a profile tells apart; the oldest is forgotten.
	versionsMax = 16
	// WorkloadBytesMax bounds the key of a workload. A longer one has no exported form.
	WorkloadBytesMax = 4096
)

// Times and counts of learning.
const (
	// bucket is the unit in which it is counted whether something was seen at separate times.
	bucket = 10 * time.Minute
	// separateMin and replicasMin are in how many buckets, and on how many replicas, something was seen before it is normal; if it was
	// seen over ageMin, one replica is enough.
	separateMin = 3
	replicasMin = 2
	ageMin      = 24 * time.Hour
	// halfLife is after which time an observation counts half.
	halfLife = 30 * 24 * time.Hour
	// gapMax is how much of a pause counts as observed time: a clock that jumps ahead ages nothing by more.
	gapMax = 24 * time.Hour
	// lateMax is how late an event may be without the clock being set back. After lateEvents of them in a row that are later, it is.
	lateMax    = time.Hour
	lateEvents = 1000
)

// Limits are what the owner of profiles chooses.
type Limits struct {
	// ProfileBytesMax bounds each profile, TotalBytesMax all of a Set. At the first, and if there is no room for more in the second,
	// a profile forgets what it has not seen for the longest time.
	ProfileBytesMax, TotalBytesMax int
	// ProfilesMax bounds the profiles of a Set. At it, the profile that was not used for the longest time is forgotten.
	ProfilesMax int
	// LearningMin is for how long a workload is observed at least before it is judged, unless instancesEnough of it were seen.
	LearningMin time.Duration
	// StartsMin is how many programs are executed in it at least before it is judged. 0 is for workloads that start none.
	StartsMin int
	// LearningMax is for how long at most. A workload that never repeats itself is judged then by what there is.
	LearningMax time.Duration
	// DriftMax is for how long at most a new version is new.
	DriftMax time.Duration
	// Speed is how many times as fast as that of events observed time goes. 0 is as good as 1; more is for demonstrations.
	Speed int
}

// DefaultLimits returns what suits most nodes.
func DefaultLimits() Limits {
	return Limits{
		ProfileBytesMax: 256 << 10, TotalBytesMax: 64 << 20, ProfilesMax: 4096,
		LearningMin: 24 * time.Hour, LearningMax: 7 * 24 * time.Hour, DriftMax: 72 * time.Hour,
	}
}

// ErrLimits is what every error of Validate wraps.
var ErrLimits = errors.New("limits can't hold")

// Validate names the limit that makes no sense.
func (l Limits) Validate() error {
	least := fixedBytes + slotsMin*nodeBytes
	switch {
	case l.ProfileBytesMax < least || l.ProfileBytesMax > 1<<30:
		return fmt.Errorf("%w: %d bytes per profile: choose between %d and %d", ErrLimits, l.ProfileBytesMax, least, 1<<30)
	case l.TotalBytesMax < l.ProfileBytesMax:
		return fmt.Errorf("%w: %d bytes in total: give it at least the %d of one profile", ErrLimits, l.TotalBytesMax, l.ProfileBytesMax)
	case l.ProfilesMax < 1:
		return fmt.Errorf("%w: %d profiles: allow at least one", ErrLimits, l.ProfilesMax)
	case l.LearningMin < bucket || l.LearningMax < l.LearningMin:
		return fmt.Errorf("%w: learning from %s to %s: begin with at least %s, and end later", ErrLimits, l.LearningMin, l.LearningMax, bucket)
	case l.StartsMin < 0:
		return fmt.Errorf("%w: %d programs that are started: choose 0 or more", ErrLimits, l.StartsMin)
	case l.DriftMax < bucket:
		return fmt.Errorf("%w: a new version is new for %s: choose at least %s", ErrLimits, l.DriftMax, bucket)
	}
	if l.Speed < 0 {
		return fmt.Errorf("%w: time that goes %d times as fast: choose 1, or more for a demonstration", ErrLimits, l.Speed)
	}
	return nil
}
