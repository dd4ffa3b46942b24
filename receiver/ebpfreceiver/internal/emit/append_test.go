// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"maps"
	"testing"
	"time"
	"unicode/utf8"
	"unique"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	dnsbpf "github.com/meerkat-otel/meerkat/bpf/dns"
	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// What records look like as a whole is shown by the scenarios. Here is what these can't show: what a
// kernel hardly ever writes.

var (
	bootedAt   = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	observedAt = bootedAt.Add(time.Hour)
	testScope  = Scope{Name: "scope", Version: "1"}
	testHost   = Host{Name: "node1", ID: "0123", Arch: "amd64"}
)

func testClock() *process.Clock {
	clock := process.NewClock()
	clock.SetOffset(time.Duration(bootedAt.UnixNano()))
	return clock
}

// someone is a process with an executable.
func someone(executable string) Who {
	return Who{
		Process: &process.Process{
			Key: process.Key{PID: 42, StartTime: 1}, CreationTime: bootedAt.Add(1),
			Executable: unique.Make(executable), ParentExecutable: unique.Make(""),
		},
		Workload: &process.Workload{CgroupID: 7, CgroupPath: "/system.slice"},
	}
}

func forkEvent() *decode.ProcessFork {
	e := &processbpf.ProcessForkEvent{}
	e.Header.Process.Pid, e.Header.Tid, e.Header.TimeNs = 42, 42, 5
	copy(e.Header.Comm[:], "sh")
	return &decode.ProcessFork{ProcessForkEvent: e}
}

var emitForks = Process(ProcessOptions{Fork: true})

// appendOne returns the record that is made of an event, which must be one.
func appendOne(t *testing.T, e decode.Event, who Who, emit Emitter) plog.LogRecord {
	t.Helper()
	l := NewLogs(testScope, testHost, testClock())
	require.True(t, l.Append(e, who, observedAt, emit))
	require.Equal(t, 1, l.Len())
	logs := l.Take()
	require.Equal(t, 1, logs.LogRecordCount())
	return logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

func TestAppend_groupsByWorkload(t *testing.T) {
	l := NewLogs(testScope, testHost, testClock())
	workloads := []*process.Workload{
		{CgroupID: 1, CgroupPath: "/docker/a", Container: container.Container{ID: "a", Runtime: "docker"}},
		{CgroupID: 2, CgroupPath: "/docker/b", Container: container.Container{ID: "b", PodUID: "uid"}},
		{CgroupID: 3},
	}
	for n := range 9 {
		who := someone("/bin/sh")
		who.Workload = workloads[n%3]
		e := forkEvent()
		e.Header.TimeNs = uint64(n)
		require.True(t, l.Append(e, who, observedAt, emitForks))
	}
	assert.Equal(t, 9, l.Len())
	logs := l.Take()
	require.Equal(t, 3, logs.ResourceLogs().Len())
	host := map[string]any{names.HostName: "node1", names.HostID: "0123", names.HostArch: "amd64", names.OSType: "linux"}
	for i, more := range []map[string]any{
		{names.CgroupPath: "/docker/a", names.ContainerID: "a", names.ContainerRuntimeName: "docker"},
		{names.CgroupPath: "/docker/b", names.ContainerID: "b", names.K8sPodUID: "uid"},
		{names.CgroupID: int64(3)},
	} {
		resource := logs.ResourceLogs().At(i)
		maps.Copy(more, host)
		assert.Equal(t, more, resource.Resource().Attributes().AsRaw())
		require.Equal(t, 1, resource.ScopeLogs().Len())
		assert.Equal(t, "scope", resource.ScopeLogs().At(0).Scope().Name())
		assert.Equal(t, "1", resource.ScopeLogs().At(0).Scope().Version())
		records := resource.ScopeLogs().At(0).LogRecords()
		require.Equal(t, 3, records.Len())
		for n, r := range records.All() {
			assert.Equal(t, bootedAt.Add(time.Duration(3*n+i)), r.Timestamp().AsTime(), "in the order of the events")
			assert.Equal(t, observedAt, r.ObservedTimestamp().AsTime())
			assert.Equal(t, plog.SeverityNumberInfo, r.SeverityNumber())
			assert.Empty(t, r.SeverityText())
			assert.NotEmpty(t, r.Body().Str())
		}
	}

	assert.Zero(t, l.Len(), "the next batch starts empty")
	assert.Zero(t, l.Take().ResourceLogs().Len())
	require.True(t, l.Append(forkEvent(), someone("/bin/sh"), observedAt, emitForks))
	assert.Equal(t, 9, logs.LogRecordCount(), "a batch that was taken is left alone")
}

// An event that is none to report leaves no trace, also not in the record that comes next.
func TestAppend_nothingToReport(t *testing.T) {
	l := NewLogs(testScope, testHost, testClock())
	assert.False(t, l.Append(forkEvent(), someone("/bin/sh"), observedAt, Process(ProcessOptions{})))
	cgroup := &decode.ProcessCgroup{ProcessCgroupEvent: &processbpf.ProcessCgroupEvent{}}
	assert.False(t, l.Append(cgroup, someone("/bin/sh"), observedAt, emitForks))
	assert.False(t, l.Append(forkEvent(), someone("/bin/sh"), observedAt, File(FileOptions{})))
	for _, other := range []Emitter{TCP, UDP, DNS} {
		assert.False(t, l.Append(forkEvent(), someone("/bin/sh"), observedAt, other))
	}
	message := &decode.DNSMessage{DNSDnsMessageEvent: &dnsbpf.DNSDnsMessageEvent{}}
	assert.False(t, l.Append(message, someone("/bin/sh"), observedAt, DNS))
	unknown := &decode.FileRepeat{Kind: decode.KindFileRepeat}
	assert.False(t, l.Append(unknown, someone("/bin/sh"), observedAt, File(FileOptions{})))
	assert.Zero(t, l.Len())
	assert.Zero(t, l.Take().ResourceLogs().Len())

	require.True(t, l.Append(forkEvent(), someone("/bin/sh"), observedAt, emitForks))
	logs := l.Take()
	r := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, map[string]any{
		names.ProcessPID: int64(42), names.ProcessCreationTime: "2026-11-24T08:00:00.000000001Z",
		names.ProcessExecutablePath: "/bin/sh", names.ProcessExecutableName: "sh", names.ProcessUserID: int64(0),
	}, r.Attributes().AsRaw())
}

