// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	crashbpf "github.com/meerkat-otel/meerkat/bpf/crash"
	dnsbpf "github.com/meerkat-otel/meerkat/bpf/dns"
	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	injectionbpf "github.com/meerkat-otel/meerkat/bpf/injection"
	ipcbpf "github.com/meerkat-otel/meerkat/bpf/ipc"
	mountbpf "github.com/meerkat-otel/meerkat/bpf/mount"
	oombpf "github.com/meerkat-otel/meerkat/bpf/oom"
	privilegebpf "github.com/meerkat-otel/meerkat/bpf/privilege"
	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	signalbpf "github.com/meerkat-otel/meerkat/bpf/signal"
	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
	ttybpf "github.com/meerkat-otel/meerkat/bpf/tty"
	udpbpf "github.com/meerkat-otel/meerkat/bpf/udp"
)

// object is a tracer's object file and the Go types that were generated from it, by their C names.
type object struct {
	load  func() (*ebpf.CollectionSpec, error)
	types map[string]any
}

func objects() map[string]object {
	return map[string]object{
		"process": {processbpf.LoadProcess, map[string]any{
			"event_header": processbpf.ProcessEventHeader{}, "process_key": processbpf.ProcessProcessKey{},
			"event_counters": processbpf.ProcessEventCounters{}, "exec_event": processbpf.ProcessExecEvent{},
			"exec_failed_event": processbpf.ProcessExecFailedEvent{}, "fork_event": processbpf.ProcessForkEvent{},
			"exit_event": processbpf.ProcessExitEvent{}, "cgroup_event": processbpf.ProcessCgroupEvent{},
			"process_workload": processbpf.ProcessProcessWorkload{}, "filter_settings": processbpf.ProcessFilterSettings{},
			"filter_path": processbpf.ProcessFilterPath{}, "filter_network": processbpf.ProcessFilterNetwork{}, "filter_process": processbpf.ProcessFilterProcess{},
			"rate_key": processbpf.ProcessRateKey{}, "rate": processbpf.ProcessRate{},
		}},
		"file": {filebpf.LoadFile, map[string]any{
			"event_header": filebpf.FileEventHeader{}, "file_event": filebpf.FileFileEvent{},
			"file_operation": filebpf.FileFileOperation{}, "file_seen_key": filebpf.FileFileSeenKey{},
			"seen_count": filebpf.FileSeenCount{}, "file_seen": filebpf.FileFileSeen{}, "file_workload": filebpf.FileFileWorkload{},
			"pattern_name": filebpf.FilePatternName{}, "pattern_bits": filebpf.FilePatternBits{},
			"pattern_suffix": filebpf.FilePatternSuffix{}, "known_file": filebpf.FileKnownFile{},
		}},
		"privilege": {privilegebpf.LoadPrivilege, map[string]any{
			"event_header": privilegebpf.PrivilegeEventHeader{}, "ids": privilegebpf.PrivilegeIds{},
			"capabilities": privilegebpf.PrivilegeCapabilities{}, "namespaces": privilegebpf.PrivilegeNamespaces{},
			"ids_event": privilegebpf.PrivilegeIdsEvent{}, "capabilities_event": privilegebpf.PrivilegeCapabilitiesEvent{},
			"capability_use_event": privilegebpf.PrivilegeCapabilityUseEvent{}, "namespace_event": privilegebpf.PrivilegeNamespaceEvent{},
			"root_event": privilegebpf.PrivilegeRootEvent{}, "restriction_event": privilegebpf.PrivilegeRestrictionEvent{},
			"privilege_workload": privilegebpf.PrivilegePrivilegeWorkload{},
		}},
		"mount": {mountbpf.LoadMount, map[string]any{
			"event_header": mountbpf.MountEventHeader{}, "mount_event": mountbpf.MountMountEvent{}, "mount_workload": mountbpf.MountMountWorkload{},
		}},
		"injection": injectionObject(),
		"tcp":       tcpObject(),
		"ipc": {ipcbpf.LoadIPC, map[string]any{
			"event_header": ipcbpf.IPCEventHeader{}, "ipc_event": ipcbpf.IPCIpcEvent{}, "ipc_facts": ipcbpf.IPCIpcFacts{},
			"ipc_seen_key": ipcbpf.IPCIpcSeenKey{}, "seen_count": ipcbpf.IPCSeenCount{}, "ipc_workload": ipcbpf.IPCIpcWorkload{},
		}},
		"socket": {socketbpf.LoadSocket, map[string]any{
			"event_header": socketbpf.SocketEventHeader{}, "socket_event": socketbpf.SocketSocketEvent{},
			"socket_facts": socketbpf.SocketSocketFacts{}, "socket_seen_key": socketbpf.SocketSocketSeenKey{},
			"seen_count": socketbpf.SocketSeenCount{}, "socket_workload": socketbpf.SocketSocketWorkload{},
		}},
		"udp": {udpbpf.LoadUDP, map[string]any{
			"event_header": udpbpf.UDPEventHeader{}, "udp_start_event": udpbpf.UDPUdpStartEvent{},
			"endpoints": udpbpf.UDPEndpoints{}, "udp_flow_key": udpbpf.UDPUdpFlowKey{}, "udp_flow": udpbpf.UDPUdpFlow{},
			"socket_owner": udpbpf.UDPSocketOwner{}, "udp_workload": udpbpf.UDPUdpWorkload{},
		}},
		"dns": {dnsbpf.LoadDNS, map[string]any{
			"event_header": dnsbpf.DNSEventHeader{}, "dns_message_event": dnsbpf.DNSDnsMessageEvent{},
			"endpoints": dnsbpf.DNSEndpoints{}, "dns_workload": dnsbpf.DNSDnsWorkload{},
		}},
		"tty": {ttybpf.LoadTTY, map[string]any{
			"event_header": ttybpf.TTYEventHeader{}, "session_event": ttybpf.TTYSessionEvent{},
			"session_end_event": ttybpf.TTYSessionEndEvent{},
		}},
		"signal": {signalbpf.LoadSignal, map[string]any{
			"event_header": signalbpf.SignalEventHeader{}, "signal_event": signalbpf.SignalSignalEvent{},
			"signal_workload": signalbpf.SignalSignalWorkload{},
		}},
		"oom": {oombpf.LoadOOM, map[string]any{
			"event_header": oombpf.OOMEventHeader{}, "oom_event": oombpf.OOMOomEvent{}, "oom_workload": oombpf.OOMOomWorkload{},
		}},
		"crash": {crashbpf.LoadCrash, map[string]any{
			"event_header": crashbpf.CrashEventHeader{}, "crash_event": crashbpf.CrashCrashEvent{},
			"crash_workload": crashbpf.CrashCrashWorkload{},
		}},
	}
}

