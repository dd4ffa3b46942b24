// SPDX-License-Identifier: Apache-2.0

package main

import "slices"

// variable is what people choose at the top of a page.
type variable struct {
	name, label string
	// source is the kind of data source to choose among, empty if it is a label's values that are chosen.
	source string
	// values is the query for the values of a label.
	values string
	// hidden is a choice that the page does not ask for, but takes along to the next.
	hidden bool
}

// hide is how Grafana writes that a variable is not shown.
const hide = 2

func (v variable) model() object {
	m := object{"name": v.name, "label": v.label, "current": object{"text": "", "value": ""}, "options": []any{}}
	if v.hidden {
		m["hide"] = hide
	}
	if v.source != "" {
		m["type"], m["query"], m["refresh"] = "datasource", v.source, 1
		return m
	}
	m["type"], m["datasource"], m["refresh"], m["sort"] = "query", source(false), 2, 1
	m["definition"], m["query"] = v.values, object{"query": v.values, "refId": v.name}
	m["multi"], m["includeAll"] = true, true
	m["current"] = object{"text": "All", "value": "$__all"}
	// It matches series without the label too, as those of a host without Kubernetes are.
	m["allValue"] = ".*"
	return m
}

// workloadSeries has the places and the names of all workloads.
const workloadSeries = "workload:meerkat_process_execs:rate5m"

// choices are the variables of a page: those about places, each of which narrows the next, and more that it shows. The others are hidden,
// since a link takes along only what the page that it stands on has.
func choices(shown ...string) []variable {
	all := []variable{
		{name: "prometheus", label: "Prometheus", source: "prometheus"},
		{name: "loki", label: "Loki", source: "loki"},
		{name: "cluster", label: "Cluster", values: "label_values(" + workloadSeries + ", k8s_cluster_name)"},
		{name: "namespace", label: "Namespace", values: "label_values(" + workloadSeries + `{k8s_cluster_name=~"$cluster"}, k8s_namespace_name)`},
		{name: "node", label: "Node", values: "label_values(" + workloadSeries + `{k8s_cluster_name=~"$cluster"}, host_name)`},
		{name: "workload", label: "Workload", values: "label_values(" + workloadSeries + "{" + chosen + "}, workload)"},
		{name: "instance", label: "Collector", values: "label_values(otelcol_ebpf_ring_size, instance)"},
	}
	for i := range all {
		all[i].hidden = !slices.Contains(shown, all[i].name)
	}
	return all
}

// places are the choices of pages about workloads.
func places(more ...string) []variable {
	return choices(append([]string{"prometheus", "loki", "cluster", "namespace", "node"}, more...)...)
}

// chosen selects series in the places that are chosen.
const chosen = `k8s_cluster_name=~"$cluster", k8s_namespace_name=~"$namespace", host_name=~"$node"`

// collectors are the choices of pages about the collectors themselves.
func collectors() []variable { return choices("prometheus", "instance") }

// chosenCollectors selects series of the collectors that are chosen.
const chosenCollectors = `instance=~"$instance"`