func TestAppend_threads(t *testing.T) {
	const long = "a-program-with-a-long-name"
	for name, c := range map[string]struct {
		executable, comm string
		tid              uint32
		thread           any
		threadID         any
	}{
		"the first thread":             {"/bin/sh", "sh", 42, nil, nil},
		"the kernel keeps 15 bytes":    {"/bin/" + long, long[:15], 42, nil, nil},
		"another thread":               {"/bin/java", "GC Thread#0", 43, "GC Thread#0", int64(43)},
		"renamed":                      {"/bin/sh", "x", 42, "x", nil},
		"not UTF-8":                    {"/bin/sh", "\xff\xfe", 42, "\uFFFD", nil},
		"nothing known of the thread":  {"/bin/sh", "", 42, nil, nil},
		"nothing known of the process": {"", "sh", 42, "sh", nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := forkEvent()
			e.Header.Comm = [16]uint8{}
			copy(e.Header.Comm[:], c.comm)
			e.Header.Tid = c.tid
			raw := appendOne(t, e, someone(c.executable), emitForks).Attributes().AsRaw()
			assert.Equal(t, c.thread, raw[names.ThreadName])
			assert.Equal(t, c.threadID, raw[names.ThreadID])
		})
	}
}

func TestAppend_identityStatus(t *testing.T) {
	for outcome, want := range map[process.Outcome]any{process.Found: nil, process.Stale: "stale", process.Missing: "missing"} {
		who := someone("/bin/sh")
		who.Outcome = outcome
		raw := appendOne(t, forkEvent(), who, emitForks).Attributes().AsRaw()
		assert.Equal(t, want, raw[names.IdentityStatus])
		assert.EqualValues(t, 42, raw[names.ProcessPID])
	}
}

