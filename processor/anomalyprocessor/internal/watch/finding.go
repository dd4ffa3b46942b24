// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/series"
)

// Finding is an anomaly.
type Finding struct {
	Workload string
	Metric   string
	Quantity Quantity
	// Series are attributes of the data point, as a text.
	Series string
	At     time.Time
	Value  float64
	// Expected is what was expected, Low and High in which range.
	Expected, Low, High float64
	Score               float64
	Kind                series.Kind
	// Raise is what the rule says; Incident tells that one of the workload is open already.
	Raise, Incident bool

	key key
}

// shifted notes that what began as something else turned out to be a change that stays.
func (g *group) shifted(k key, at time.Time) {
	for n := range g.findings {
		if f := &g.findings[n]; f.key == k && at.Sub(f.At) < shiftWithin {
			f.Kind = series.LevelShift
		}
	}
}

// keep remembers an anomaly of a workload.
func (g *group) keep(f *Finding) {
	if len(g.findings) < findingsMax {
		g.findings = append(g.findings, *f)
		return
	}
	g.findings[g.next] = *f
	g.next = (g.next + 1) % findingsMax
}

// shiftWithin is how long before it is certain a change can have begun.
const shiftWithin = 24 * time.Hour

// Near returns the anomalies of a workload within a time, those with the highest score first, and notes whether an incident is open.
func (w *Watcher) Near(workload string, from, to time.Time, open bool) []Finding {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, ok := w.store.workloads[workload]
	if !ok {
		return nil
	}
	g.incident = open
	var near []Finding
	for at := range g.findings {
		if f := &g.findings[at]; !f.At.Before(from) && !f.At.After(to) {
			near = append(near, *f)
		}
	}
	slices.SortFunc(near, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), a.At.Compare(b.At), strings.Compare(a.Metric, b.Metric), strings.Compare(a.Series, b.Series))
	})
	return near
}

// describe returns attributes as a text.
func describe(attributes pcommon.Map) string {
	var b strings.Builder
	written := 0
	for name, value := range attributes.All() {
		if written++; written > attributesMax || b.Len() >= seriesBytesMax {
			break
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(cut(name, nameBytesMax) + "=" + cut(value.AsString(), nameBytesMax))
	}
	return cut(b.String(), seriesBytesMax)
}

// cut returns a copy of a text, not longer than most.
func cut(text string, most int) string {
	return strings.ToValidUTF8(strings.Clone(text[:min(len(text), most)]), "\uFFFD")
}
