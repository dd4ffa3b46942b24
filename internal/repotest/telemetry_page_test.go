// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// telemetryHead has ´ for the quote that its own quotes don't allow.
const telemetryHead = `# Telemetry

<!-- Made from internal/names by make generate: change it there. -->

Everything that leaves Meerkat, by name. Names that start with ´meerkat.´ are our own; the others are those of the
[OpenTelemetry semantic conventions](https://opentelemetry.io/docs/specs/semconv/) 1.44, with their meaning.

An **event** is an OTLP log record:

| field | |
| --- | --- |
| ´EventName´ | What happened, such as ´meerkat.process.exec´. Names have no variable part. |
| ´Timestamp´ | When it happened, by the kernel's clock. |
| ´ObservedTimestamp´ | When it was read from the kernel. |
| ´SeverityNumber´ | ´INFO´; ´WARN´ for losses, and for incidents by their score. The severity text is empty. |
| ´Body´ | A short sentence for people. Nothing stands in it that is not in the attributes too. |
| attributes | Everything else. An attribute that does not apply is absent. |
| resource | The workload that it happened in. |

A **metric** is a cumulative sum per workload. The counts are kept in the kernel, before anything is filtered, so they are
exact whatever becomes of the events. A count that is still zero has no series.

`

// page is a document in Markdown.
type page struct{ strings.Builder }

func (p *page) paragraph(format string, arguments ...any) {
	fmt.Fprintf(p, format+"\n\n", arguments...)
}

func (p *page) table(columns string, rows []string) {
	if len(rows) == 0 {
		return
	}
	count := strings.Count(columns, "|") - 1
	p.paragraph("%s\n|%s\n%s", columns, strings.Repeat(" --- |", count), strings.Join(rows, "\n"))
}

func (p *page) attributes(attributes []names.Attribute) {
	var rows []string
	for _, a := range attributes {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |", a.Name, a.Type, a.Brief))
	}
	p.table("| attribute | type | |", rows)
}

func (p *page) metrics(metrics []names.Metric) {
	var rows []string
	for _, m := range metrics {
		var by []string
		for _, attribute := range m.Attributes {
			by = append(by, "`"+attribute+"`")
		}
		rows = append(rows, fmt.Sprintf("| `%s` | `%s` | %s | %s |", m.Name, m.Unit, strings.Join(by, ", "), m.Brief))
	}
	p.table("| metric | unit | by | |", rows)
}

// inAll returns the attributes that every event of a tracer has.
func inAll(d names.TracerDescription) []string {
	all := slices.Clone(d.Events[0].Attributes)
	for _, event := range d.Events[1:] {
		all = slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(event.Attributes, name) })
	}
	return all
}

// find returns the descriptions of attributes by their names.
func find(d names.TracerDescription, wanted []string) []names.Attribute {
	var found []names.Attribute
	for _, a := range slices.Concat(d.Attributes, names.EventAttributes()) {
		if slices.Contains(wanted, a.Name) {
			found = append(found, a)
		}
	}
	return found
}

func (p *page) tracer(d names.TracerDescription) {
	p.paragraph("## Tracer `%s`", d.Name)
	p.paragraph("%s", d.Brief)
	shared := inAll(d)
	if len(shared) > 0 {
		p.paragraph("Attributes of all its events:")
		p.attributes(find(d, shared))
	}
	for _, event := range d.Events {
		p.paragraph("### `%s`", event.Name)
		p.paragraph("%s", event.Brief)
		own := slices.DeleteFunc(slices.Clone(event.Attributes), func(name string) bool { return slices.Contains(shared, name) })
		if len(own) == 0 {
			p.paragraph("It has no further attributes.")
		}
		p.attributes(find(d, own))
	}
	if len(d.Metrics) == 0 {
		return
	}
	p.paragraph("### Metrics of `%s`", d.Name)
	p.metrics(d.Metrics)
	p.attributes(slices.DeleteFunc(names.MetricAttributes(), func(a names.Attribute) bool {
		return !slices.ContainsFunc(d.Metrics, func(m names.Metric) bool { return slices.Contains(m.Attributes, a.Name) })
	}))
}

// control is what is told of changes.
func (p *page) control() {
	p.paragraph("## Changes")
	p.paragraph("What people and programs change while it runs. The component that was changed makes the event, without the attributes of every event.")
	for _, event := range names.ControlEvents() {
		p.paragraph("### `%s`", event.Name)
		p.paragraph("%s", event.Brief)
	}
	p.attributes(names.ControlAttributes())
}

// losses are what the receiver tells of itself.
func (p *page) losses() {
	p.paragraph("## Losses")
	p.paragraph("What the receiver tells of itself in logs, of its host and of no workload, without the attributes of every event but `%s`.", names.LogRecordUID)
	for _, event := range names.ReceiverEventRecords() {
		p.paragraph("### `%s`", event.Name)
		p.paragraph("%s", event.Brief)
	}
	p.attributes(names.ReceiverEventAttributes())
}

