// SPDX-License-Identifier: Apache-2.0

package names

// EventProfileDelta is what the processor "anomaly" of an agent tells the one of a gateway.
const EventProfileDelta = "meerkat.profile.delta"

// Attributes of deltas of profiles. Incidents have the first two as well.
const (
	ProfileWorkload = "meerkat.profile.workload"
	ProfileVersion  = "meerkat.profile.version"
	ProfileSequence = "meerkat.profile.sequence"
	ProfileTable    = "meerkat.profile.table"
)

// Attributes of incidents by which a gateway judges them, and that it adds.
const (
	IncidentRulesLevel = "meerkat.incident.rules.level"
	IncidentSuppressed = "meerkat.incident.suppressed"
	IncidentFleetScore = "meerkat.incident.fleet.score"
	IncidentChainID    = "meerkat.incident.chain.id"
	IncidentJoined     = "meerkat.incident.joined"
	IncidentHosts      = "meerkat.incident.hosts"
)

// Keys within a step of IncidentSteps by which a gateway judges it, and that it adds.
const (
	StepBehaviour = "behaviour"
	StepMalicious = "malicious"
	StepEnds      = "ends"
	StepHosts     = "hosts"
	StepHost      = "host"
	StepWorkload  = "workload"
	StepIncident  = "incident"
)

// Keys within a connection of StepEnds.
const (
	EndTime   = "time"
	EndClient = "client"
	EndServer = "server"
	EndPeer   = "peer"
)

// AnomalyDeltaEvents describes what agents tell gateways.
func AnomalyDeltaEvents() []Event {
	return []Event{{EventProfileDelta, "Which behaviours are normal for a workload on a host: those that became so since the last time, and each of the others once a day. " +
		"The host is the resource. A gateway takes it in, and does not let it go on unless it is told to.",
		[]string{ProfileWorkload, ProfileVersion, ProfileSequence, ProfileTable}}}
}

// AnomalyDeltaAttributes describes the attributes of deltas of profiles.
func AnomalyDeltaAttributes() []Attribute {
	return []Attribute{
		{ProfileWorkload, String, "Key of the profile of the workload."},
		{ProfileVersion, String, "Hash of the version of the workload, which is the digest of its image, in 16 hexadecimal digits. Absent if it is not known."},
		{ProfileSequence, Int, "Grows by one with each delta of the workload on the host, and never goes back."},
		{ProfileTable, Bytes, "Version of the format (one byte, 1), number of behaviours that are normal and number of those that somebody said are malicious (both as LEB128), then eight bytes, the lowest first, for each: 64 KiB at most."},
	}
}

// anomalyFleetNames are the attributes of incidents that the fleet is about.
func anomalyFleetNames() []string {
	return []string{
		ProfileWorkload, ProfileVersion, IncidentRulesLevel, IncidentSuppressed, IncidentFleetScore, IncidentChainID, IncidentJoined, IncidentHosts,
	}
}

// anomalyFleetAttributes describes them.
func anomalyFleetAttributes() []Attribute {
	return []Attribute{
		{ProfileWorkload, String, "Key of the profile of the workload."},
		{ProfileVersion, String, "Hash of the version of the workload, which is the digest of its image, in 16 hexadecimal digits. Absent if it is not known."},
		{IncidentRulesLevel, String, "Highest level of the rules that matched: `informational`, `low`, `medium`, `high` or `critical`."},
		{IncidentSuppressed, String, "Why a gateway holds all of it to be ordinary for the fleet; the severity is `INFO` then. Absent if it does not."},
		{IncidentFleetScore, Double, "Added by a gateway: the score with half the weight for each step that is ordinary for the fleet. The severity is by it."},
		{IncidentChainID, String, "Id of the incident that this one was joined into: by the processor that raised it, along a connection between workloads that it sees, or by a gateway."},
		{IncidentJoined, StringArray, "Of an incident that was made by joining others: ids of those that it consists of, because one began with a connection of another, or, at a gateway, they consist of the same on several hosts."},
		{IncidentHosts, StringArray, "Hosts of these."},
	}
}

// anomalyFleetStepKeys describes the keys of steps that the fleet is about.
func anomalyFleetStepKeys() []Attribute {
	return []Attribute{
		{StepBehaviour, String, "Number of the generalised behaviour, the same on every host, in 16 hexadecimal digits."},
		{StepMalicious, Bool, "Present if somebody said that it is malicious."},
		{StepEnds, MapArray, "Of connections, the first 16, each with its `" + EndTime + "` and the keys that follow."},
		{EndClient, String, "Of a connection: address and port of the end that opened it."},
		{EndServer, String, "Of a connection: address and port of the other end."},
		{EndPeer, String, "Of a connection: the workload at the far end, if it is known."},
		{StepHosts, Int, "Added by a gateway: on how many other hosts it is normal. Absent if on none."},
		{StepHost, String, "Of an incident that was made by joining others: where it happened. Absent if the host is not known."},
		{StepWorkload, String, "In which workload."},
		{StepIncident, String, "Of which incident it is a step."},
	}
}