func tcpObject() object {
	return object{tcpbpf.LoadTCP, map[string]any{
		"event_header": tcpbpf.TCPEventHeader{}, "connection_event": tcpbpf.TCPConnectionEvent{},
		"endpoints": tcpbpf.TCPEndpoints{}, "tcp_workload": tcpbpf.TCPTcpWorkload{},
		"tcp_facts": tcpbpf.TCPTcpFacts{}, "tcp_seen_key": tcpbpf.TCPTcpSeenKey{}, "tcp_seen": tcpbpf.TCPTcpSeen{},
		"seen_count": tcpbpf.TCPSeenCount{},
	}}
}

func injectionObject() object {
	return object{injectionbpf.LoadInjection, map[string]any{
		"event_header": injectionbpf.InjectionEventHeader{}, "injection_event": injectionbpf.InjectionInjectionEvent{},
		"injection_call": injectionbpf.InjectionInjectionCall{}, "injection_seen_key": injectionbpf.InjectionInjectionSeenKey{},
		"seen_count": injectionbpf.InjectionSeenCount{}, "injection_workload": injectionbpf.InjectionInjectionWorkload{},
		"loader_file": injectionbpf.InjectionLoaderFile{},
	}}
}

// bpf2go keeps the types in step that it was told to export, when it is run. This holds the result,
// field by field, against the type information in the object that is really loaded.
func TestLayout_goTypesMatchObjects(t *testing.T) {
	for tracer, o := range objects() {
		spec, err := o.load()
		require.NoError(t, err)
		for name, value := range o.types {
			t.Run(tracer+"/"+name, func(t *testing.T) {
				var s *btf.Struct
				require.NoError(t, spec.Types.TypeByName(name, &s))
				assertLayout(t, name, s, reflect.TypeOf(value))
			})
		}
	}
}

