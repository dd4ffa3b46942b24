// SPDX-License-Identifier: Apache-2.0

package story

import "time"

const (
	// storiesMax bounds the stories of a workload. Beyond it the one that was quiet for the longest time is forgotten; a story that is still
	// open only if all are.
	storiesMax = 48
	// storiesTotalMax bounds the stories of all workloads. Beyond it each remembers one at a time.
	storiesTotalMax = 1024
	// rememberedMax is how long a story is remembered after its last event: what is similar by then is the same story.
	rememberedMax = 7 * 24 * time.Hour
	// incidentsMax bounds the open incidents of which facts are kept before they are raised; a tracker has 32 at most.
	incidentsMax = 64
	// signaturesMax bounds the incidents that a story is compared with others by: the newest ones.
	signaturesMax = 8
	// stepsMax, processesMax, uidsMax, instancesMax and rulesMax bound what is kept of a story; more is counted.
	stepsMax     = 64
	processesMax = 64
	uidsMax      = 64
	instancesMax = 32
	rulesMax     = 16
)
