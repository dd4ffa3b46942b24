// SPDX-License-Identifier: Apache-2.0

package names

import "slices"

// EventIncident is the event of the processor "anomaly": something unusual happened that a person should look at.
const EventIncident = "meerkat.incident"

// Attributes of incidents. The workload is the resource.
const (
	IncidentID               = "meerkat.incident.id"
	IncidentState            = "meerkat.incident.state"
	IncidentPartOf           = "meerkat.incident.part_of"
	IncidentScore            = "meerkat.incident.score"
	IncidentConfidence       = "meerkat.incident.confidence"
	IncidentOpened           = "meerkat.incident.opened"
	IncidentLast             = "meerkat.incident.last"
	IncidentSteps            = "meerkat.incident.steps"
	IncidentStepsOmitted     = "meerkat.incident.steps.omitted"
	IncidentProcesses        = "meerkat.incident.processes"
	IncidentProcessesOmitted = "meerkat.incident.processes.omitted"
	IncidentSensitivities    = "meerkat.incident.sensitivities"
	IncidentMerged           = "meerkat.incident.merged"
	IncidentEvents           = "meerkat.incident.events"
	IncidentInstances        = "meerkat.incident.instances"
	IncidentEvidence         = "meerkat.incident.evidence"
	IncidentProfileStatus    = "meerkat.incident.profile.status"
	IncidentProfileEvents    = "meerkat.incident.profile.events"

	SecurityRuleName        = "security_rule.name"
	SecurityRuleUUID        = "security_rule.uuid"
	SecurityRuleDescription = "security_rule.description"
	SecurityRuleCategory    = "security_rule.category"
	IncidentRules           = "meerkat.incident.rules"
	IncidentRulesOmitted    = "meerkat.incident.rules.omitted"
	IncidentTechniques      = "meerkat.incident.techniques"
	IncidentTactics         = "meerkat.incident.tactics"
)

// Keys within a step of IncidentSteps, besides the names of attributes of events.
const (
	StepTime        = "time"
	StepAction      = "action"
	StepObject      = "object"
	StepWhy         = "why"
	StepWeight      = "weight"
	StepCount       = "count"
	StepSensitivity = "sensitivity"
)

// ProcessRole is a key of a process of IncidentProcesses, besides StepTime and the names of attributes of events.
const ProcessRole = "role"

// AnomalyEvents describes the events of the processor "anomaly".
func AnomalyEvents() []Event {
	return []Event{
		{EventIncident, "Something unusual happened in a workload that a person should look at: what is linked is one incident, and the same once more is no further one.", append([]string{
			IncidentID, IncidentState, IncidentPartOf, IncidentScore, IncidentConfidence, IncidentOpened, IncidentLast, IncidentSteps, IncidentStepsOmitted,
			IncidentProcesses, IncidentProcessesOmitted, IncidentSensitivities, IncidentMerged, IncidentEvents, IncidentInstances, IncidentEvidence, IncidentProfileStatus, IncidentProfileEvents,
			SecurityRuleName, SecurityRuleUUID, SecurityRuleDescription, SecurityRuleCategory, IncidentRules, IncidentRulesOmitted,
			IncidentTechniques, IncidentTactics, IncidentLoss, IncidentVerdict, IncidentVerdictComment, IncidentVerdictBy, IncidentMetrics,
		}, append(anomalySummaryNames(), anomalyFleetNames()...)...)},
	}
}

