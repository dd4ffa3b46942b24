// SPDX-License-Identifier: Apache-2.0

package record

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

func client(address string, port int) attributes {
	return attributes{
		names.ConnectionSide: "client", names.NetworkTransport: "tcp", names.ServerAddress: address, names.ServerPort: port,
	}
}

func server(address string) attributes {
	return attributes{
		names.ConnectionSide: "server", names.NetworkTransport: "udp", names.ClientAddress: address, names.ClientPort: 40000, names.ServerPort: 53,
	}
}

func peer(kind, namespace, name string) attributes {
	return attributes{names.PeerKind: kind, names.PeerNamespaceName: namespace, names.PeerName: name}
}

// at24 is a network that is told apart.
func at24(network string) netip.Prefix { return netip.MustParsePrefix(network) }

func TestHabit(t *testing.T) {
	runtime := attributes{names.ProcessExecutablePath: "/usr/sbin/runc"}
	for name, test := range map[string]struct {
		event string
		with  []attributes
		want  habit.Habit
	}{
		"outside": {names.EventTCPConnect, []attributes{client("203.0.113.9", 443), {names.PeerKind: "external"}},
			habit.Habit{Kind: habit.Connect, Transport: "tcp", Port: 443, Network: at24("203.0.113.0/24")}},
		"metadata of a cloud": {names.EventTCPConnect, []attributes{client("169.254.169.254", 80)},
			habit.Habit{Kind: habit.Connect, Transport: "tcp", Port: 80, Network: at24("169.254.169.254/32")}},
		"workload": {names.EventTCPConnect, []attributes{client("10.0.0.9", 80), peer("deployment", "shop", "cart")},
			habit.Habit{Kind: habit.Connect, Transport: "tcp", Port: 80, Peer: habit.Peer{Kind: "deployment", Namespace: "shop", Name: "cart"}}},
		"by a Service": {names.EventTCPConnect, []attributes{client("10.96.0.9", 80), peer("deployment", "shop", "cart"), {names.PeerServiceName: "cart"}},
			habit.Habit{Kind: habit.Connect, Transport: "tcp", Port: 80,
				Peer: habit.Peer{Kind: "deployment", Namespace: "shop", Name: "cart", ByService: true}}},
		"node": {names.EventTCPConnect, []attributes{client("192.168.1.7", 10250), {names.PeerKind: "node", names.PeerName: "n1"}},
			habit.Habit{Kind: habit.Connect, Transport: "tcp", Port: 10250, Peer: habit.Peer{Kind: "node", Name: "n1"}, Network: at24("192.168.1.7/32")}},
		"flow to it": {names.EventUDPStart, []attributes{server("10.0.0.9"), peer("pod", "shop", "x")},
			habit.Habit{Kind: habit.Accept, Transport: "udp", Port: 53, Peer: habit.Peer{Kind: "pod", Namespace: "shop", Name: "x"}}},
		"listen": {names.EventSocketListen, []attributes{{names.NetworkTransport: "tcp", names.NetworkLocalPort: 80}},
			habit.Habit{Kind: habit.Listen, Transport: "tcp", Port: 80}},
		"raw socket": {names.EventSocketCreate, []attributes{{names.SocketFamily: "packet", names.SocketType: "raw"}},
			habit.Habit{Kind: habit.Socket, Name: "packet", Value: "raw"}},
		"capability": {names.EventPrivilegeCapabilityUse, []attributes{{names.PrivilegeCapability: "CAP_CHOWN", names.PrivilegeResult: "granted"}},
			habit.Habit{Kind: habit.Capability, Name: "CAP_CHOWN"}},
		"operation": {names.EventInjectionMemoryFile, []attributes{{names.InjectionOperation: "memfd_create"}},
			habit.Habit{Kind: habit.Operation, Name: "memfd_create"}},
		"mount": {names.EventMountMount, []attributes{{names.MountOperation: "bind", names.MountTarget: "/a", names.MountFilesystem: "ext4"}},
			habit.Habit{Kind: habit.Operation, Name: "bind"}},
		"refused capability": {names.EventPrivilegeCapabilityUse,
			[]attributes{{names.PrivilegeCapability: "CAP_CHOWN", names.PrivilegeResult: "denied", names.ErrorType: "EPERM"}}, habit.Habit{}},
		"failed":        {names.EventTCPConnect, []attributes{client("203.0.113.9", 443), {names.ErrorType: "ECONNREFUSED"}}, habit.Habit{}},
		"loopback":      {names.EventTCPConnect, []attributes{client("127.0.0.1", 443)}, habit.Habit{}},
		"link-local":    {names.EventTCPConnect, []attributes{client("fe80::1", 443)}, habit.Habit{}},
		"runtime":       {names.EventPrivilegeRootChange, []attributes{{names.PrivilegeOperation: "pivot_root"}, runtime}, habit.Habit{}},
		"unknown":       {names.EventPrivilegeRootChange, []attributes{{names.PrivilegeOperation: "chroot"}, {names.IdentityStatus: "stale"}}, habit.Habit{}},
		"nothing of it": {names.EventFileOpen, []attributes{{names.FilePath: "/a"}}, habit.Habit{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader()
			r.SetResource(resourceOf(t, shop()))
			var e behaviour.Event
			var h habit.Habit
			require.Equal(t, Read, r.Read(logOf(t, test.event, append([]attributes{someone()}, test.with...)...), &e))
			assert.Equal(t, test.want.Kind != 0, r.Habit(&e, &h))
			if test.want.Kind != 0 {
				assert.Equal(t, test.want, h)
			}
			assert.Equal(t, habit.TracerOfEvent(test.event), r.Tracer())
		})
	}
}

