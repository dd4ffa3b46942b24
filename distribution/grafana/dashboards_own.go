// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/meerkat-otel/meerkat/internal/names"

func incidents() dashboard {
	told := logsOf(names.EventIncident, "")
	count := func(filter string) string {
		return "sum(count_over_time(" + logsOf(names.EventIncident, filter)[0].expression + " [$__range]))"
	}
	return dashboard{
		uid: "meerkat-incidents", title: "Security incidents", description: "What the processor anomaly has told, and on what it judges.", variables: places(),
		rows: []row{
			{"In this time", []panel{
				{title: "Opened", description: "Incidents that began.", kind: number, warn: 1, queries: []query{{expression: count(" | meerkat_incident_state=`opened`"), logql: true}},
					conditional: "nothing unusual happened"},
				{title: "Surprising events, per second", description: "Events that are not usual. Few of them become incidents.", kind: number, unit: "ops",
					queries: []query{{expression: "sum(rate(otelcol_anomaly_surprising[5m]))"}}},
				{title: "Workloads that are watched", description: "Profiles that have learned enough to judge.", kind: number,
					queries: []query{{expression: `sum(otelcol_anomaly_profiles{state="watching"})`}}},
				{title: "Workloads that are learned", description: "Profiles that still learn. Rules of a high level hold for them too.", kind: number,
					queries: []query{{expression: `sum(otelcol_anomaly_profiles{state="learning"})`}}},
			}},
			{"Incidents", []panel{{title: "Newest first", description: "Each is told when it opens, when something new belongs to it, and when it is over.",
				kind: events, queries: told, conditional: "nothing unusual happened"}}},
			{"Where and why", []panel{
				{title: "By severity", description: "Opened, per hour.", kind: lines,
					queries: []query{{expression: `sum by (severity) (increase(otelcol_anomaly_incidents{state="opened"}[1h]))`, legend: "{{severity}}"}}, conditional: "there never was an incident"},
				{title: "Rules that matched", description: "Events per hour, by rule.", kind: lines,
					queries: []query{{expression: "topk(10, sum by (rule) (increase(otelcol_anomaly_rule_hits[1h])) > 0)", legend: "{{rule}}"}}, conditional: "no rule matched"},
			}},
			{"What comes of events", []panel{
				{title: "Events by outcome", description: "Of all events that the processor has seen.", kind: lines, unit: "ops",
					queries: []query{{expression: "sum by (outcome) (rate(otelcol_anomaly_events[5m]))", legend: "{{outcome}}"}}},
				{title: "Limits that were hit", description: "Where detection has forgotten something for lack of room.", kind: lines, unit: "ops",
					queries: []query{{expression: "sum by (bound) (rate(otelcol_anomaly_limits[5m]))", legend: "{{bound}}"}}},
			}},
		},
	}
}

func nodeCost() dashboard {
	by := func(expression, legend string) []query { return []query{{expression: expression, legend: legend}} }
	of := "{" + chosenCollectors + "}"
	return dashboard{
		uid: "meerkat-cost", title: "Node cost and loss", description: "What collectors take of their nodes, and what was lost.", variables: collectors(),
		rows: []row{
			{"Cost", []panel{
				{title: "Processor time", description: "Share of one core.", kind: lines, unit: "percentunit", warn: 0.05, bad: 0.2,
					queries: by("rate(otelcol_process_cpu_seconds"+of+"[5m])", "{{instance}}")},
				{title: "Memory", description: "Resident, the mapped binary and ring buffers included.", kind: lines, unit: "bytes",
					queries: by("otelcol_process_memory_rss"+of, "{{instance}}")},
				{title: "Maps in the kernel", description: "Of all tracers together.", kind: lines, unit: "bytes",
					queries: by("sum by (instance) (otelcol_ebpf_maps_memory"+of+")", "{{instance}}")},
			}},
			{"Loss", []panel{
				{title: "Events lost", description: "Per second, by tracer and stage. It should be 0: docs/troubleshooting.md says what to do at each stage.", kind: lines, unit: "ops", bad: 0.001,
					queries: by("sum by (tracer, stage) (rate(otelcol_ebpf_events_lost"+of+"[5m]))", "{{tracer}} {{stage}}"), conditional: "nothing was ever lost"},
				{title: "Fill of the ring buffers", description: "Share that waits to be read.", kind: lines, unit: "percentunit", warn: 0.5, bad: 0.9,
					queries: by("max by (tracer) (otelcol_ebpf_ring_waiting"+of+" / otelcol_ebpf_ring_size"+of+")", "{{tracer}}")},
			}},
			{"Way out", []panel{
				{title: "Records sent", description: "Per second, by exporter.", kind: lines, unit: "ops",
					queries: by("sum by (exporter) (rate(otelcol_exporter_sent_log_records"+of+"[5m]))", "{{exporter}}")},
				{title: "Fill of the queues", description: "Share of the exporters' queues.", kind: lines, unit: "percentunit", warn: 0.5, bad: 0.8,
					queries:     by("max by (exporter) (otelcol_exporter_queue_size"+of+" / otelcol_exporter_queue_capacity"+of+")", "{{exporter}}"),
					conditional: "no exporter has a queue"},
				{title: "Failures", description: "Records that an exporter gave up, or had no room for.", kind: lines, unit: "ops", bad: 0.001,
					queries: []query{
						{expression: "sum by (exporter) (rate(otelcol_exporter_send_failed_log_records" + of + "[5m]))", legend: "{{exporter}} failed"},
						{expression: "sum by (exporter) (rate(otelcol_exporter_enqueue_failed_log_records" + of + "[5m]))", legend: "{{exporter}} no room"},
					}, conditional: "nothing ever failed"},
			}},
		},
	}
}

