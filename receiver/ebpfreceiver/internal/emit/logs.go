// SPDX-License-Identifier: Apache-2.0

// Package emit writes typed events and counts as OTLP.
//
// Records are grouped by workload: one resource per workload and batch. The package decides what an
// event looks like to the outside, and nothing else: it neither filters nor waits.
package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// Scope names the instrumentation scope of everything that is emitted.
type Scope struct {
	Name    string
	Version string
}

// Who is the process behind an event.
type Who struct {
	Process *process.Process
	Outcome process.Outcome
	// Ancestors of the process, parent first; of exec events only.
	Ancestors []*process.Process
	Workload  *process.Workload
	// Other is the second process of an event that has two, such as the target of a signal; nil otherwise.
	Other *Who
	// IsRuntime tells a program of the container's runtime, on the way into the container; of exec events
	// only.
	IsRuntime bool
	// Content is what stands in the executable, nil if that was not read; of exec events only.
	Content *process.Content
	// Elsewhere is the workload of a cgroup that an event names besides; nil if it names none.
	Elsewhere *process.Workload
}

// Emitter writes what is particular to the events of one tracer: name, body and attributes. What all
// events share is added afterwards. An emitter that returns false has no event to report, and must
// leave the record as it was.
type Emitter func(r Record, e decode.Event) bool

// Record is a log record that is being filled.
type Record struct {
	plog.LogRecord
	Who   Who
	Clock *process.Clock
	// peers may be nil.
	peers PeerNames
	times *timeTexts
}

// Logs builds one batch after another.
type Logs struct {
	scope Scope
	host  Host
	clock *process.Clock
	peers PeerNames
	// uids is nil if records have no ids.
	uids  *UIDs
	times timeTexts

	logs   plog.Logs
	groups map[uint64]plog.LogRecordSlice // by cgroup
	count  int
	// scratch is filled first, since an emitter may find that there is nothing to report.
	scratch plog.LogRecord
}

// NewLogs returns an empty builder.
func NewLogs(scope Scope, host Host, clock *process.Clock) *Logs {
	l := &Logs{scope: scope, host: host, clock: clock, scratch: plog.NewLogRecord()}
	l.reset()
	return l
}

// NamePeers makes the far ends of connections and flows have names, if peers knows them.
func (l *Logs) NamePeers(peers PeerNames) { l.peers = peers }

// NumberRecords gives each record an id of its own.
func (l *Logs) NumberRecords(uids *UIDs) { l.uids = uids }

// number puts the id of a record.
func (l *Logs) number(record plog.LogRecord) {
	if l.uids != nil {
		record.Attributes().PutStr(names.LogRecordUID, l.uids.next(record.Timestamp().AsTime()))
	}
}

func (l *Logs) reset() {
	l.logs, l.groups, l.count = plog.NewLogs(), map[uint64]plog.LogRecordSlice{}, 0
}

// Len is the number of records in the batch.
func (l *Logs) Len() int { return l.count }

// Take returns the batch and starts a new one.
func (l *Logs) Take() plog.Logs {
	logs := l.logs
	l.reset()
	return logs
}

// Append adds an event. observed is when it was read. It reports whether the emitter made a record
// of it.
func (l *Logs) Append(e decode.Event, who Who, observed time.Time, emit Emitter) bool {
	record := Record{LogRecord: l.scratch, Who: who, Clock: l.clock, peers: l.peers, times: &l.times}
	if !emit(record, e) {
		return false
	}
	record.SetTimestamp(pcommon.NewTimestampFromTime(l.clock.Time(e.Head().TimeNs)))
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(observed))
	record.SetSeverityNumber(plog.SeverityNumberInfo)
	record.putIdentity(e.Head())
	l.number(record.LogRecord)
	record.MoveTo(l.group(who.Workload).AppendEmpty())
	l.count++
	return true
}

