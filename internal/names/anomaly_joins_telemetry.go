// SPDX-License-Identifier: Apache-2.0

package names

// AnomalyJoins counts what is joined along connections between workloads whose events one processor sees.
func AnomalyJoins() Metric {
	return Metric{"otelcol.anomaly.joins", "{join}", "What comes of connections between workloads of incidents: connections of which both ends were `found`; incidents that were `joined`; `made`, what was told of " +
		"joined ones; `refused` by the pipeline, which are told again; `too_large` to be joined.", []string{Outcome}}
}

// AnomalyJoinsLimits counts how often limits of that were hit.
func AnomalyJoinsLimits() Metric {
	return Metric{"otelcol.anomaly.joins.limits", "{hit}", "How often limits of joining were hit, by bound: `accepted`, `opened` and `arrived` (connections that were forgotten for others before the other end was seen, or the incident), " +
		"`incidents` (forgotten for others), `chain` (incidents that had no room in one), `ambiguous` (incidents that could have had several causes, and so have none).", []string{Bound}}
}

func anomalyJoinsMetrics() []Metric { return []Metric{AnomalyJoins(), AnomalyJoinsLimits()} }
