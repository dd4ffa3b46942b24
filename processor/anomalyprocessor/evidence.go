// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// evidence has copies of the records of incidents that are not raised yet: if nothing but incidents goes on, these go on once they are. It
// belongs to whoever owns the profile of the workload.
type evidence map[*incident.Incident]*copies

type copies struct {
	data           plog.Logs
	records, bytes int
	// instance is whose the last resource is.
	instance string
}

// evidenceTotal bounds the evidence of all workloads.
type evidenceTotal struct {
	bytes   atomic.Int64
	omitted atomic.Uint64
}

// reserve tells whether there is room for so many bytes, and takes it.
func (t *evidenceTotal) reserve(bytes int) bool {
	if t.bytes.Add(int64(bytes)) <= evidenceBytesMax {
		return true
	}
	t.bytes.Add(-int64(bytes))
	return false
}

// add copies a record, if there is room for it.
func (e evidence) add(t *evidenceTotal, i *incident.Incident, instance string, resource pcommon.Resource, log plog.LogRecord) {
	c := e[i]
	if c == nil {
		c = &copies{data: plog.NewLogs()}
		e[i] = c
	}
	other := c.records == 0 || c.instance != instance
	bytes := new(plog.ProtoMarshaler).LogRecordSize(log)
	var whole plog.ResourceLogs
	if other {
		whole = plog.NewResourceLogs()
		resource.CopyTo(whole.Resource())
		bytes += new(plog.ProtoMarshaler).ResourceLogsSize(whole)
	}
	if c.records >= evidenceRecordsMax || !t.reserve(bytes) {
		t.omitted.Add(1)
		return
	}
	c.records, c.bytes, c.instance = c.records+1, c.bytes+bytes, instance
	all := c.data.ResourceLogs()
	if other {
		whole.ScopeLogs().AppendEmpty()
		whole.MoveTo(all.AppendEmpty())
	}
	log.CopyTo(all.At(all.Len() - 1).ScopeLogs().At(0).LogRecords().AppendEmpty())
}

// appendTo hands over what there is of an incident.
func (e evidence) appendTo(all []plog.Logs, t *evidenceTotal, i *incident.Incident) []plog.Logs {
	if c, ok := e[i]; ok {
		all = append(all, c.data)
		e.drop(t, i)
	}
	return all
}

// absorb keeps what there is of an incident for another that it is a part of.
func (e evidence) absorb(into, part *incident.Incident) {
	from, ok := e[part]
	if !ok {
		return
	}
	delete(e, part)
	to, ok := e[into]
	if !ok {
		e[into] = from
		return
	}
	from.data.ResourceLogs().MoveAndAppendTo(to.data.ResourceLogs())
	to.records, to.bytes, to.instance = to.records+from.records, to.bytes+from.bytes, from.instance
}

func (e evidence) drop(t *evidenceTotal, i *incident.Incident) {
	t.bytes.Add(-int64(e[i].bytes))
	delete(e, i)
}

// tidy drops what belongs to incidents that were closed without being raised, or everything.
func (e evidence) tidy(t *evidenceTotal, everything bool) {
	for i := range e {
		if everything || i.Closed() {
			e.drop(t, i)
		}
	}
}
