// SPDX-License-Identifier: Apache-2.0

package chain

import "time"

// Limits are what the owner chooses.
type Limits struct {
	// IncidentsMax bounds the incidents that are remembered, BytesMax what they take. At either, one is forgotten: of those that are closed, or else of
	// all, the one that nothing was told of for the longest time.
	IncidentsMax, BytesMax int
	// OnlyConnected tells that incidents that consist of the same are not joined: somebody else does that.
	OnlyConnected bool
}

const (
	// connectionMax is how far the times of the two ends of a connection may differ: the clocks of two hosts do.
	connectionMax = time.Minute
	// entryMax is how long after an incident began it can have begun with a connection. It is by one clock.
	entryMax = 5 * time.Second
	// acceptedMax is how long before an incident began a connection can have been accepted that it began with, if accepting it was nothing unusual.
	acceptedMax = 30 * time.Second
	// rememberedMax is how long an incident is remembered after the last that was told of it; silentMax if it was never closed.
	rememberedMax = 24 * time.Hour
	silentMax     = 48 * time.Hour
	// membersMax bounds the incidents of a chain, effectsMax those that one incident is the cause of. Further ones are not joined, and counted.
	membersMax = 32
	effectsMax = 16
	// stepsMax bounds the steps that are told of a chain; more are counted.
	stepsMax = 256
	// fixedBytes is what an incident takes besides what its owner says.
	fixedBytes = 1024
)