func tracers() dashboard {
	by := func(expression, legend string) []query { return []query{{expression: expression, legend: legend}} }
	of := "{" + chosenCollectors + "}"
	return dashboard{
		uid: "meerkat-tracers", title: "Tracer internals", description: "What becomes of events between the kernel and the pipeline, tracer by tracer.", variables: collectors(),
		rows: []row{
			{"Tracers", []panel{
				{title: "States", description: "Tracers in each state.", kind: lines, queries: by("sum by (state) (otelcol_ebpf_tracer_state"+of+")", "{{state}}")},
				{title: "Time to attach", description: "To load and attach, the last time.", kind: lines, unit: "s", queries: by("max by (tracer) (otelcol_ebpf_tracer_attach_time"+of+")", "{{tracer}}")},
			}},
			{"Events", []panel{
				{title: "By outcome", description: "Offered is delivered, filtered, aggregated, held back and lost together.", kind: lines, unit: "ops",
					queries: by("sum by (outcome) (rate(otelcol_ebpf_events"+of+"[5m]))", "{{outcome}}")},
				{title: "Delivered, by event", description: "What goes on to the pipeline.", kind: lines, unit: "ops",
					queries: by(`topk(10, sum by (event) (rate(otelcol_ebpf_events{`+chosenCollectors+`, outcome="delivered"}[5m])))`, "{{event}}")},
			}},
			{"In the kernel", []panel{
				{title: "Never left the kernel", description: "Share of the events that were filtered or counted there, since the start.", kind: lines, unit: "percent",
					queries: by("max by (tracer) (otelcol_ebpf_events_kernel_share"+of+")", "{{tracer}}")},
				{title: "Runs of programs", description: "By program.", kind: lines, unit: "ops",
					queries: by("topk(10, sum by (program) (rate(otelcol_ebpf_program_runs"+of+"[5m])))", "{{program}}"), conditional: "program_statistics is off"},
				{title: "Time in programs", description: "Share of one core, by program.", kind: lines, unit: "percentunit",
					queries: by("topk(10, sum by (program) (rate(otelcol_ebpf_program_run_time"+of+"[5m])))", "{{program}}"), conditional: "program_statistics is off"},
			}},
			{"Identity", []panel{
				{title: "Processes and workloads", description: "That are known.", kind: lines, queries: []query{
					{expression: "sum(otelcol_ebpf_processes" + of + ")", legend: "processes"}, {expression: "sum(otelcol_ebpf_workloads" + of + ")", legend: "workloads"}}},
				{title: "Containers looked for", description: "By what became of it.", kind: lines, unit: "ops",
					queries: by("sum by (runtime, outcome) (rate(otelcol_ebpf_containers"+of+"[5m]))", "{{runtime}} {{outcome}}"), conditional: "there never was a container"},
				{title: "Executables not certain", description: "Events that were delivered without a certain executable.", kind: lines, unit: "ops",
					queries: by("sum by (tracer, reason) (rate(otelcol_ebpf_events_unidentified"+of+"[5m]))", "{{tracer}} {{reason}}"), conditional: "all were certain"},
			}},
		},
	}
}
