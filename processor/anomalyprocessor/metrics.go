// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/watch"
)

// nearby is how long before the first and after the last step of an incident an anomaly of metrics is listed in it.
const nearby = 10 * time.Minute

// metrics is the processor on a pipeline of metrics.
type metrics struct {
	core *shared.Instance[*core]
	// inner is the Collector's own part of a processor. It only counts, and hands on.
	inner processor.Metrics
	// scores tells that there is something to score.
	scores bool
}

func (f *factory) metrics(ctx context.Context, set processor.Settings, config component.Config, next consumer.Metrics) (processor.Metrics, error) {
	c := config.(*Config)
	return f.metricsOf(ctx, set, c, next, f.cores.Get(c, func() *core { return newCore(c, set.TelemetrySettings).named(set.ID) }))
}

func (f *factory) metricsOf(ctx context.Context, set processor.Settings, c *Config, next consumer.Metrics, of *shared.Instance[*core]) (*metrics, error) {
	unchanged := func(_ context.Context, data pmetric.Metrics) (pmetric.Metrics, error) { return data, nil }
	inner, err := processorhelper.NewMetrics(ctx, set, c, next, unchanged)
	if err != nil {
		return nil, err
	}
	return &metrics{core: of, inner: inner, scores: len(c.Metrics) > 0}, nil
}

// Start starts what all pipelines share, and then this one.
func (p *metrics) Start(ctx context.Context, host component.Host) error {
	if err := p.core.Start(ctx, host); err != nil {
		return err
	}
	return p.inner.Start(ctx, host)
}

// Shutdown tells what was not told yet.
func (p *metrics) Shutdown(ctx context.Context) error {
	if err := p.core.Shutdown(ctx); err != nil {
		return err
	}
	return p.inner.Shutdown(ctx)
}

// Capabilities says that scores are added to the data.
func (p *metrics) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: p.scores}
}

// ConsumeMetrics scores metrics, and hands all of them on with the scores.
func (p *metrics) ConsumeMetrics(ctx context.Context, data pmetric.Metrics) error {
	if p.scores {
		p.core.Unwrap().score(data)
	}
	return p.inner.ConsumeMetrics(ctx, data)
}

// score scores what is configured.
func (c *core) score(data pmetric.Metrics) {
	reader := c.readers.Get().(*record.Reader)
	defer c.readers.Put(reader)
	now := c.now()
	for _, resource := range data.ResourceMetrics().All() {
		reader.SetResource(resource.Resource())
		o := watch.Owner{Resource: resource.Resource().Attributes()}
		o.Workload, o.Instance, o.Unresolved = reader.Whose()
		for _, found := range c.watcher.Resource(&o, resource, scopeName, now) {
			if found.Raise && !found.Incident {
				c.raised.add(found, resource.Resource(), now)
			}
		}
	}
}

// putMetrics lists what was unusual in metrics of the workload at the time of an incident. It returns a sentence about that.
func (c *core) putMetrics(attributes pcommon.Map, workload string, from, to time.Time, open bool) string {
	return putFindings(attributes, c.watcher.Near(workload, from.Add(-nearby), to.Add(nearby), open))
}

func putFindings(attributes pcommon.Map, found []watch.Finding) string {
	if len(found) == 0 {
		return ""
	}
	list := attributes.PutEmptySlice(names.IncidentMetrics)
	for at := range found {
		f := &found[at]
		m := list.AppendEmpty().SetEmptyMap()
		m.PutStr(names.StepTime, formatTime(f.At))
		m.PutStr(names.FindingMetric, f.Metric)
		m.PutStr(names.FindingQuantity, f.Quantity.String())
		putText(m, names.FindingSeries, f.Series)
		m.PutStr(names.FindingKind, f.Kind.String())
		m.PutDouble(names.FindingValue, f.Value)
		m.PutDouble(names.FindingExpected, f.Expected)
		m.PutDouble(names.FindingLow, f.Low)
		m.PutDouble(names.FindingHigh, f.High)
		m.PutDouble(names.FindingScore, f.Score)
	}
	return sentenceOf(found)
}

// sentenceOf says what is most unusual.
func sentenceOf(found []watch.Finding) string {
	f := &found[0]
	what := plain(f.Metric)
	if f.Quantity != watch.Value {
		what = fmt.Sprintf("the %s of %s", quantityWords[f.Quantity], what)
	}
	further := ""
	if len(found) > 1 {
		further = ", and " + plural(uint64(len(found)-1), "further anomaly", "further anomalies") + " in metrics"
	}
	return fmt.Sprintf("At %s %s was %.4g, where %.4g to %.4g was expected%s.", f.At.UTC().Format(time.TimeOnly), what, f.Value, f.Low, f.High, further)
}

var quantityWords = [...]string{watch.Value: "value", watch.Rate: "rate", watch.CountRate: "rate", watch.Mean: "mean"}
