// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Change is something that somebody changed over the control API. Strings that are empty are not told.
type Change struct {
	// User, Role, Via and Address say who it was, and how that is known.
	User, Role, Via, Address string
	Action, Subject          string
	// From and To are JSON.
	From, To string
}

// changeVerbs say in a sentence what an action is.
var changeVerbs = map[string]string{
	"enable": "switched on", "disable": "switched off", "set": "set", "reset": "reset to the configuration", "upload": "uploaded", "delete": "deleted",
}

// Changed is a batch of one event about a change. It belongs to no workload.
func Changed(scope Scope, host Host, c Change, at time.Time) plog.Logs {
	logs, records := ofHost(scope, host)
	record := records.AppendEmpty()
	record.SetEventName(names.EventControlChanged)
	record.SetTimestamp(pcommon.NewTimestampFromTime(at))
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(at))
	record.SetSeverityNumber(plog.SeverityNumberInfo)
	record.Body().SetStr(fmt.Sprintf("%s was %s by %s", c.Subject, changeVerbs[c.Action], c.User))
	record.Attributes().PutStr(names.LogRecordUID, NewUIDs().next(at))
	for _, attribute := range [][2]string{
		{names.UserName, c.User}, {names.ControlRole, c.Role}, {names.ControlVia, c.Via}, {names.ClientAddress, c.Address},
		{names.ControlAction, c.Action}, {names.ControlSubject, c.Subject}, {names.ControlFrom, c.From}, {names.ControlTo, c.To},
	} {
		if attribute[1] != "" {
			record.Attributes().PutStr(attribute[0], attribute[1])
		}
	}
	return logs
}
