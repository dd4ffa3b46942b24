// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

var at = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

type attributes = map[string]any

// shop is a resource whose owner is known.
func shop() attributes {
	return attributes{
		names.EnrichmentStatus: "resolved", names.K8sClusterName: "prod", names.K8sNamespaceName: "shop", names.K8sDeploymentName: "web",
		names.K8sReplicaSetName: "web-1", names.K8sPodName: "web-1-a", names.K8sContainerName: "app", names.ContainerID: "c1",
		names.ContainerImageRepoDigests: []any{"r/web@sha256:a"}, names.ContainerImageTags: []any{"1.2"},
	}
}

func someone() attributes {
	return attributes{
		names.ProcessPID: 7, names.ProcessCreationTime: "2026-01-05T11:00:00.5Z", names.ProcessExecutablePath: "/bin/a",
		names.ProcessParentPID: 6, names.ProcessParentCreationTime: "2026-01-05T10:00:00Z", names.ProcessParentExecutablePath: "/bin/p",
	}
}

func logOf(t testing.TB, event string, all ...attributes) plog.LogRecord {
	t.Helper()
	log := plog.NewLogRecord()
	log.SetEventName(event)
	log.SetTimestamp(pcommon.NewTimestampFromTime(at))
	joined := attributes{}
	for _, some := range all {
		maps.Copy(joined, some)
	}
	require.NoError(t, log.Attributes().FromRaw(joined))
	return log
}

func resourceOf(t testing.TB, all attributes) pcommon.Resource {
	t.Helper()
	resource := pcommon.NewResource()
	require.NoError(t, resource.Attributes().FromRaw(all))
	return resource
}

func TestReader_whose(t *testing.T) {
	with := func(base attributes, change attributes) attributes {
		for name, value := range change {
			if value == nil {
				delete(base, name)
			} else {
				base[name] = value
			}
		}
		return base
	}
	container := func() attributes {
		return attributes{names.ContainerID: "c1", names.ContainerName: "db", names.ContainerImageName: "postgres", names.HostName: "h"}
	}
	unitOf := func(path string) attributes { return attributes{names.CgroupPath: path, names.HostName: "h"} }
	for _, test := range []struct {
		name     string
		resource attributes
		want     string // empty if nothing is judged
		version  string
		instance string
	}{
		{"deployment", shop(), "prod/shop/deployment/web/app", "r/web@sha256:a", "c1"},
		{"tag", with(shop(), attributes{names.ContainerImageRepoDigests: nil, names.K8sClusterName: nil}), "shop/deployment/web/app", "1.2", "c1"},
		{"job of a cron job", with(shop(), attributes{names.K8sDeploymentName: nil, names.K8sReplicaSetName: nil, names.K8sJobName: "x-29", names.K8sCronJobName: "x"}),
			"prod/shop/cronjob/x/app", "r/web@sha256:a", "c1"},
		{"pod alone", with(shop(), attributes{names.K8sDeploymentName: nil, names.K8sReplicaSetName: nil}), "prod/shop/pod/web-1-a/app", "r/web@sha256:a", "c1"},
		{"unresolved", with(shop(), attributes{names.EnrichmentStatus: "unresolved"}), "", "", ""},
		{"partial", with(shop(), attributes{names.EnrichmentStatus: "partial"}), "", "", ""},
		{"container", container(), "container/postgres/db", "", "c1"},
		{"not a pod's", with(container(), attributes{names.EnrichmentStatus: "not_applicable"}), "container/postgres/db", "", "c1"},
		{"container without a name", attributes{names.ContainerID: "c1", names.ContainerImageName: "postgres"}, "", "", ""},
		{"pod that nobody asked of", attributes{names.K8sPodUID: "u"}, "", "", ""},
		{"unit", unitOf("/system.slice/ssh.service"), "host/ssh.service", "", "h"},
		{"instance of a unit", unitOf("/system.slice/system-getty.slice/getty@tty1.service"), "host/getty@", "", "h"},
		{"unit of a user", unitOf("/user.slice/user-0.slice/user@0.service/app.slice/x.service"), "host/x.service", "", "h"},
		{"session", unitOf("/user.slice/user-1000.slice/session-3.scope"), "host/user.slice", "", "h"},
		{"no unit", unitOf("/"), "host/bin/p", "", "h"},
		{"nothing", attributes{}, "host/bin/p", "", ""},
		{"wrong types", attributes{names.CgroupPath: 7, names.HostName: []any{"h"}, names.EnrichmentStatus: true, names.ContainerImageTags: "x"}, "host/bin/p", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, e := NewReader(), behaviour.Event{}
			r.SetResource(resourceOf(t, test.resource))
			outcome := r.Read(logOf(t, names.EventProcessExec, someone()), &e)
			if test.want == "" {
				assert.Equal(t, Unresolved, outcome)
				return
			}
			require.Equal(t, Read, outcome)
			want := strings.Replace(test.want, "host/bin", "host//bin", 1)
			assert.Equal(t, []string{want, test.version, test.instance}, []string{e.Workload, e.Version, e.Instance})
		})
	}
}

