// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Loss is how many events of a tracer were lost in an interval.
type Loss struct {
	Tracer        string
	Offered, Lost uint64
	// Stages are where.
	Stages []string
	Since  time.Time
}

// Lost is a batch of one event per loss, of the interval that ends at a time. It belongs to no workload.
func Lost(scope Scope, host Host, losses []Loss, at time.Time) plog.Logs {
	logs, records := ofHost(scope, host)
	uids := NewUIDs()
	for i := range losses {
		loss := &losses[i]
		slices.Sort(loss.Stages)
		loss.Stages = slices.Compact(loss.Stages)
		record := records.AppendEmpty()
		record.SetEventName(names.EventReceiverLoss)
		record.SetTimestamp(pcommon.NewTimestampFromTime(at))
		record.SetObservedTimestamp(pcommon.NewTimestampFromTime(at))
		record.SetSeverityNumber(plog.SeverityNumberWarn)
		offered := max(loss.Offered, loss.Lost) // what was lost now may have happened before
		record.Body().SetStr(fmt.Sprintf("%d of %d events of the tracer %s were lost", loss.Lost, offered, loss.Tracer))
		attributes := record.Attributes()
		attributes.PutStr(names.LogRecordUID, uids.next(at))
		attributes.PutStr(names.ReceiverLossTracer, loss.Tracer)
		attributes.PutInt(names.ReceiverLossOffered, int64(offered))
		attributes.PutInt(names.ReceiverLossLost, int64(loss.Lost))
		putTexts(attributes, names.ReceiverLossStages, loss.Stages)
		attributes.PutDouble(names.ReceiverLossInterval, at.Sub(loss.Since).Seconds())
	}
	return logs
}

// ofHost returns a batch of records that belong to no workload.
func ofHost(scope Scope, host Host) (plog.Logs, plog.LogRecordSlice) {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	host.put(resource.Resource().Attributes())
	group := resource.ScopeLogs().AppendEmpty()
	group.Scope().SetName(scope.Name)
	group.Scope().SetVersion(scope.Version)
	return logs, group.LogRecords()
}
