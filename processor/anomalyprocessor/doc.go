// SPDX-License-Identifier: Apache-2.0

// Package anomalyprocessor is the Collector's processor "anomaly": it learns what each workload normally does, and raises few incidents about
// what is not.
//
// It reads kernel events from logs by the names of Meerkat, whoever wrote them, and lets them pass as they are. It never raises an incident
// because metadata is missing, never learns from what belongs to an incident, and knows nothing of where events come from.
package anomalyprocessor
