// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// controlTelemetry reports what was said and changed while the processor runs.
type controlTelemetry struct{ verdicts, reloads, unsent metric.Int64ObservableCounter }

func newControlTelemetry(b *instruments) controlTelemetry {
	return controlTelemetry{b.counter(names.AnomalyVerdicts()), b.counter(names.AnomalyRuleReloads()), b.counter(names.AnomalyChangesLost())}
}

func (t *controlTelemetry) observe(o metric.Observer, limits metric.Int64ObservableCounter, c *core) {
	f := &c.feedback
	o.ObserveInt64(t.verdicts, int64(f.benign.Load()), by(names.Verdict, story.Benign))
	o.ObserveInt64(t.verdicts, int64(f.malicious.Load()), by(names.Verdict, story.Malicious))
	o.ObserveInt64(t.reloads, int64(c.rules.reloads.Load()), by(names.Outcome, "replaced"))
	o.ObserveInt64(t.reloads, int64(c.rules.kept.Load()), by(names.Outcome, "kept"))
	o.ObserveInt64(t.unsent, int64(f.unsent.Load()))
	o.ObserveInt64(limits, int64(f.unswitched.Load()), by(names.Bound, "rule_switches"))
}
