// SPDX-License-Identifier: Apache-2.0

package names

// Attributes of incidents of which somebody has said over the control API what they are.
const (
	IncidentVerdict        = "meerkat.incident.verdict"
	IncidentVerdictComment = "meerkat.incident.verdict.comment"
	IncidentVerdictBy      = "meerkat.incident.verdict.by"
)

// AnomalyVerdictAttributes describes the attributes of a verdict.
func AnomalyVerdictAttributes() []Attribute {
	return []Attribute{
		{IncidentVerdict, String, "What somebody said over the control API that it is: `benign`, which the profile has learned as normal, or `malicious`, which it never learns. Absent if nobody has."},
		{IncidentVerdictComment, String, "What they have written about it; nothing reads it. Absent if nothing."},
		{IncidentVerdictBy, String, "Who has said it, as the control API knows them."},
	}
}

// Verdict is the attribute of AnomalyVerdicts.
const Verdict = "verdict"

// AnomalyVerdicts counts verdicts.
func AnomalyVerdicts() Metric {
	return Metric{"otelcol.anomaly.verdicts", "{verdict}", "Verdicts on incidents that were given over the control API.", []string{Verdict}}
}

// AnomalyRuleReloads counts how often rules were read again.
func AnomalyRuleReloads() Metric {
	return Metric{"otelcol.anomaly.rules.reloads", "{reload}", "How often rules were read again, because their folders changed or somebody asked for it.", []string{Outcome}}
}

// AnomalyChangesLost counts events of changes that the pipeline did not take.
func AnomalyChangesLost() Metric {
	return Metric{"otelcol.anomaly.changes.refused", "{event}", "Events of changes over the control API that the pipeline refused. The change was made.", nil}
}

// AnomalyControlMetrics describes the metrics of what is asked of the processor "anomaly" while it runs.
func AnomalyControlMetrics() []Metric {
	return []Metric{AnomalyVerdicts(), AnomalyRuleReloads(), AnomalyChangesLost()}
}

// AnomalyControlMetricAttributes describes their attributes, besides Outcome.
func AnomalyControlMetricAttributes() []Attribute {
	return []Attribute{{Verdict, String, "`benign` or `malicious`."}}
}