func assertLayout(t *testing.T, path string, c btf.Type, g reflect.Type) {
	t.Helper()
	c = btf.UnderlyingType(c)
	size, err := btf.Sizeof(c)
	require.NoError(t, err, path)
	assert.EqualValues(t, size, g.Size(), "size of %s", path)
	switch c := c.(type) {
	case *btf.Struct:
		require.Equal(t, reflect.Struct, g.Kind(), path)
		fields := fieldsOf(g)
		require.Len(t, fields, len(c.Members), "fields of %s", path)
		end := uint32(0)
		for i, member := range c.Members {
			inner := path + "." + member.Name
			assert.Equal(t, strings.ReplaceAll(member.Name, "_", ""), strings.ToLower(fields[i].Name), inner)
			assert.EqualValues(t, member.Offset.Bytes(), fields[i].Offset, "offset of %s", inner)
			assert.Equal(t, end, member.Offset.Bytes(), "there is padding before %s: what is in it nobody has written", inner)
			assertLayout(t, inner, member.Type, fields[i].Type)
			memberBytes, err := btf.Sizeof(member.Type)
			require.NoError(t, err, inner)
			end = member.Offset.Bytes() + uint32(memberBytes)
		}
		assert.EqualValues(t, size, end, "there is padding at the end of %s", path)
	case *btf.Array:
		require.Equal(t, reflect.Array, g.Kind(), path)
		assert.EqualValues(t, c.Nelems, g.Len(), path)
		assertLayout(t, path+"[]", c.Type, g.Elem())
	case *btf.Int:
		signed := map[reflect.Kind]bool{reflect.Int8: true, reflect.Int16: true, reflect.Int32: true, reflect.Int64: true}
		assert.Equal(t, c.Encoding == btf.Signed, signed[g.Kind()], "sign of %s", path)
	default:
		t.Errorf("%s has a type that no event should have: %v", path, c)
	}
}

// fieldsOf leaves out the markers that take no room.
func fieldsOf(g reflect.Type) []reflect.StructField {
	var fields []reflect.StructField
	for _, field := range reflect.VisibleFields(g) {
		if field.Name != "_" {
			fields = append(fields, field)
		}
	}
	return fields
}

var exportedType = regexp.MustCompile(`-type (\w+)`)

// Every struct that bpf2go exports is in the test above.
func TestLayout_coversEveryExportedType(t *testing.T) {
	for tracer, o := range objects() {
		directive, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "bpf", tracer, "gen.go"))
		require.NoError(t, err)
		spec, err := o.load()
		require.NoError(t, err)
		exported := exportedType.FindAllStringSubmatch(string(directive), -1)
		require.NotEmpty(t, exported)
		for _, match := range exported {
			types, err := spec.Types.AnyTypesByName(match[1])
			require.NoError(t, err, match[1])
			if _, isStruct := types[0].(*btf.Struct); isStruct {
				assert.Contains(t, o.types, match[1], tracer)
			}
		}
	}
}

// Every object has a type of its own for the header, and a decoder takes each for a Header.
func TestLayout_headersAreEqual(t *testing.T) {
	want := reflect.TypeFor[Header]()
	for tracer, o := range objects() {
		assertSameLayout(t, tracer, want, reflect.TypeOf(o.types["event_header"]))
		events := 0
		for name, value := range o.types {
			if !strings.HasSuffix(name, "_event") {
				continue
			}
			events++
			first := fieldsOf(reflect.TypeOf(value))[0]
			assert.Equal(t, "Header", first.Name, "%T", value)
			assert.Zero(t, first.Offset, "%T", value)
		}
		assert.Positive(t, events, tracer)
	}
	peer, _ := reflect.TypeFor[ipcbpf.IPCIpcEvent]().FieldByName("Peer")
	assertSameLayout(t, "the peer of ipc_event", want, peer.Type)
	assertSameLayout(t, "seen_count", reflect.TypeFor[seenCount](), reflect.TypeFor[filebpf.FileSeenCount]())
	assertSameLayout(t, "seen_count", reflect.TypeFor[seenCount](), reflect.TypeFor[ipcbpf.IPCSeenCount]())
	assertSameLayout(t, "seen_count", reflect.TypeFor[seenCount](), reflect.TypeFor[injectionbpf.InjectionSeenCount]())
	assertSameLayout(t, "seen_count", reflect.TypeFor[seenCount](), reflect.TypeFor[tcpbpf.TCPSeenCount]())
	var key filebpf.FileFileSeenKey
	assertSameLayout(t, "the process of file_seen_key", reflect.TypeFor[ProcessKey](), reflect.TypeOf(key.Process))
}

func assertSameLayout(t *testing.T, path string, want, got reflect.Type) {
	t.Helper()
	require.Equal(t, want.Kind(), got.Kind(), path)
	assert.Equal(t, want.Size(), got.Size(), path)
	if want.Kind() != reflect.Struct {
		return
	}
	wanted, given := fieldsOf(want), fieldsOf(got)
	require.Len(t, given, len(wanted), path)
	for i := range wanted {
		inner := path + "." + wanted[i].Name
		assert.Equal(t, wanted[i].Name, given[i].Name, inner)
		assert.Equal(t, wanted[i].Offset, given[i].Offset, inner)
		assertSameLayout(t, inner, wanted[i].Type, given[i].Type)
	}
}
