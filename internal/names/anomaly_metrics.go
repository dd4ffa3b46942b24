// SPDX-License-Identifier: Apache-2.0

package names

// IncidentMetrics is the attribute of an incident that lists what was unusual in metrics at the same time.
const IncidentMetrics = "meerkat.incident.metrics"

// Keys within an anomaly of IncidentMetrics, besides StepTime.
const (
	FindingMetric   = "metric"
	FindingQuantity = "quantity"
	FindingSeries   = "series"
	FindingKind     = "kind"
	FindingValue    = "value"
	FindingExpected = "expected"
	FindingLow      = "low"
	FindingHigh     = "high"
	FindingScore    = "score"
)

// Attributes of the metric AnomalyScore, besides those of the data point that is scored.
const (
	AnomalyMetric   = "meerkat.anomaly.metric"
	AnomalyQuantity = "meerkat.anomaly.quantity"
)

// incidentMetrics describes the attribute of incidents.
func incidentMetrics() Attribute {
	return Attribute{IncidentMetrics, MapArray, "What was unusual in metrics of the workload, from ten minutes before the first step to ten after the last; the 8 with the highest score. The keys of each are listed below. Absent if there is nothing, and as long as no metric is scored."}
}

// AnomalyFindingKeys describes the keys of an anomaly of metrics in an incident, besides StepTime.
func AnomalyFindingKeys() []Attribute {
	return []Attribute{
		{FindingMetric, String, "Name of the metric."},
		{FindingQuantity, String, "What of it: `value`, `rate` per second, of histograms `count_rate` per second or `mean`."},
		{FindingSeries, String, "Attributes of the data point, 8 at most."},
		{FindingKind, String, "`spike`, `dip`, `level_shift` if it stays, or `out_of_season` if it is usual at other hours."},
		{FindingValue, Double, "What it was."},
		{FindingExpected, Double, "What was expected, by the hour of the week if the series is known for two weeks."},
		{FindingLow, Double, "From where on it would have been usual: 99 of 100 points are between `low` and `high`."},
		{FindingHigh, Double, "Up to where."},
		{FindingScore, Double, "As in `meerkat.anomaly.score`."},
	}
}

// AnomalyScore is how unusual data points are.
func AnomalyScore() Metric {
	return Metric{"meerkat.anomaly.score", "{score}", "How unusual the last data point of a series is, from 0 to 1, in the resource of the series and with its attributes: 0.999 is about what was never seen before in it, 0.99 and more counts as an anomaly unless configured otherwise. It is 0 for the first 50 points.", []string{AnomalyMetric, AnomalyQuantity}}
}

// AnomalyScores describes the metrics that the processor "anomaly" adds to a pipeline.
func AnomalyScores() []Metric { return []Metric{AnomalyScore()} }

// AnomalyScoreAttributes describes their attributes.
func AnomalyScoreAttributes() []Attribute {
	return []Attribute{
		{AnomalyMetric, String, "Name of the metric that is scored."},
		{AnomalyQuantity, String, "What of it: `value` of gauges and of sums that also fall, `rate` per second of sums that only grow, `count_rate` and `mean` of histograms."},
	}
}

// AnomalyPoints counts data points.
func AnomalyPoints() Metric {
	return Metric{"otelcol.anomaly.points", "{point}", "Data points of metrics that are to be scored, by what became of them. A histogram counts twice.", []string{PointOutcome}}
}

// AnomalyFindings counts anomalies.
func AnomalyFindings() Metric {
	return Metric{"otelcol.anomaly.metric.anomalies", "{anomaly}", "Anomalies in metrics. What goes on for a while is one.", []string{FindingKind}}
}

// AnomalySeries is how many series there are.
func AnomalySeries() Metric {
	return Metric{"otelcol.anomaly.series", "{series}", "Series of metrics that are known.", nil}
}

// AnomalySeriesBytes is how much room they take.
func AnomalySeriesBytes() Metric {
	return Metric{"otelcol.anomaly.series.size", "By", "What series of metrics take of the memory.", nil}
}

// AnomalySeriesEvicted counts series that were forgotten.
func AnomalySeriesEvicted() Metric {
	return Metric{"otelcol.anomaly.series.evicted", "{series}", "Series of metrics that were forgotten for another, because they had no points for an hour.", []string{Bound}}
}

// PointOutcome is an attribute of AnomalyPoints.
const PointOutcome = "point.outcome"

// anomalyMetricsAttributes describes the attributes of the metrics about metrics, besides Bound.
func anomalyMetricsAttributes() []Attribute {
	return []Attribute{
		{PointOutcome, String, "`scored`; `no_rate` for the first point of a counter, the first after a reset or a gap of two hours, and a histogram without new observations; `late` if it is not later than the one before in its series; `stale` if it says that there is no value; `unreadable` if the value is no number or the time is none; `unsupported` for summaries; `unresolved`, since it is not known whose it is; `refused`, since there is no room for its series (`limits.series`)."},
		{FindingKind, String, "In which way it is unusual: `spike`, `dip`, `level_shift` or `out_of_season`."},
	}
}

// anomalyMetricsMetrics describes what the processor "anomaly" tells about metrics.
func anomalyMetricsMetrics() []Metric {
	return []Metric{AnomalyPoints(), AnomalyFindings(), AnomalySeries(), AnomalySeriesBytes(), AnomalySeriesEvicted()}
}