// A connection that nobody has accepted is nobody's.
func TestAppend_nobody(t *testing.T) {
	nobody := Who{
		Process:  &process.Process{Executable: unique.Make(""), ParentExecutable: unique.Make("")},
		Outcome:  process.Missing,
		Workload: &process.Workload{},
	}
	e := &tcpbpf.TCPConnectionEvent{}
	e.Header.Kind = decode.KindTCPClose
	e.Ends.Family, e.Ends.RemotePort, e.Ends.RemoteAddress = 2, 443, [16]uint8{192, 0, 2, 1}
	event, err := decode.NewTCP().Decode(bytesOfConnection(t, e))
	require.NoError(t, err)
	r := appendOne(t, event, nobody, TCP)
	raw := r.Attributes().AsRaw()
	assert.Equal(t, "missing", raw[names.IdentityStatus])
	for _, name := range []string{names.ProcessPID, names.ProcessCreationTime, names.ProcessUserID, names.ThreadName} {
		assert.NotContains(t, raw, name)
	}
	assert.Equal(t, "an unknown process's connection with 192.0.2.1:443 ended: 0 bytes sent, 0 received", r.Body().Str())
	assert.Equal(t, "unknown", raw[names.ConnectionSide])
	assert.Equal(t, "192.0.2.1", raw[names.NetworkPeerAddress])
	assert.NotContains(t, raw, names.NetworkLocalAddress)
	assert.NotContains(t, raw, names.ClientAddress)
}

// OTLP takes nothing but UTF-8, and a single string that is not makes the whole batch unreadable.
func TestAppend_everythingIsUTF8(t *testing.T) {
	const bad = "/tmp/\xff\xfe"
	table := process.NewTable(testClock(), 10)
	exec := &decode.ProcessExec{
		ProcessExecEvent: &processbpf.ProcessExecEvent{}, Executable: []byte(bad), Filename: []byte(bad + "2"),
		WorkingDirectory: []byte(bad), Arguments: []byte(bad + "\x00" + bad + "\x00"), Environment: []byte("KEY=" + bad + "\x00"),
	}
	exec.Header.Process.Pid, exec.Header.Process.StartTimeNs = 42, 1
	exec.Parent = exec.Header.Process
	exec.TTY = []byte(bad)
	copy(exec.Header.Comm[:], bad)
	who := Who{Process: table.Exec(exec), Workload: &process.Workload{CgroupPath: bad}}
	who.Process = table.Exec(exec) // now its parent, which is itself, has a path
	who.Ancestors = []*process.Process{who.Process, who.Process}

	l := NewLogs(testScope, testHost, testClock())
	require.True(t, l.Append(exec, who, observedAt, Process(ProcessOptions{EnvironmentKeys: []string{"KEY"}})))
	failed := &decode.ProcessExecFailed{ProcessExecFailedEvent: &processbpf.ProcessExecFailedEvent{Header: exec.Header}, Filename: []byte(bad)}
	require.True(t, l.Append(failed, who, observedAt, emitForks))
	for _, kind := range []uint16{decode.KindFileCreate, decode.KindFileRename, decode.KindFileLink} {
		for _, flags := range []filebpf.FileFileFlags{0, filebpf.FileFileFlagsFILE_SYMBOLIC} {
			require.True(t, l.Append(decodedFile(t, kind, flags, bad), who, observedAt, File(FileOptions{})))
		}
	}
	require.True(t, l.Append(&decode.FileRepeat{Header: exec.Header, Kind: decode.KindFileOpen, Path: bad}, who, observedAt, File(FileOptions{})))

	logs := l.Take()
	require.Equal(t, 9, logs.LogRecordCount())
	strs := 0
	var check func(string, pcommon.Value)
	check = func(name string, v pcommon.Value) {
		switch v.Type() {
		case pcommon.ValueTypeStr:
			strs++
			assert.True(t, utf8.ValidString(v.Str()), "%s: %q", name, v.Str())
		case pcommon.ValueTypeSlice:
			for _, element := range v.Slice().All() {
				check(name, element)
			}
		}
	}
	resource := logs.ResourceLogs().At(0)
	for name, v := range resource.Resource().Attributes().All() {
		check(name, v)
	}
	for _, r := range resource.ScopeLogs().At(0).LogRecords().All() {
		check("body", r.Body())
		for name, v := range r.Attributes().All() {
			check(name, v)
		}
	}
	assert.Greater(t, strs, 50)
}
