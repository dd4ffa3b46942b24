// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func dashboards() []dashboard {
	return []dashboard{overview(), workload(), network(), incidents(), nodeCost(), tracers()}
}

// rate is a rate of a count of workloads in the chosen places, added up by labels.
func rate(metric, by, more string) string {
	return fmt.Sprintf("sum by (%s) (%s{%s%s})", by, recordOf(metric), chosen, more)
}

// top is the largest of what rate returns.
func top(metric string) []query {
	return []query{{expression: "topk(10, " + rate(metric, "k8s_namespace_name, workload", "") + " > 0)", legend: "{{k8s_namespace_name}} {{workload}}"}}
}

// total is all of a count, as one line.
func total(metric, legend string) query {
	return query{expression: "sum(" + recordOf(metric) + "{" + chosen + "})", legend: legend}
}

// logsOf finds the records of an event in the chosen places. Cluster and namespace are labels of Loki's streams, everything else is not.
// Without :regex Grafana escapes what is chosen for quotes: the dot of a host's name would be two characters more in backticks.
func logsOf(event, more string) []query {
	expression := "{service_name=~`.+`, k8s_cluster_name=~`${cluster:regex}`, k8s_namespace_name=~`${namespace:regex}`} | event_name=`" + event + "` | host_name=~`${node:regex}`" + more
	return []query{{expression: expression, logql: true}}
}

// ofWorkload narrows what logsOf finds to one workload, by the name that withWorkload gives it in Prometheus.
const ofWorkload = " | label_format workload=`{{or .k8s_deployment_name .k8s_statefulset_name .k8s_daemonset_name .k8s_cronjob_name" +
	" .k8s_job_name .k8s_pod_name .container_name .meerkat_cgroup_path}}` | workload=~`${workload:regex}`"

func overview() dashboard {
	return dashboard{
		uid: "meerkat-overview", title: "Overview", description: "What workloads do, and whether anything is wrong: begin here.", variables: places(),
		rows: []row{
			{"At a glance", []panel{
				{title: "Collectors", description: "Collectors that are scraped.", kind: number, queries: []query{{expression: "count(otelcol_process_uptime)"}}},
				{title: "Workloads", description: "Workloads that did something in the last five minutes.", kind: number,
					queries: []query{{expression: "count(count by (k8s_cluster_name, k8s_namespace_name, workload) (" + recordOf(names.ProcessMetrics()[0].Name) + "{" + chosen + "}))"}}},
				{title: "Incidents opened, 1 h", description: "Incidents that the processor anomaly has opened.", kind: number, warn: 1,
					queries: []query{{expression: `round(sum(increase(otelcol_anomaly_incidents{state="opened"}[1h]))) or vector(0)`}}},
				{title: "Events lost, 1 h", description: "Events that were lost at any stage. It should be 0.", kind: number, bad: 1,
					queries: []query{{expression: "round(sum(increase(otelcol_ebpf_events_lost[1h]))) or vector(0)"}}},
				{title: "Largest share of a core", description: "Processor time of the collector that takes most.", kind: number, unit: "percentunit", warn: 0.05, bad: 0.2,
					queries: []query{{expression: "max(rate(otelcol_process_cpu_seconds[5m]))"}}},
			}},
			{"What runs", []panel{
				{title: "Programs executed", description: "By workload, the ten with most.", kind: lines, unit: "ops", queries: top("meerkat.process.execs")},
				{title: "Processes that end", description: "By workload, the ten with most.", kind: lines, unit: "ops", queries: top("meerkat.process.exits")},
			}},
			{"What it touches", []panel{
				{title: "Changes to files", description: "By workload, the ten with most.", kind: lines, unit: "ops", queries: top("meerkat.file.operations")},
				{title: "Connections opened", description: "By workload, the ten with most.", kind: lines, unit: "ops", queries: top("meerkat.tcp.connections.opened")},
			}},
			{"What is rare", []panel{
				{title: "Privileges, mounts, injection", description: "What ordinary workloads do seldom or never.", kind: lines, unit: "ops", queries: []query{
					total("meerkat.privilege.operations", "privileges"), total("meerkat.mount.operations", "mounts"), total("meerkat.injection.actions", "injection")}},
				{title: "Ends that nobody wanted", description: "Crashes, processes that were killed for lack of memory, and signals across users or containers.", kind: lines, unit: "ops",
					queries:     []query{total("meerkat.crash.crashes", "crashes"), total("meerkat.oom.kills", "out of memory"), total("meerkat.signal.sends", "signals")},
					conditional: "nothing crashed, was killed or signalled"},
			}},
		},
	}
}