// AnomalyAttributes describes the attributes of incidents.
func AnomalyAttributes() []Attribute {
	return slices.Concat([]Attribute{
		{IncidentID, String, "Tells the incident from others, in 32 hexadecimal digits. All events of the incident have it."},
		{IncidentState, String, "`opened`, `updated` or `closed`. Each event has all that is known by then; one that is closed goes on as `updated` if the same happens again within a week."},
		{IncidentPartOf, String, "Only if it is closed because it has turned out to be a part of another incident: the id of that one, which goes on with all that was known of this one."},
		{IncidentScore, Double, "How unusual it is all in all. From 12 on it is raised, or by a rule of a high level alone. The severity is `WARN` below 25 and while the profile learns, `ERROR` below 50, and `FATAL` from there on."},
		{IncidentConfidence, Double, "How far the profile that judged can be trusted: 0.5 while it learns, 0.8 while a new version is new or if it never came to rest, 1 otherwise; less where events were lost (`" + IncidentLoss + "`)."},
		{IncidentOpened, String, "When the first step happened, RFC 3339."},
		{IncidentLast, String, "When the last one did."},
		{IncidentSteps, MapArray, "What happened, in order; the same thing again is the same step. The keys of a step are listed below. Of its process it has `" +
			ProcessPID + "`, `" + ProcessCreationTime + "`, `" + ProcessParentPID + "` and `" + ProcessExecutablePath + "`."},
		{IncidentStepsOmitted, Int, "Further steps, which were less unusual. Absent if there are none."},
		{IncidentProcesses, MapArray, "The processes that belong to it, in order, each with `" + StepTime + "`, when it was seen first, `" + ProcessPID + "`, `" + ProcessCreationTime + "`, `" +
			ProcessParentPID + "`, `" + ProcessExecutablePath + "` and `" + ProcessRole + "`: `unusual` if it did something unusual itself, `job` if it is the program that " +
			"executed such things and hardly anything else, `below` if one of these started it. Only what is unusual has a part in the score."},
		{IncidentProcessesOmitted, Int, "Further processes. Absent if there are none."},
		{IncidentSensitivities, StringArray, "In which ways it is sensitive, whatever is normal for the workload: `shell`, `transfer tool`, `executed from a volatile place`, `credentials`, `persistence`, `intrusion`, `removal of traces`, `data in names`."},
		{IncidentMerged, Int, "How many incidents were merged into this one, because they consist of the same behaviours on another replica, or later. Absent if there are none."},
		{IncidentEvents, Int, "How many events are part of it."},
		{IncidentInstances, StringArray, "Containers, or hosts, in which it happened; 32 at most."},
		{IncidentEvidence, StringArray, "`" + LogRecordUID + "` of records that are part of it, as far as they have one; 64 at most."},
		{IncidentProfileStatus, String, "What the profile of the workload did when it judged: `learning`, `watching` or `drifting`."},
		{IncidentProfileEvents, Int, "How many events the profile has seen."},
		{SecurityRuleName, String, "Title of the rule that matched, of several that of the highest level."},
		{SecurityRuleUUID, String, "Its id."},
		{SecurityRuleDescription, String, "Its description."},
		{SecurityRuleCategory, String, "Kind of event that it is about, as Sigma has it (`process_creation`)."},
		{IncidentRules, StringArray, "Ids of all rules that matched, or where they lie if they have none; 16 at most."},
		{IncidentRulesOmitted, Int, "Further matches of rules beyond these. Absent if there are none."},
		{IncidentTechniques, StringArray, "ATT&CK techniques of these rules (`T1059.004`)."},
		{IncidentTactics, StringArray, "ATT&CK tactics of these rules (`command-and-control`)."},
		incidentMetrics(),
	}, anomalySummaryAttributes(), anomalyLossAttributes(), AnomalyVerdictAttributes(), anomalyFleetAttributes())
}

// AnomalyStepKeys describes the keys of a step of an incident, besides attributes that events have too.
func AnomalyStepKeys() []Attribute {
	return append([]Attribute{
		{StepTime, String, "When it happened first, RFC 3339."},
		{StepAction, String, "What was done: `exec`, `read`, `write`, `create`, `rename`, `delete`, `link`, `attribute`, `connect`, `accept`, `listen`, `datagram`, `resolve`, `privilege`, `injection`, `mount`, `signal`, `channel`, `crash`, `attempt` (to execute something, in vain) or `socket`."},
		{StepObject, String, "What it was done to, without what changes from one time to the next."},
		{StepWhy, String, "What is unusual about it, with the figures; absent if only a rule says something about it."},
		{StepWeight, Double, "Its weight in the score, in bits."},
		{StepCount, Int, "How often it happened."},
		{StepSensitivity, String, "In which way it is sensitive; absent if it is not."},
	}, anomalyFleetStepKeys()...)
}
