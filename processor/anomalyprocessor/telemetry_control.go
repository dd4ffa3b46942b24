// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// controlTelemetry reports what was said and changed while the processor runs.
type controlTelemetry struct{ verdicts, reloads, unsent metric.Int64ObservableCounter }

func newControlTelemetry(b *instruments.Builder) controlTelemetry {
	return controlTelemetry{b.Counter(names.AnomalyVerdicts()), b.Counter(names.AnomalyRuleReloads()), b.Counter(names.AnomalyChangesLost())}
}

func (t *controlTelemetry) observe(o metric.Observer, limits metric.Int64ObservableCounter, c *core) {
	f := &c.feedback
	o.ObserveInt64(t.verdicts, int64(f.benign.Load()), instruments.By(names.Verdict, story.Benign))
	o.ObserveInt64(t.verdicts, int64(f.malicious.Load()), instruments.By(names.Verdict, story.Malicious))
	o.ObserveInt64(t.reloads, int64(c.rules.reloads.Load()), instruments.By(names.Outcome, "replaced"))
	o.ObserveInt64(t.reloads, int64(c.rules.kept.Load()), instruments.By(names.Outcome, "kept"))
	o.ObserveInt64(t.unsent, int64(f.unsent.Load()))
	o.ObserveInt64(limits, int64(f.unswitched.Load()), instruments.By(names.Bound, "rule_switches"))
}