// What is not judged may be a habit nevertheless, if it is known whose.
func TestNote(t *testing.T) {
	unusual := attributes{names.SocketFamily: "alg", names.SocketType: "seqpacket"}
	note := func(resource attributes, event string, with ...attributes) (behaviour.Event, habit.Habit, bool) {
		r := NewReader()
		r.SetResource(resourceOf(t, resource))
		log := logOf(t, event, with...)
		var e behaviour.Event
		var h habit.Habit
		require.NotEqual(t, Read, r.Read(log, &e))
		noted := r.Note(log, &e, &h)
		return e, h, noted
	}
	e, h, ok := note(shop(), names.EventSocketCreate, someone(), unusual)
	require.True(t, ok)
	assert.Equal(t, habit.Habit{Kind: habit.Socket, Name: "alg", Value: "seqpacket"}, h)
	assert.Equal(t, "prod/shop/deployment/web/app", e.Workload)
	assert.EqualValues(t, 7, e.Process.PID)
	for name, with := range map[string][]attributes{
		"failed": {someone(), unusual, {names.ErrorType: "EPERM"}}, "runtime": {someone(), unusual, {names.ProcessExecutablePath: "/bin/crun"}},
		"no family": {someone()}, "nobody": {unusual},
	} {
		_, _, ok := note(shop(), names.EventSocketCreate, with...)
		assert.False(t, ok, name)
	}
	_, _, ok = note(shop(), names.EventSocketBind, someone(), unusual)
	assert.False(t, ok)
	_, _, ok = note(attributes{names.EnrichmentStatus: "unresolved"}, names.EventSocketCreate, someone(), unusual)
	assert.False(t, ok)
	_, _, ok = note(attributes{}, names.EventSocketCreate, someone(), unusual)
	assert.False(t, ok)
}

// Labels are told once per resource.
func TestLabels(t *testing.T) {
	r := NewReader()
	resource := shop()
	resource["k8s.pod.label.app"], resource["k8s.pod.label.tier"], resource["k8s.pod.label.odd"] = "web", "front", 7
	told := func() (all []string) {
		r.Labels(func(h *habit.Habit) { all = append(all, h.Name+"="+h.Value) })
		return all
	}
	for range 2 {
		r.SetResource(resourceOf(t, resource))
		assert.ElementsMatch(t, []string{"app=web", "tier=front"}, told())
		assert.Empty(t, told())
	}
}