// Each kind of event, in one line: what it was read to.
func TestReader_kinds(t *testing.T) {
	far := attributes{names.ConnectionSide: "client", names.ServerAddress: "::ffff:10.0.0.7", names.ServerPort: 5432, names.ClientAddress: "10.0.0.5", names.ClientPort: 40000}
	peer := attributes{names.PeerKind: "statefulset", names.PeerName: "db", names.PeerNamespaceName: "shop"}
	for _, test := range []struct {
		event string
		all   attributes
		want  string
	}{
		{names.EventProcessExec, attributes{names.ProcessCommandArgs: []any{"a", 7, "b"}}, `exec /bin/a args ["a" "" "b"]`},
		{names.EventProcessExec, attributes{names.IdentityStatus: "stale"}, "unresolved"},
		{names.EventProcessExit, nil, "context of 7, ended"},
		{names.EventProcessFork, nil, "context of 7"},
		{names.EventProcessFork, attributes{names.ProcessPID: 0}, "unreadable"},
		{names.EventProcessExecFailed, attributes{names.ProcessFilename: "/usr/local/bin/curl", names.ErrorType: "ENOENT"}, "attempt detail curl"},
		{names.EventProcessExecFailed, attributes{names.ProcessFilename: "/tmp/x", names.ErrorType: "EACCES"}, "attempt detail x"},
		{names.EventProcessExecFailed, attributes{names.ProcessFilename: "/usr/local/bin/ls", names.ErrorType: "ENOENT"}, "not judged"},
		{names.EventFileOpen, attributes{names.FilePath: "/x", names.FileAccess: "read"}, "read /x"},
		{names.EventFileOpen, attributes{names.FilePath: "/x", names.FileAccess: "write"}, "write /x"},
		{names.EventFileOpen, attributes{names.FileAccess: "write"}, "unreadable"},
		{names.EventFileOpen, attributes{names.FilePath: strings.Repeat("x", textBytesMax+1)}, "unreadable"},
		{names.EventFileRename, attributes{names.FilePath: "/x", names.FileNewPath: "/y"}, "rename /x to /y"},
		{names.EventFileLink, attributes{names.FileSymbolicLinkTarget: "../x", names.FilePath: "/y"}, "link ../x to /y"},
		{names.EventFileModeChange, attributes{names.FilePath: "/x", names.FileMode: "4755"}, "attribute /x detail 4755"},
		{names.EventTCPConnect, far, "connect 10.0.0.7:5432"},
		{names.EventTCPConnect, attributes{names.NetworkPeerAddress: "10.0.0.8", names.NetworkPeerPort: 80}, "connect 10.0.0.8:80"},
		{names.EventTCPConnect, attributes{names.ServerAddress: "nowhere", names.ServerPort: -1}, "unreadable"},
		{names.EventTCPAccept, far, "accept 10.0.0.5:5432"},
		{names.EventUDPStart, attributes{names.ConnectionSide: "server", names.ClientAddress: "10.0.0.5", names.ServerPort: 53}, "accept 10.0.0.5:53"},
		{names.EventUDPStart, far, "datagram 10.0.0.7:5432"},
		{names.EventDNSLookup, attributes{names.DNSQuestionName: "a.org"}, "resolve detail a.org"},
		{names.EventSocketListen, attributes{names.NetworkLocalPort: 80, names.NetworkTransport: "tcp"}, "listen port 80"},
		{names.EventSocketListen, attributes{names.NetworkLocalPort: 80, names.ErrorType: "EADDRINUSE"}, "not judged"},
		{names.EventSocketListen, attributes{names.NetworkLocalAddress: "/run/x", names.NetworkTransport: "unix"}, "channel /run/x detail unix socket"},
		{names.EventSocketBind, attributes{names.NetworkLocalPort: 53, names.NetworkTransport: "udp"}, "listen port 53"},
		{names.EventSocketBind, attributes{names.NetworkLocalPort: 53, names.NetworkTransport: "udp", names.ErrorType: "EACCES"}, "not judged"},
		{names.EventSocketBind, attributes{names.NetworkLocalPort: 40000, names.NetworkTransport: "udp"}, "not judged"},
		{names.EventSocketBind, attributes{names.NetworkLocalPort: 80, names.NetworkTransport: "tcp"}, "not judged"},
		{names.EventSocketCreate, attributes{names.SocketFamily: "packet", names.SocketType: "dgram"}, "socket detail packet/dgram"},
		{names.EventSocketCreate, attributes{names.SocketFamily: "inet6", names.SocketType: "raw"}, "socket detail inet6/raw"},
		{names.EventSocketCreate, attributes{names.SocketFamily: "inet", names.SocketType: "raw", names.ErrorType: "EPERM"}, "not judged"},
		{names.EventSocketCreate, attributes{names.SocketFamily: "netlink", names.SocketType: "raw"}, "not judged"},
		{names.EventSocketCreate, attributes{names.SocketFamily: "vsock", names.SocketType: "stream"}, "not judged"},
		{names.EventPrivilegeCapabilityUse, attributes{names.PrivilegeCapability: "CAP_SYS_ADMIN"}, "privilege detail CAP_SYS_ADMIN"},
		{names.EventPrivilegeUserChange, attributes{names.PrivilegeOperation: "setuid"}, "privilege detail setuid"},
		{names.EventPrivilegeRestrictionChange, attributes{names.PrivilegeOperation: "seccomp"}, "not judged"},
		{names.EventInjectionProcessAccess, attributes{names.InjectionOperation: "memory_write", names.InjectionTargetExecutablePath: "/bin/b"},
			"injection /bin/b detail memory_write"},
		{names.EventMountMount, attributes{names.MountTarget: "/mnt"}, "mount /mnt detail unknown"},
		{names.EventSignalSend, attributes{names.SignalName: "SIGKILL", names.SignalTargetExecutablePath: "/bin/b"}, "signal /bin/b detail SIGKILL"},
		{names.EventCrashExit, attributes{names.CrashSignal: "SIGSEGV"}, "crash detail SIGSEGV"},
		{names.EventIPCConnect, attributes{names.IPCObject: "unix_socket", names.IPCName: "/run/x"}, "channel /run/x detail unix_socket"},
	} {
		t.Run(test.event, func(t *testing.T) { assert.Equal(t, test.want, line(t, test.event, test.all)) })
	}
	connect := func(more attributes) string { return line(t, names.EventTCPConnect, far, peer, more) }
	assert.Equal(t, "connect 10.0.0.7:5432 peer/statefulset/shop/db", connect(nil))
	assert.Equal(t, "connect 10.0.0.7:5432", connect(attributes{names.PeerKind: "external"}))
	assert.Equal(t, "unresolved", connect(attributes{names.PeerEnrichmentStatus: "unresolved", names.PeerEnrichmentReason: "not_synced"}))
	assert.Equal(t, "connect 10.0.0.7:5432", connect(attributes{names.PeerEnrichmentStatus: "unresolved", names.PeerEnrichmentReason: "out_of_scope"}))
}

