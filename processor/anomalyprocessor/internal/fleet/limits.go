// SPDX-License-Identifier: Apache-2.0

package fleet

import "time"

// Limits are what the owner chooses.
type Limits struct {
	// BehavioursMax bounds the behaviours that are known, BytesMax what they take. At either, the behaviour that was told of the longest time ago is
	// forgotten, one of a single host before all others.
	BehavioursMax, BytesMax int
}

const (
	// generation is the time in which each agent tells everything once. What nobody has told in the present one and in the one before is forgotten.
	generation = 24 * time.Hour
	// exactMax is up to how many hosts of a behaviour are kept one by one; more are estimated. It is more than HostsMinMax, so that nothing is ever
	// decided by an estimate.
	exactMax = 20
	// HostsMinMax is the highest number of hosts, and of workloads, that can be asked for.
	HostsMinMax = 16
	// precision is that of the estimate: 256 registers, an error of 6.5 %.
	precision = 8
	// pairsMax bounds the workloads with one image that show a behaviour, perHostMax those of one host: so that no host takes all places.
	pairsMax   = 40
	perHostMax = 2
	// sourcesMax bounds the pairs of host and workload whose last number is remembered. Beyond it, deltas that come twice are taken in twice, which
	// changes nothing.
	sourcesMax = 65_536

	// What things take, with what Go takes for them; a test holds them to that.
	entryBytes  = 256
	memberBytes = 16
	sketchBytes = 512
)

// weightMin is what a step weighs at least to be a reason for an incident: what weighs less than one bit has surprised nobody.
const weightMin = 1.0

// ordinaryFactor is what is left of the weight of a step that is ordinary for the fleet.
const ordinaryFactor = 0.5
