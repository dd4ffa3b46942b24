// SPDX-License-Identifier: Apache-2.0

// Package eventname writes the names of events where back ends find them that know no events.
//
// The name of an event is a field of the log record. It is younger than its attributes, and what was built before keeps the attributes
// alone: Loki does up to 3.7. This package never changes or takes away anything.
package eventname

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// AsAttribute gives each record with an event name the attribute event.name. To do it again changes nothing.
func AsAttribute(data plog.Logs) {
	for _, resource := range data.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if name := record.EventName(); name != "" {
					record.Attributes().PutStr(names.EventNameAttribute, name)
				}
			}
		}
	}
}
