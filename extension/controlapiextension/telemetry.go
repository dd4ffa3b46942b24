// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/names"
)

const scopeName = "github.com/meerkat-otel/meerkat/extension/controlapiextension"

// telemetry counts what the server does.
type telemetry struct {
	requests, refused, connectionsRefused, untracked metric.Int64Counter
	panics, changes, changesCut, unmountsLate        metric.Int64Counter
	inFlight, connections                            metric.Int64UpDownCounter
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	b := instruments{meter: set.MeterProvider.Meter(scopeName)}
	t := &telemetry{
		requests:           b.counter(names.ControlRequests()),
		refused:            b.counter(names.ControlRefused()),
		inFlight:           b.level(names.ControlRequestsInFlight()),
		connections:        b.level(names.ControlConnections()),
		connectionsRefused: b.counter(names.ControlConnectionsRefused()),
		untracked:          b.counter(names.ControlAddressesUntracked()),
		panics:             b.counter(names.ControlPanics()),
		changes:            b.counter(names.ControlChanges()),
		changesCut:         b.counter(names.ControlChangesCut()),
		unmountsLate:       b.counter(names.ControlUnmountsLate()),
	}
	return t, b.err
}

// instruments makes instruments and remembers the errors.
type instruments struct {
	meter metric.Meter
	err   error
}

func (b *instruments) counter(m names.Metric) metric.Int64Counter {
	i, err := b.meter.Int64Counter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Brief))
	b.err = errors.Join(b.err, err)
	return i
}

func (b *instruments) level(m names.Metric) metric.Int64UpDownCounter {
	i, err := b.meter.Int64UpDownCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Brief))
	b.err = errors.Join(b.err, err)
	return i
}

// add counts one, whatever has become of the request it is counted for.
func add(c metric.Int64Counter, attributes ...attribute.KeyValue) {
	c.Add(context.Background(), 1, metric.WithAttributes(attributes...))
}

func (t *telemetry) refuse(reason string) { add(t.refused, attribute.String(names.Reason, reason)) }