// AppendMade adds a record that fill writes, with what is known of who was behind it.
func (l *Logs) AppendMade(who Who, fill func(plog.LogRecord)) {
	record := l.group(who.Workload).AppendEmpty()
	fill(record)
	putProcess(record.Attributes(), who.Process, &l.times)
	putParentCreated(record.Attributes(), who.Process, &l.times)
	l.number(record)
	l.count++
}

// PutProcess adds what tells a process; nothing if it is nil.
func PutProcess(attributes pcommon.Map, p *process.Process) { putProcess(attributes, p, nil) }

func putProcess(attributes pcommon.Map, p *process.Process, times *timeTexts) {
	if p == nil {
		return
	}
	attributes.PutInt(names.ProcessPID, int64(p.PID))
	attributes.PutStr(names.ProcessCreationTime, times.text(p.CreationTime))
	if p.Parent.PID != 0 {
		attributes.PutInt(names.ProcessParentPID, int64(p.Parent.PID))
	}
	if name := p.ExecutableName(); name != "" {
		attributes.PutStr(names.ProcessExecutablePath, p.Executable.Value())
		attributes.PutStr(names.ProcessExecutableName, name)
	}
}

// putParentCreated adds what tells the parent, together with its pid.
func putParentCreated(attributes pcommon.Map, p *process.Process, times *timeTexts) {
	if p != nil && p.Parent.PID != 0 && !p.ParentCreationTime.IsZero() {
		attributes.PutStr(names.ProcessParentCreationTime, times.text(p.ParentCreationTime))
	}
}

// PutPID adds what tells a process of which nothing else is known.
func PutPID(attributes pcommon.Map, pid uint32) { attributes.PutInt(names.ProcessPID, int64(pid)) }

func (l *Logs) group(w *process.Workload) plog.LogRecordSlice {
	if records, ok := l.groups[w.CgroupID]; ok {
		return records
	}
	resource := l.logs.ResourceLogs().AppendEmpty()
	l.host.put(resource.Resource().Attributes())
	putWorkload(resource.Resource().Attributes(), w)
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(l.scope.Name)
	scope.Scope().SetVersion(l.scope.Version)
	l.groups[w.CgroupID] = scope.LogRecords()
	return scope.LogRecords()
}

// commBytesMax is what the kernel keeps of a thread's name (TASK_COMM_LEN less its terminator).
const commBytesMax = 15

// putIdentity adds what every event says of its process.
func (r Record) putIdentity(h *decode.Header) {
	p, attributes := r.Who.Process, r.Attributes()
	if p.PID == 0 {
		// Nobody in particular, such as a connection that no process has accepted.
		attributes.PutStr(names.IdentityStatus, "missing")
		return
	}
	putProcess(attributes, p, r.times)
	putParentCreated(attributes, p, r.times)
	name := p.ExecutableName()
	attributes.PutInt(names.ProcessUserID, int64(h.Uid))
	if h.Tid != h.Process.Pid {
		attributes.PutInt(names.ThreadID, int64(h.Tid))
	}
	if comm := decode.UntilNUL(h.Comm[:]); !isNameOf(comm, name) {
		attributes.PutStr(names.ThreadName, text(comm))
	}
	switch r.Who.Outcome {
	case process.Stale:
		attributes.PutStr(names.IdentityStatus, "stale")
	case process.Missing:
		attributes.PutStr(names.IdentityStatus, "missing")
	}
}

// isNameOf tells whether a thread's name says nothing that its executable's doesn't.
func isNameOf(comm []byte, executable string) bool {
	return len(comm) == 0 || string(comm) == executable[:min(len(executable), commBytesMax)]
}

// subject is how a sentence for people names the process.
func (r Record) subject(h *decode.Header) string {
	return nameOf(r.Who.Process.ExecutableName(), h)
}

func nameOf(executable string, h *decode.Header) string {
	if executable != "" {
		return executable
	}
	if comm := decode.UntilNUL(h.Comm[:]); len(comm) > 0 {
		return text(comm)
	}
	return "an unknown process"
}
