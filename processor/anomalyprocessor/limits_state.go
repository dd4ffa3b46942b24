// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import "time"

// Limits of what is kept in a storage, besides those of package state.
const (
	// stateOperationMax is how long one reading or writing may take.
	stateOperationMax = 10 * time.Second
	// stateStartMax is how long the start waits for what was kept; what comes later is taken in while events are judged.
	stateStartMax = 30 * time.Second
	// stateFinishMax is how long the last writing may take; what is not written by then is lost.
	stateFinishMax = 20 * time.Second
	// stateSoonInterval is within which time it is written that something was told of an incident.
	stateSoonInterval = 5 * time.Second
	// stateSoonMax bounds the workloads that wait for that; others are written at the next interval, and counted.
	stateSoonMax = 1024
	// stateRoundBytesMax is how much is written at one interval; the rest is written at the next one, and counted.
	stateRoundBytesMax = 64 << 20
	// stateFailuresMax is after how many entries that the storage does not give or take the rest is tried later.
	stateFailuresMax = 3
)
