// SPDX-License-Identifier: Apache-2.0

package workloadpartitionerextension

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields in OTLP. Logs, metrics and traces have the same: a request begins with what is of one resource, and that with the resource
// (opentelemetry-proto, LogsData, MetricsData and TracesData).
const (
	ofResource protowire.Number = 1
	itself     protowire.Number = 1
)

// resourceOf reads the first resource of a message in OTLP's binary encoding, of logs, metrics or traces. It does not read the rest, which is most of it.
func resourceOf(message []byte) (pcommon.Resource, bool) {
	first, ok := field(message, ofResource)
	if !ok {
		return pcommon.Resource{}, false
	}
	resource, ok := field(first, itself)
	if !ok {
		return pcommon.Resource{}, false
	}
	// The resource alone is a message as well.
	inner := protowire.AppendBytes(protowire.AppendTag(nil, itself, protowire.BytesType), resource)
	alone := protowire.AppendBytes(protowire.AppendTag(nil, ofResource, protowire.BytesType), inner)
	logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(alone)
	if err != nil {
		return pcommon.Resource{}, false
	}
	return logs.ResourceLogs().At(0).Resource(), true
}

// field finds the first field with a number that is a message.
func field(message []byte, number protowire.Number) ([]byte, bool) {
	for len(message) > 0 {
		found, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, false
		}
		message = message[n:]
		if found == number && kind == protowire.BytesType {
			content, n := protowire.ConsumeBytes(message)
			return content, n >= 0
		}
		if n = protowire.ConsumeFieldValue(found, kind, message); n < 0 {
			return nil, false
		}
		message = message[n:]
	}
	return nil, false
}