// incidents are what the processor "anomaly" tells.
func (p *page) incidents() {
	p.paragraph("## Incidents")
	p.paragraph("What the processor `anomaly` makes of events. The observed time of an incident is when it was told.")
	for _, event := range names.AnomalyEvents() {
		p.paragraph("### `%s`", event.Name)
		p.paragraph("%s", event.Brief)
	}
	p.attributes(names.AnomalyAttributes())
	p.paragraph("Keys of a step:")
	p.attributes(names.AnomalyStepKeys())
	for _, event := range names.AnomalyDeltaEvents() {
		p.paragraph("### `%s`", event.Name)
		p.paragraph("%s", event.Brief)
	}
	p.attributes(names.AnomalyDeltaAttributes())
	p.paragraph("Keys of an anomaly in a metric, besides `time`:")
	p.attributes(names.AnomalyFindingKeys())
	p.paragraph("## Scores of metrics")
	p.paragraph("What the processor `anomaly` adds to pipelines of metrics, for those that it is configured to score.")
	p.metrics(names.AnomalyScores())
	p.attributes(names.AnomalyScoreAttributes())
}

// overview links to every event.
func (p *page) overview() {
	var rows []string
	for _, d := range names.Tracers() {
		for _, event := range d.Events {
			rows = append(rows, fmt.Sprintf("| [`%s`](%s) | %s |", event.Name, anchor(event.Name), event.Brief))
		}
	}
	for _, event := range slices.Concat(names.ControlEvents(), names.ReceiverEventRecords(), names.AnomalyEvents(), names.AnomalyDeltaEvents()) {
		rows = append(rows, fmt.Sprintf("| [`%s`](%s) | %s |", event.Name, anchor(event.Name), event.Brief))
	}
	p.table("| event | |", rows)
	rows = nil
	for _, d := range names.Tracers() {
		for _, m := range d.Metrics {
			rows = append(rows, fmt.Sprintf("| [`%s`](%s) | %s |", m.Name, anchor("Metrics of "+d.Name), m.Brief))
		}
	}
	p.table("| metric | |", rows)
	p.paragraph("And what [the receiver](%s), [the control API](%s), [the processor `k8s_enrich`](%s) and [the processor `anomaly`](%s) tell about themselves.",
		anchor("The receiver itself"), anchor("The control API itself"), anchor("The processor `k8s_enrich` itself"),
		anchor("The processor `anomaly` itself"))
}

// telemetryPage is docs/telemetry.md.
func telemetryPage() string {
	p := &page{}
	p.WriteString(strings.ReplaceAll(telemetryHead, "´", "`"))
	p.overview()
	p.paragraph("## Resource")
	p.paragraph("The workload: a container, or a cgroup outside of containers, and the host that it runs on.")
	p.attributes(slices.Concat(names.ResourceAttributes(), names.ContainerAttributes()))
	p.paragraph("## Attributes of the processor `k8s_enrich`")
	p.paragraph("It adds to resources what the cluster knows of them. What is there already stays as it is.")
	p.attributes(names.EnrichmentAttributes())
	p.paragraph("And to the records of connections and flows who is at the far end:")
	p.attributes(names.PeerAttributes())
	p.paragraph("## Attributes of every event")
	p.paragraph("Who did it. Each event has those of them that apply.")
	p.attributes(names.EventAttributes())
	for _, d := range names.Tracers() {
		p.tracer(d)
	}
	p.control()
	p.losses()
	p.incidents()
	p.paragraph("## Events that are held back")
	p.metrics(names.WorkloadMetrics())
	p.attributes(slices.DeleteFunc(names.MetricAttributes(), func(a names.Attribute) bool { return a.Name != names.EventName }))
	p.paragraph("## Many workloads")
	p.paragraph("What happens in workloads beyond the bound on series is counted in one further series of each metric, so that sums stay\nright:")
	p.attributes(slices.DeleteFunc(names.MetricAttributes(), func(a names.Attribute) bool { return a.Name != names.MetricOverflow }))
	p.paragraph("## The receiver itself")
	p.paragraph("Part of the Collector's own telemetry, not of the pipelines. The pages that Prometheus reads have underscores for dots.")
	p.metrics(names.ReceiverMetrics())
	p.attributes(names.ReceiverAttributes())
	p.paragraph("## The control API itself")
	p.paragraph("Part of the Collector's own telemetry too.")
	p.metrics(names.ControlMetrics())
	p.attributes(names.ControlMetricAttributes())
	p.paragraph("## The processor `k8s_enrich` itself")
	p.paragraph("Part of the Collector's own telemetry too.")
	p.metrics(names.EnrichMetrics())
	p.attributes(names.EnrichAttributes())
	p.paragraph("## The processor `anomaly` itself")
	p.paragraph("Part of the Collector's own telemetry too.")
	p.metrics(names.AnomalyMetrics())
	p.attributes(names.AnomalyMetricAttributes())
	return strings.TrimSuffix(p.String(), "\n")
}
