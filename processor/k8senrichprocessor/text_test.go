// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

func timestamp(after time.Duration) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(beginning.Add(after))
}

// writeLogs writes a batch as text, attributes in the order of their names.
func writeLogs(text *strings.Builder, data plog.Logs) {
	for _, resource := range data.ResourceLogs().All() {
		fmt.Fprintln(text, "resource")
		writeAttributes(text, "  ", resource.Resource().Attributes())
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				fmt.Fprintf(text, "  %s at %s\n", record.EventName(), record.Timestamp().AsTime().Sub(beginning))
				writeAttributes(text, "    ", record.Attributes())
			}
		}
		fmt.Fprintln(text)
	}
}

func writeAttributes(text *strings.Builder, indent string, attributes pcommon.Map) {
	raw := attributes.AsRaw()
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		fmt.Fprintf(text, "%s%s = %v\n", indent, name, raw[name])
	}
}
