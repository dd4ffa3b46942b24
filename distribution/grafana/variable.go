// SPDX-License-Identifier: Apache-2.0

package main

// variable is what people choose at the top of a page.
type variable struct {
	name, label string
	// source is the kind of data source to choose among, empty if it is a label's values that are chosen.
	source string
	// values is the query for the values of a label.
	values string
}

func (v variable) model() object {
	if v.source != "" {
		return object{"type": "datasource", "name": v.name, "label": v.label, "query": v.source, "refresh": 1, "current": object{}, "options": []any{}}
	}
	return object{
		"type": "query", "name": v.name, "label": v.label, "datasource": source(false), "refresh": 2, "sort": 1, "options": []any{},
		"definition": v.values, "query": object{"query": v.values, "refId": v.name}, "multi": true, "includeAll": true,
		// It matches series without the label too, as those of a host without Kubernetes are.
		"allValue": ".*", "current": object{"text": "All", "value": "$__all"},
	}
}

func prometheusSource() variable {
	return variable{name: "prometheus", label: "Prometheus", source: "prometheus"}
}

func lokiSource() variable { return variable{name: "loki", label: "Loki", source: "loki"} }

// places are the variables that say where: each narrows the next.
func places() []variable {
	const series = "workload:meerkat_process_execs:rate5m"
	return []variable{
		prometheusSource(),
		lokiSource(),
		{name: "cluster", label: "Cluster", values: "label_values(" + series + ", k8s_cluster_name)"},
		{name: "namespace", label: "Namespace", values: `label_values(` + series + `{k8s_cluster_name=~"$cluster"}, k8s_namespace_name)`},
		{name: "node", label: "Node", values: `label_values(` + series + `{k8s_cluster_name=~"$cluster"}, host_name)`},
	}
}

// chosen selects series in the places that are chosen.
const chosen = `k8s_cluster_name=~"$cluster", k8s_namespace_name=~"$namespace", host_name=~"$node"`

// collectors are the variables of pages about the collectors themselves.
func collectors() []variable {
	return []variable{
		prometheusSource(),
		{name: "instance", label: "Collector", values: "label_values(otelcol_ebpf_ring_size, instance)"},
	}
}

// chosenCollectors selects series of the collectors that are chosen.
const chosenCollectors = `instance=~"$instance"`
