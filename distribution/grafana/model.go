// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// The parts of a dashboard's JSON, as Grafana 10 and later read it:
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
type (
	object = map[string]any

	// kind says how the results of a panel's queries are shown.
	kind string
)

const (
	lines  kind = "timeseries"
	number kind = "stat"
	events kind = "logs"
)

// schemaVersion is that of Grafana 10.4; later ones migrate it.
const schemaVersion = 39

// panel is one question and its answer.
type panel struct {
	title, description string
	kind               kind
	// unit is one of Grafana's, such as "ops", "bytes" and "percentunit".
	unit    string
	queries []query
	// warn and bad are where the colour changes; 0 is nowhere.
	warn, bad float64
	// conditional says why there may be nothing to show on a machine where all is well; empty if there always is.
	conditional string
}

// query is in PromQL, or in LogQL for panels of events.
type query struct {
	expression, legend string
	logql              bool
}

// dashboard is a page.
type dashboard struct {
	uid, title, description string
	variables               []variable
	rows                    []row
}

type row struct {
	title  string
	panels []panel
}

const (
	widthColumns  = 24
	heightLines   = 8
	heightNumbers = 4
	heightEvents  = 12
)

func source(logql bool) object {
	if logql {
		return object{"type": "loki", "uid": "${loki}"}
	}
	return object{"type": "prometheus", "uid": "${prometheus}"}
}

func (q query) model(id int) object {
	m := object{"refId": string(rune('A' + id)), "expr": q.expression, "datasource": source(q.logql)}
	if q.legend != "" {
		m["legendFormat"] = q.legend
	}
	return m
}

func (p panel) model(id int, place object) object {
	m := object{
		"id": id, "type": string(p.kind), "title": p.title, "description": p.describe(), "gridPos": place,
		"datasource":  source(p.queries[0].logql),
		"fieldConfig": object{"defaults": p.field(), "overrides": []any{}},
		"options":     p.options(),
	}
	var targets []object
	for i, q := range p.queries {
		targets = append(targets, q.model(i))
	}
	m["targets"] = targets
	return m
}

// field is how the values of a panel are shown, and where a click on one leads.
func (p panel) field() object {
	steps := []object{{"color": "green", "value": nil}}
	if p.warn != 0 {
		steps = append(steps, object{"color": "orange", "value": p.warn})
	}
	if p.bad != 0 {
		steps = append(steps, object{"color": "red", "value": p.bad})
	}
	m := object{"unit": p.unit, "noValue": "none", "thresholds": object{"mode": "absolute", "steps": steps}}
	if p.kind == lines && len(steps) > 1 {
		m["custom"] = object{"thresholdsStyle": object{"mode": "dashed"}}
	}
	if p.queries[0].ofWorkloads() {
		m["links"] = []object{{"title": "What ${__field.labels.workload} does", "url": workloadPage}}
	}
	return m
}

// workloadPage is the page of the workload that a line is of, in the places and the time that are chosen. The namespace of the line is not
// taken: Grafana leaves a label that is not there as it is written, and lines of hosts have no namespace.
const workloadPage = "/d/meerkat-workload?var-workload=${__field.labels.workload}" +
	"&${cluster:queryparam}&${namespace:queryparam}&${node:queryparam}&${prometheus:queryparam}&${loki:queryparam}&${__url_time_range}"

// ofWorkloads tells whether each line of the query is a workload.
func (q query) ofWorkloads() bool { return strings.Contains(q.legend, "{{workload}}") }

func (p panel) describe() string {
	if p.conditional == "" {
		return p.description
	}
	return p.description + " Empty if " + p.conditional + "."
}

func (p panel) options() object {
	switch p.kind {
	case lines:
		return object{
			"legend":  object{"showLegend": true, "displayMode": "table", "placement": "bottom", "calcs": []string{"mean", "max"}},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		}
	case number:
		return object{
			"reduceOptions": object{"calcs": []string{"lastNotNull"}}, "colorMode": "value", "graphMode": "area", "textMode": "auto", "justifyMode": "auto",
			"orientation": "auto", "wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
		}
	default:
		return object{
			"showTime": true, "wrapLogMessage": true, "enableLogDetails": true, "sortOrder": "Descending", "showLabels": false, "showCommonLabels": false,
			"showLogContextToggle": false, "prettifyLogMessage": false, "dedupStrategy": "none",
		}
	}
}

// height is what a panel of a kind takes.
func (k kind) height() int {
	switch k {
	case number:
		return heightNumbers
	case events:
		return heightEvents
	default:
		return heightLines
	}
}

// panels places the panels of all rows: those of a row share its width.
func (d dashboard) panels() []object {
	var all []object
	id, y := 1, 0
	for _, r := range d.rows {
		all = append(all, object{"id": id, "type": "row", "title": r.title, "collapsed": false, "panels": []any{}, "gridPos": object{"x": 0, "y": y, "w": widthColumns, "h": 1}})
		id, y = id+1, y+1
		width, height := widthColumns/len(r.panels), 0
		for i, p := range r.panels {
			place := object{"x": i * width, "y": y, "w": width, "h": p.kind.height()}
			all = append(all, p.model(id, place))
			id, height = id+1, max(height, p.kind.height())
		}
		y += height
	}
	return all
}

// tag is what dashboards find each other by.
const tag = "meerkat"

func (d dashboard) model() object {
	var variables []object
	for _, v := range d.variables {
		variables = append(variables, v.model())
	}
	links := object{
		"type": "dashboards", "title": "Meerkat", "icon": "external link", "tooltip": "", "tags": []string{tag}, "asDropdown": true, "includeVars": true,
		"keepTime": true, "targetBlank": false,
	}
	return object{
		"uid": d.uid, "title": fmt.Sprintf("Meerkat / %s", d.title), "description": d.description, "tags": []string{tag}, "schemaVersion": schemaVersion,
		"editable": true, "graphTooltip": 1, "refresh": "30s", "time": object{"from": "now-1h", "to": "now"}, "timezone": "",
		"annotations": object{"list": []any{}}, "templating": object{"list": variables}, "links": []object{links}, "panels": d.panels(),
	}
}
