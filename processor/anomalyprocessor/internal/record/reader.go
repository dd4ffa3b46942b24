// SPDX-License-Identifier: Apache-2.0

package record

import (
	"math"
	"net/netip"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// UnresolvedWorkload is the workload of events of which it is not known whose they are.
const UnresolvedWorkload = "unresolved"

// Reader reads records, each resource and record after the other. It keeps its memory, so that hardly anything is allocated for a record.
// Not safe for concurrent use.
type Reader struct {
	resource  pcommon.Map
	whose     whose
	joined    map[string]string
	scratch   []byte
	arguments []string
	fields    fields
	// anyway tells to read what is unresolved too.
	anyway bool
	// labelled tells that the labels of the resource were told.
	labelled bool
	// event is the name of the record that was read last.
	event string
}

// NewReader returns a reader.
func NewReader() *Reader { return &Reader{joined: map[string]string{}, resource: pcommon.NewMap()} }

// fields are the attributes that events are made of, as one pass over a record finds them.
type fields struct {
	executable, parent, identity, errorType    string
	created, parentCreated, executorCreated    time.Time
	pid, parentPID, executorPID                int64
	filename, family, socketType               string
	path, newPath, linkTarget, access, mode    string
	owner                                      string
	side, transport, localAddress, peerAddress string
	clientAddress, serverAddress               string
	serverPort, peerPort, localPort            int64
	clientPort                                 int64
	question                                   string
	operation, capability, result              string
	targetPath                                 string
	mountTarget, filesystem, mountOperation    string
	peerService                                string
	signal, object, objectName                 string
	uid                                        string
	peerKind, peerName, peerNamespace          string
	peerNetwork, peerStatus, peerReason        string
	seenClient, seenServer                     string
	arguments                                  pcommon.Slice
	hasArguments                               bool
}

// Read makes an event of a record of the present resource. Unless the outcome is Read or Context, the event means nothing. Its texts share memory with
// the record, and its arguments with the reader.
func (r *Reader) Read(log plog.LogRecord, e *behaviour.Event) Outcome {
	r.event = log.EventName()
	kind, ok := kinds[r.event]
	if !ok {
		return NotJudged
	}
	if r.whose.unresolved && !r.anyway {
		return Unresolved
	}
	f := &r.fields
	*f = fields{}
	for attribute, value := range log.Attributes().All() {
		f.set(attribute, value)
	}
	*e = behaviour.Event{
		Workload: r.whose.workload, Version: r.whose.version, Instance: r.whose.instance,
		Time: timeOf(log), Process: key(f.pid, f.created), Parent: key(f.parentPID, f.parentCreated),
		Executor: key(f.executorPID, f.executorCreated), Executable: f.executable, ParentExecutable: f.parent,
	}
	if f.identity != "" {
		e.Executable = "" // it may be that of an earlier program
	}
	outcome := kind(r, f, e)
	if outcome != Read && outcome != Context {
		return outcome
	}
	if e.Workload == "" {
		e.Workload = r.byExecutable(e)
	}
	if e.Workload == "" && r.anyway {
		e.Workload = UnresolvedWorkload
	}
	if e.Workload == "" {
		return Unresolved
	}
	if outcome == Read && e.Validate() != nil || outcome == Context && e.ValidateNote() != nil {
		return Unreadable
	}
	return outcome
}

// ReadUnresolved makes an event of a record that is Unresolved, as far as it goes: for a rule to which it makes no difference whose it is. What
// nobody's is is of the workload UnresolvedWorkload.
func (r *Reader) ReadUnresolved(log plog.LogRecord, e *behaviour.Event) Outcome {
	r.anyway = true
	defer func() { r.anyway = false }()
	return r.Read(log, e)
}

// UID returns what tells the record that was read last from others, or an empty text.
func (r *Reader) UID() string { return r.fields.uid }

// byExecutable returns the workload of a process of the host of which nothing but its program is known. What a program executes is its own doing.
func (r *Reader) byExecutable(e *behaviour.Event) string {
	actor := e.Executable
	if e.Action == behaviour.Exec {
		actor = e.ParentExecutable
	}
	if actor == "" || len(actor) > nameBytesMax || !r.whose.host {
		return ""
	}
	return r.join("host", actor)
}

func timeOf(log plog.LogRecord) time.Time {
	at := log.Timestamp()
	if at == 0 {
		at = log.ObservedTimestamp()
	}
	if at > math.MaxInt64 {
		return time.Time{}
	}
	return at.AsTime()
}

// key returns the key of a process; the zero one if the pid is none.
func key(pid int64, created time.Time) behaviour.ProcessKey {
	if pid <= 0 || pid > math.MaxUint32 {
		return behaviour.ProcessKey{}
	}
	k := behaviour.ProcessKey{PID: uint32(pid)}
	if !created.IsZero() {
		k.Created = created.UnixNano()
	}
	return k
}

// argumentsOf returns the texts of a list.
func (r *Reader) argumentsOf(list pcommon.Slice) []string {
	r.arguments = r.arguments[:0]
	for at := range min(list.Len(), argumentsMax) {
		r.arguments = append(r.arguments, textOf(list.At(at)))
	}
	return r.arguments
}

// far fills in the far end of a connection, and tells whether it can be judged.
func (r *Reader) far(f *fields, e *behaviour.Event, address string, port int64) Outcome {
	// A node that reads no more than its own pods knows far ends by their addresses, always. For the other reasons it knew more before.
	if !r.anyway && f.peerStatus != "" && f.peerStatus != "not_applicable" && f.peerReason != "out_of_scope" {
		return Unresolved
	}
	if f.peerStatus == "" && f.peerKind != "" && f.peerKind != "external" {
		e.Peer = r.join("peer", f.peerKind, f.peerNamespace, f.peerName, f.peerNetwork)
	}
	e.Address = addressOf(address)
	e.Port = portOf(port)
	e.Client = netip.AddrPortFrom(addressOf(f.clientAddress), portOf(f.clientPort))
	e.Server = netip.AddrPortFrom(addressOf(f.serverAddress), portOf(f.serverPort))
	return Read
}

// addressOf reads an address; what is none is the zero one.
func addressOf(text string) netip.Addr {
	if text == "" { // errors allocate
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}

func portOf(port int64) uint16 {
	if port < 0 || port > math.MaxUint16 {
		return 0
	}
	return uint16(port)
}

// timeText reads a time as events have it.
func timeText(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 1970 || at.Year() > 2261 {
		return time.Time{}
	}
	return at
}