// line reads a record, and returns what was read.
func line(t *testing.T, event string, all ...attributes) string {
	t.Helper()
	r, e := NewReader(), behaviour.Event{}
	r.SetResource(resourceOf(t, shop()))
	outcome := r.Read(logOf(t, event, append([]attributes{someone()}, all...)...), &e)
	if outcome == Context {
		text := fmt.Sprintf("context of %d", e.Process.PID)
		if e.Ended {
			text += ", ended"
		}
		return text
	}
	if outcome != Read {
		return [...]string{NotJudged: "not judged", Unresolved: "unresolved", Unreadable: "unreadable"}[outcome]
	}
	text := e.Action.String()
	add := func(format string, value any, there bool) {
		if there {
			text += fmt.Sprintf(format, value)
		}
	}
	add(" %s", e.Path, e.Path != "")
	add(" to %s", e.Target, e.Target != "")
	add(" args %q", e.Arguments, len(e.Arguments) > 0)
	add(" %s", netip.AddrPortFrom(e.Address, e.Port), e.Address.IsValid())
	add(" port %d", e.Port, e.Port != 0 && !e.Address.IsValid())
	add(" %s", e.Peer, e.Peer != "")
	add(" detail %s", e.Detail, e.Detail != "")
	return text
}

func TestReader_process(t *testing.T) {
	r, e := NewReader(), behaviour.Event{}
	r.SetResource(resourceOf(t, shop()))
	require.Equal(t, Read, r.Read(logOf(t, names.EventProcessExec, someone(), attributes{names.LogRecordUID: "u"}), &e))
	assert.Equal(t, behaviour.ProcessKey{PID: 7, Created: at.Add(-time.Hour + time.Second/2).UnixNano()}, e.Process)
	assert.Equal(t, behaviour.ProcessKey{PID: 6, Created: at.Add(-2 * time.Hour).UnixNano()}, e.Parent)
	assert.Equal(t, []string{"/bin/a", "/bin/p", "u"}, []string{e.Executable, e.ParentExecutable, r.UID()})
	assert.Equal(t, at, e.Time)
	assert.Zero(t, e.Executor)
	fork := attributes{names.ProcessExecutorPID: 5, names.ProcessExecutorCreationTime: "2026-01-05T09:00:00Z"}
	require.Equal(t, Read, r.Read(logOf(t, names.EventProcessExec, someone(), fork), &e))
	assert.Equal(t, behaviour.ProcessKey{PID: 5, Created: at.Add(-3 * time.Hour).UnixNano()}, e.Executor)

	require.Equal(t, Read, r.Read(logOf(t, names.EventDNSLookup, someone(), attributes{names.DNSQuestionName: "a", names.IdentityStatus: "stale"}), &e))
	assert.Empty(t, e.Executable, "it may be an earlier one")
	assert.Equal(t, Unreadable, r.Read(logOf(t, names.EventProcessExec, attributes{names.ProcessPID: "7", names.ProcessExecutablePath: "/bin/a"}), &e))
	log := logOf(t, names.EventProcessExec, someone())
	log.SetTimestamp(0)
	assert.Equal(t, Unreadable, r.Read(log, &e))
	log.SetObservedTimestamp(pcommon.NewTimestampFromTime(at))
	assert.Equal(t, Read, r.Read(log, &e))
}

// What is known is read without any allocation.
func TestReader_allocatesNothing(t *testing.T) {
	r, e := NewReader(), behaviour.Event{}
	resource := resourceOf(t, shop())
	log := logOf(t, names.EventTCPConnect, someone(), attributes{
		names.ServerAddress: "10.0.0.7", names.ServerPort: 80, names.PeerKind: "deployment", names.PeerName: "db", names.PeerNamespaceName: "shop",
	})
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		r.SetResource(resource)
		if r.Read(log, &e) != Read {
			panic("not read")
		}
	}))
}
