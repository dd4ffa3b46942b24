// SPDX-License-Identifier: Apache-2.0

package names

// AnomalyDeltas counts what agents tell gateways.
func AnomalyDeltas() Metric {
	return Metric{"otelcol.anomaly.deltas", "{delta}", "Deltas of profiles. Of an agent, by outcome: `sent`, or `refused` by its pipeline. Of a gateway: `taken`, `repeated` (it came before), " +
		"`missed` (by the numbers of later ones), `unreadable`, or `other_version`; the last two pass as they are.", []string{Outcome}}
}

// AnomalyFleetBehaviours is how much is known of the fleet.
func AnomalyFleetBehaviours() Metric {
	return Metric{"otelcol.anomaly.fleet.behaviours", "{behaviour}", "Behaviours that a gateway knows, once for all workloads and once for each image.", nil}
}

// AnomalyFleetBytes is how much room that takes.
func AnomalyFleetBytes() Metric {
	return Metric{"otelcol.anomaly.fleet.size", "By", "What the behaviours that a gateway knows take of the memory.", nil}
}

// AnomalyFleetIncidents counts what a gateway says of incidents.
func AnomalyFleetIncidents() Metric {
	return Metric{"otelcol.anomaly.fleet.incidents", "{incident}", "Events of incidents, by what a gateway made of them: `passed`; `suppressed`, since all is ordinary for the fleet; `dropped` for that; " +
		"`unreadable` or `too_large` to be judged, which pass as they are; `made` by the gateway, of joined ones; `refused` by its pipeline, which are told again.", []string{Outcome}}
}

// AnomalyFleetOpen is how many incidents a gateway remembers.
func AnomalyFleetOpen() Metric {
	return Metric{"otelcol.anomaly.fleet.incidents.remembered", "{incident}", "Incidents that a gateway remembers to judge them anew and to join them.", nil}
}

// AnomalyFleetChains is how many incidents a gateway has made of joined ones.
func AnomalyFleetChains() Metric {
	return Metric{"otelcol.anomaly.fleet.chains", "{chain}", "Incidents that a gateway has made of joined ones and remembers.", nil}
}

// AnomalyFleetLimits counts how often limits were hit.
func AnomalyFleetLimits() Metric {
	return Metric{"otelcol.anomaly.fleet.limits", "{hit}", "How often limits were hit. Of an agent, by bound: `delta` (behaviours that had no room in one interval), `no_host` (profiles that are not told since nothing " +
		"names their host). Of a gateway: `behaviours` (forgotten for others), `sources` (deltas whose number was not remembered), `incidents` (forgotten for others), `chain` (incidents that had no room in " +
		"one), `ambiguous` (incidents that could have had several causes, and so have none).", []string{Bound}}
}

// anomalyFleetMetrics describes the metrics about the fleet.
func anomalyFleetMetrics() []Metric {
	return []Metric{
		AnomalyDeltas(), AnomalyFleetBehaviours(), AnomalyFleetBytes(), AnomalyFleetIncidents(), AnomalyFleetOpen(), AnomalyFleetChains(),
		AnomalyFleetLimits(),
	}
}