func workload() dashboard {
	only := `, workload=~"$workload"`
	lineOf := func(title, metric, by, legend string) panel {
		return panel{title: title, description: "Per second.", kind: lines, unit: "ops", queries: []query{{expression: rate(metric, by, only), legend: legend}}}
	}
	return dashboard{
		uid: "meerkat-workload", title: "Workload", description: "All that one workload does.", variables: places("workload"),
		rows: []row{
			{"Processes", []panel{
				lineOf("Programs executed", "meerkat.process.execs", "workload", "{{workload}}"),
				lineOf("Processes that end", "meerkat.process.exits", "workload", "{{workload}}"),
			}},
			{"Files", []panel{lineOf("Changes to files, by operation", "meerkat.file.operations", "meerkat_file_operation", "{{meerkat_file_operation}}")}},
			{"Privileges", []panel{
				lineOf("Changes and uses of privileges", "meerkat.privilege.operations", "meerkat_privilege_event", "{{meerkat_privilege_event}}"),
				lineOf("Mounts", "meerkat.mount.operations", "meerkat_mount_event", "{{meerkat_mount_event}}"),
			}},
			{"Events", []panel{{
				title: "Programs, newest first", description: "What was executed, as a sentence; open a line for all attributes.", kind: events,
				queries: logsOf(names.EventProcessExec, ofWorkload),
			}}},
		},
	}
}

func network() dashboard {
	by := func(metric, label string) []query {
		return []query{{expression: rate(metric, label, ""), legend: "{{" + label + "}}"}}
	}
	return dashboard{
		uid: "meerkat-network", title: "Network", description: "Who connects, how much, and what fails.", variables: places(),
		rows: []row{
			{"Connections", []panel{
				{title: "Opened", description: "By workload, the ten with most.", kind: lines, unit: "ops", queries: top("meerkat.tcp.connections.opened")},
				{title: "Accepted", description: "By workload, the ten with most.", kind: lines, unit: "ops", queries: top("meerkat.tcp.connections.accepted")},
			}},
			{"Trouble", []panel{
				{title: "Failed", description: "Attempts to connect that failed, by workload.", kind: lines, unit: "ops", queries: top("meerkat.tcp.connections.failed"),
					conditional: "every connection succeeds"},
				{title: "Failed, one by one", description: "The newest attempts that failed, with the reason.", kind: events, conditional: "every connection succeeds",
					queries: logsOf(names.EventTCPConnect, " | error_type!=``")},
			}},
			{"Bytes", []panel{
				{title: "TCP", description: "Payload of connections, counted when they end.", kind: lines, unit: "Bps", queries: by("meerkat.tcp.io", "network_io_direction")},
				{title: "UDP", description: "Payload of datagrams.", kind: lines, unit: "Bps", queries: by("meerkat.udp.io", "network_io_direction"), conditional: "there are no datagrams"},
			}},
			{"Names", []panel{
				{title: "Queries to name servers", description: "By workload, the ten with most.", kind: lines, unit: "ops", queries: top("meerkat.dns.queries"),
					conditional: "nobody asks a name server over a network"},
				{title: "Names that were looked up", description: "Newest first, with the answer.", kind: events, conditional: "nobody asks a name server over a network",
					queries: logsOf(names.EventDNSLookup, "")},
			}},
		},
	}
}
