// SPDX-License-Identifier: Apache-2.0

package record

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/losses"
)

// NodeOf returns what tells the host of a resource, empty if nothing does.
func NodeOf(resource pcommon.Resource) string {
	return firstText(resource.Attributes(), names.HostID, names.HostName)
}

// LossOf returns what a record says of events that were lost. What it does not say is zero.
func LossOf(log plog.LogRecord) losses.Loss {
	attributes := log.Attributes()
	return losses.Loss{
		Tracer: name(attributes, names.ReceiverLossTracer), Offered: number(attributes, names.ReceiverLossOffered),
		Lost: number(attributes, names.ReceiverLossLost),
	}
}

func number(attributes pcommon.Map, attribute string) int64 {
	if value, ok := attributes.Get(attribute); ok && value.Type() == pcommon.ValueTypeInt {
		return value.Int()
	}
	return 0
}
