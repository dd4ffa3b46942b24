// SPDX-License-Identifier: Apache-2.0

package enrich

import "slices"

// Status is how much is known of whose a resource is, or who is at a far end.
type Status string

// Statuses, as docs/telemetry.md describes them.
const (
	Resolved      Status = "resolved"
	Partial       Status = "partial"
	Unresolved    Status = "unresolved"
	NotApplicable Status = "not_applicable"
)

// knowsMoreThan is false for a text that is no status.
func (s Status) knowsMoreThan(other Status) bool {
	return slices.Index(fromLeast, s) > slices.Index(fromLeast, other)
}

// fromLeast are the statuses, those that know less first.
var fromLeast = []Status{NotApplicable, Unresolved, Partial, Resolved}

// Reason is why something is not resolved.
type Reason string

// Reasons, as docs/telemetry.md describes them.
const (
	PodUnknown       Reason = "pod_unknown"
	ContainerUnknown Reason = "container_unknown"
	NotSynced        Reason = "not_synced"
	QueueFull        Reason = "queue_full"
	NoSource         Reason = "no_source"
	AddressUnknown   Reason = "address_unknown"
	AddressAmbiguous Reason = "address_ambiguous"
	OutOfScope       Reason = "out_of_scope"
)

// Source is what a resource's pod was found by.
type Source string

// Sources, in the order in which they are tried.
const (
	ByContainerID Source = "container_id"
	ByPodUID      Source = "pod_uid"
	ByPodIP       Source = "pod_ip"
	ByConnection  Source = "connection"
	ByNothing     Source = "none"
)

// Outcome is how the search for a resource's pod ended.
type Outcome struct {
	Status Status
	Reason Reason // empty if it is resolved or not applicable
	Source Source
	// MayChange tells that it is worth looking again when the inventory has learned something.
	MayChange bool
}
