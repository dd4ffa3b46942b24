// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// workloadLabels tell workloads apart in what is recorded: place, and the one name that a workload goes by.
const workloadLabels = "k8s_cluster_name, k8s_namespace_name, host_name, workload"

// recorded are the counts of workloads that are recorded as rates.
func recorded() []names.Metric {
	var all []names.Metric
	for _, tracer := range names.Tracers() {
		all = append(all, tracer.Metrics...)
	}
	return append(all, names.WorkloadMetrics()...)
}

// recordOf is the name of the record of a metric.
func recordOf(metric string) string { return "workload:" + underscored(metric) + ":rate5m" }

// underscored is a name as Prometheus has it.
func underscored(name string) string { return strings.ReplaceAll(name, ".", "_") }

// seriesOf is the name of a metric's series.
func seriesOf(m names.Metric) string {
	series := underscored(m.Name)
	if m.Unit == "By" {
		series += "_bytes"
	}
	return series + "_total"
}

// otherwise are the labels that name a workload that nothing of Kubernetes owns for long, in order: a Job without CronJob, a pod without
// either, a container where there is no Kubernetes, a unit.
var otherwise = []string{"k8s_job_name", "k8s_pod_name", "container_name", "meerkat_cgroup_path"}

// withWorkload gives series the label workload: the name of what owns the pod, or else the first that is there of the others. At most one
// of the first four labels is there, so joining them is choosing it.
func withWorkload(expression string) string {
	named := fmt.Sprintf(`label_join(%s, "workload", "", "k8s_deployment_name", "k8s_statefulset_name", "k8s_daemonset_name", "k8s_cronjob_name")`, expression)
	for _, label := range otherwise {
		named = orElse(named, label)
	}
	return named
}

// orElse gives series without a workload that of another label.
func orElse(expression, label string) string {
	return fmt.Sprintf(`label_replace(label_join(%s, "either", ";", "workload", "%s"), "workload", "$1", "either", ";(.+)")`, expression, label)
}

func recordingRules() []byte {
	var b strings.Builder
	b.WriteString("# Written by make generate. Counts of workloads per second, with one label for the workload whatever it is: dashboards ask these.\n")
	b.WriteString("groups:\n  - name: meerkat_workloads\n    rules:\n")
	for _, m := range recorded() {
		labels := []string{workloadLabels}
		for _, attribute := range m.Attributes {
			labels = append(labels, underscored(attribute))
		}
		expression := fmt.Sprintf("sum by (%s) (%s)", strings.Join(labels, ", "), withWorkload("rate("+seriesOf(m)+"[5m])"))
		fmt.Fprintf(&b, "      - record: %s\n        expr: '%s'\n", recordOf(m.Name), expression)
	}
	return []byte(b.String())
}
