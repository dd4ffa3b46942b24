// SPDX-License-Identifier: Apache-2.0

package names

import "slices"

// Attributes of the metrics of the processor "anomaly" about itself, besides State, Reason, Outcome and Bound.
const (
	Severity = "severity"
	Rule     = "rule"
)

// AnomalyMetricAttributes describes the attributes of the metrics of the processor "anomaly" about itself.
func AnomalyMetricAttributes() []Attribute {
	return slices.Concat([]Attribute{
		{Outcome, String, "What became of an event: `judged`; `allowed` by the configuration; `unresolved`, since it is not known whose it is, or who is at the far end; `unreadable`, since something that belongs to it is missing or is no value for it; `context`, which tells only who belongs to whom, or what was lost; `not_judged` for events of other kinds."},
		{State, String, "Of incidents `opened`, `updated` or `closed`; of profiles `learning`, `watching` or `drifting`."},
		{Severity, String, "`warn`, `error` or `fatal`, by the score."},
		{Rule, String, "Id of the rule, or where it lies if it has none."},
		{Reason, String, "Why a file has no rule for us: `broken`, `unsupported`, `other_log_source` or `over_limit`."},
		{Bound, String, "Which limit was hit: `workloads` (a profile was forgotten for another), `bytes` (a profile could not grow), `behaviours` (forgotten in a profile), `processes` (forgotten), `incident_processes` (of an incident that were not named), `process_names` (of processes that are named without their program), `open_incidents` (one was closed for another), `stories` (what was known of an earlier incident was forgotten), `facts` (names of events, replicas and rules that were left out of an incident), `rule_text` (cut before rules saw it), `rule_switches` (a rule was not switched), `habits` (what policies are made of had no room in a profile), `series` and `workload_series` (of metrics, in all and of one workload), `metric_incidents` (by metrics alone, that found no room), `command_lines` (of parents, forgotten for others), `losses` (what was lost on a host or of a tracer was forgotten for another), `evidence` (records of an incident that had not been raised yet and that do not go on if nothing but incidents does)."},
	}, anomalySummaryMetricAttributes(), anomalyStateAttributes(), AnomalyControlMetricAttributes(), anomalyMetricsAttributes())
}

// AnomalyEventsSeen counts events.
func AnomalyEventsSeen() Metric {
	return Metric{"otelcol.anomaly.events", "{event}", "Events that were seen, by what became of them.", []string{Outcome}}
}

// AnomalyEventsAhead counts events from the future.
func AnomalyEventsAhead() Metric {
	return Metric{"otelcol.anomaly.events.ahead", "{event}", "Events whose time lay in the future, and that are taken to have happened when they came.", nil}
}

// AnomalyBatchesAgain counts batches that were judged before.
func AnomalyBatchesAgain() Metric {
	return Metric{"otelcol.anomaly.batches.again", "{batch}", "Batches of events that came once more, after the pipeline had refused them: they go on, and are not judged twice.", nil}
}

// AnomalySurprising counts what was surprising.
func AnomalySurprising() Metric {
	return Metric{"otelcol.anomaly.surprising", "{event}", "Events that were surprising, or that a rule has a weight for: they are linked into incidents, of which few are raised.", nil}
}

// AnomalyIncidents counts what is told of incidents.
func AnomalyIncidents() Metric {
	return Metric{"otelcol.anomaly.incidents", "{incident}", "Incidents that were opened, updated and closed.", []string{State, Severity}}
}

// AnomalyMerged counts incidents that were merged.
func AnomalyMerged() Metric {
	return Metric{"otelcol.anomaly.merged", "{incident}", "Incidents that were merged into one that there was, counted when they are over.", nil}
}

// AnomalyIncidentsLost counts what the pipeline did not take.
func AnomalyIncidentsLost() Metric {
	return Metric{"otelcol.anomaly.incidents.refused", "{incident}", "Events of incidents that the pipeline refused. What they tell is told again later, if the collector runs on.", nil}
}

// AnomalyProfiles is how many profiles there are.
func AnomalyProfiles() Metric {
	return Metric{"otelcol.anomaly.profiles", "{profile}", "Profiles of workloads.", []string{State}}
}

// AnomalyProfileBytes is how much room they take.
func AnomalyProfileBytes() Metric {
	return Metric{"otelcol.anomaly.profiles.size", "By", "What profiles take of the memory.", nil}
}

// AnomalyLimits counts how often limits were hit.
func AnomalyLimits() Metric {
	return Metric{"otelcol.anomaly.limits", "{hit}", "How often limits were hit.", []string{Bound}}
}

// AnomalyRules is how many rules there are.
func AnomalyRules() Metric {
	return Metric{"otelcol.anomaly.rules", "{rule}", "Rules that are in use.", nil}
}

// AnomalyRulesRefused is how many files have no rule that can be used.
func AnomalyRulesRefused() Metric {
	return Metric{"otelcol.anomaly.rules.refused", "{file}", "Files whose rule is not in use.", []string{Reason}}
}

// AnomalyRuleHits counts what rules matched.
func AnomalyRuleHits() Metric {
	return Metric{"otelcol.anomaly.rule.hits", "{event}", "Events that a rule matched.", []string{Rule}}
}

// AnomalyMetrics describes all metrics of the processor "anomaly" about itself.
func AnomalyMetrics() []Metric {
	return slices.Concat([]Metric{
		AnomalyEventsSeen(), AnomalyEventsAhead(), AnomalyBatchesAgain(), AnomalySurprising(), AnomalyIncidents(), AnomalyMerged(), AnomalyIncidentsLost(), AnomalyProfiles(),
		AnomalyProfileBytes(), AnomalyLimits(), AnomalyRules(), AnomalyRulesRefused(), AnomalyRuleHits(),
	}, anomalySummaryMetrics(), anomalyStateMetrics(), AnomalyControlMetrics(), anomalyFleetMetrics(), anomalyMetricsMetrics(), anomalyJoinsMetrics())
}
