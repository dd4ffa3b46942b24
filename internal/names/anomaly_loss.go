// SPDX-License-Identifier: Apache-2.0

package names

// IncidentLoss is how much was not seen while an incident happened.
const IncidentLoss = "meerkat.incident.loss"

// anomalyLossAttributes describes it.
func anomalyLossAttributes() []Attribute {
	return []Attribute{
		{IncidentLoss, Double, "Share of its events that the tracer lost that lost most, on a host of the incident, in those of the last ten minutes in which it lost any (`" +
			EventReceiverLoss + "`): the largest while the incident went on. Steps may be missing, so the confidence is multiplied by what is left, 0.1 at least. Absent if nothing is known to be lost."},
	}
}
