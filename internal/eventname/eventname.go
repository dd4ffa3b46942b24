// SPDX-License-Identifier: Apache-2.0

// Package eventname writes the names of events where back ends find them that know no events.
//
// The name of an event is a field of the log record. It is younger than its attributes, and what was built before keeps the attributes
// alone: Loki does up to 3.7. This package never changes or takes away anything.
package eventname

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// AsAttribute returns a consumer that gives each record with an event name the attribute event.name, and hands all on to next.
func AsAttribute(next consumer.Logs) consumer.Logs { return asAttribute{next} }

type asAttribute struct{ next consumer.Logs }

// Capabilities implements consumer.Logs.
func (asAttribute) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeLogs implements consumer.Logs.
func (a asAttribute) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	for _, resource := range data.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if name := record.EventName(); name != "" {
					record.Attributes().PutStr(names.EventNameAttribute, name)
				}
			}
		}
	}
	return a.next.ConsumeLogs(ctx, data)
}
