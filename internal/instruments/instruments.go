// SPDX-License-Identifier: Apache-2.0

// Package instruments makes instruments of OpenTelemetry for metrics that package names describes, which are read when somebody asks. It never
// observes anything itself.
package instruments

import (
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Builder makes instruments, and remembers them and what went wrong.
type Builder struct {
	meter metric.Meter
	all   []metric.Observable
	err   error
}

// NewBuilder returns a builder of instruments of a scope, which is the component's package.
func NewBuilder(provider metric.MeterProvider, scope string) *Builder {
	return &Builder{meter: provider.Meter(scope)}
}

// Counter makes a counter of whole numbers.
func (b *Builder) Counter(m names.Metric) metric.Int64ObservableCounter {
	i, err := b.meter.Int64ObservableCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Brief))
	b.add(i, err)
	return i
}

// Gauge makes a gauge of whole numbers.
func (b *Builder) Gauge(m names.Metric) metric.Int64ObservableGauge {
	i, err := b.meter.Int64ObservableGauge(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Brief))
	b.add(i, err)
	return i
}

// FloatCounter makes a counter of numbers with a fraction.
func (b *Builder) FloatCounter(m names.Metric) metric.Float64ObservableCounter {
	i, err := b.meter.Float64ObservableCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Brief))
	b.add(i, err)
	return i
}

// FloatGauge makes a gauge of numbers with a fraction.
func (b *Builder) FloatGauge(m names.Metric) metric.Float64ObservableGauge {
	i, err := b.meter.Float64ObservableGauge(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Brief))
	b.add(i, err)
	return i
}

func (b *Builder) add(i metric.Observable, err error) {
	b.all, b.err = append(b.all, i), errors.Join(b.err, err)
}

// Register has the instruments observed by a function. The error is what went wrong with any of them.
func (b *Builder) Register(observe metric.Callback) (metric.Registration, error) {
	if b.err != nil {
		return nil, b.err
	}
	return b.meter.RegisterCallback(observe, b.all...)
}

// By makes the attributes of a data point, of names and values in turn. Those without a value are left out.
func By(pairs ...string) metric.MeasurementOption {
	var all []attribute.KeyValue
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			all = append(all, attribute.String(pair[0], pair[1]))
		}
	}
	return metric.WithAttributes(all...)
}
