// SPDX-License-Identifier: Apache-2.0

package names

// Attributes of what the processor "anomaly" tells about its state.
const (
	Operation = "operation"
	Limit     = "limit"
)

// anomalyStateAttributes describes the attributes of what the processor "anomaly" tells about its state.
func anomalyStateAttributes() []Attribute {
	return []Attribute{
		{Operation, String, "What the storage was asked for: `open`, `read` or `write`; `encode` comes before it."},
		{Limit, String, "Which limit was hit: `workloads` (what was kept has no room under the limits now, and is forgotten), `index` (no room in the index, or too large), `incidents` (not all of them is kept), `interval` and `soon` (written at the next interval), `late` (incidents were not taken in, since new ones had been opened until the storage could be read)."},
	}
}

// AnomalyStateBytes is how much is kept.
func AnomalyStateBytes() Metric {
	return Metric{"otelcol.anomaly.state.size", "By", "Profiles and incidents in the storage.", nil}
}

// AnomalyStateEntries is how many entries are kept.
func AnomalyStateEntries() Metric {
	return Metric{"otelcol.anomaly.state.entries", "{entry}", "Entries in the storage: one for the profile of a workload, one for its incidents if there are any.", nil}
}

// AnomalyStateWrites counts batches.
func AnomalyStateWrites() Metric {
	return Metric{"otelcol.anomaly.state.writes", "{write}", "Batches that were written to the storage.", nil}
}

// AnomalyStateWritten counts bytes.
func AnomalyStateWritten() Metric {
	return Metric{"otelcol.anomaly.state.written", "By", "What was written to the storage, the index included.", nil}
}

// AnomalyStateFailures counts what failed.
func AnomalyStateFailures() Metric {
	return Metric{"otelcol.anomaly.state.failures", "{failure}", "What the storage did not do. It is tried again at the next interval.", []string{Operation}}
}

// AnomalyStateAside counts damaged entries.
func AnomalyStateAside() Metric {
	return Metric{"otelcol.anomaly.state.set_aside", "{entry}", "Entries that could not be read, and were set aside.", nil}
}

// AnomalyStateAge is how old what is kept is.
func AnomalyStateAge() Metric {
	return Metric{"otelcol.anomaly.state.age", "s", "Time since everything that had changed was written, or since the start. A crash now would lose what was learned since.", nil}
}

// AnomalyStateLimits counts how often limits were hit.
func AnomalyStateLimits() Metric {
	return Metric{"otelcol.anomaly.state.limits", "{hit}", "How often limits of what is kept in the storage were hit.", []string{Limit}}
}

// anomalyStateMetrics describes what the processor "anomaly" tells about its state.
func anomalyStateMetrics() []Metric {
	return []Metric{
		AnomalyStateBytes(), AnomalyStateEntries(), AnomalyStateWrites(), AnomalyStateWritten(), AnomalyStateFailures(), AnomalyStateAside(),
		AnomalyStateAge(), AnomalyStateLimits(),
	}
}
