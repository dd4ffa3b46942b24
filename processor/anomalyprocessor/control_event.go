// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// changeVerbs say in a sentence what an action is.
var changeVerbs = map[string]string{
	"enable": "switched on", "disable": "switched off", "reset": "forgotten", "import": "imported", "reload": "read again", "judge": "judged",
}

// changeEvent is a batch of one event about a change. It belongs to no workload, but to the collector.
func changeEvent(resource pcommon.Resource, c controlapi.Change, at time.Time) plog.Logs {
	data := plog.NewLogs()
	group := data.ResourceLogs().AppendEmpty()
	resource.CopyTo(group.Resource())
	scope := group.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	log := scope.LogRecords().AppendEmpty()
	log.SetEventName(names.EventControlChanged)
	log.SetTimestamp(pcommon.NewTimestampFromTime(at))
	log.SetObservedTimestamp(pcommon.NewTimestampFromTime(at))
	log.SetSeverityNumber(plog.SeverityNumberInfo)
	log.Body().SetStr(fmt.Sprintf("%s was %s by %s", plain(c.Subject), changeVerbs[c.Action], plain(c.Caller.Name)))
	for _, attribute := range [][2]string{
		{names.UserName, c.Caller.Name}, {names.ControlRole, c.Caller.Role.String()}, {names.ControlVia, c.Caller.Via},
		{names.ClientAddress, c.Caller.Address}, {names.ControlAction, c.Action}, {names.ControlSubject, c.Subject},
		{names.ControlFrom, c.From}, {names.ControlTo, c.To},
	} {
		if attribute[1] != "" {
			log.Attributes().PutStr(attribute[0], attribute[1])
		}
	}
	return data
}
