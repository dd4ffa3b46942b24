// SPDX-License-Identifier: Apache-2.0

package record

import (
	"net/netip"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// Habit fills in what an event that was read last says of habits, and tells whether it says anything. What failed is no habit: the workload
// gets on without. Its texts share memory with the record.
func (r *Reader) Habit(e *behaviour.Event, h *habit.Habit) bool {
	f := &r.fields
	*h = habit.Habit{}
	if f.errorType != "" {
		return false
	}
	switch e.Action {
	case behaviour.Connect, behaviour.Datagram:
		return f.connection(habit.Connect, e, h)
	case behaviour.Accept:
		return f.connection(habit.Accept, e, h)
	case behaviour.Listen:
		h.Kind, h.Transport, h.Port = habit.Listen, f.transport, e.Port
		return true
	case behaviour.Privilege, behaviour.Injection, behaviour.Mount:
		return f.ofKernel(r.event, e, h)
	case behaviour.Socket:
		return f.ofSocket(h)
	}
	return false
}

// connection fills in a far end. What stays on the host is no policy's matter.
func (f *fields) connection(kind habit.Kind, e *behaviour.Event, h *habit.Habit) bool {
	local := e.Address.IsLinkLocalUnicast()
	if e.Address.IsLoopback() || e.Address.IsUnspecified() || e.Address.IsMulticast() || local && e.Address.Is6() {
		return false
	}
	h.Kind, h.Transport, h.Port = kind, f.transport, e.Port
	if h.Transport == "" {
		h.Transport = "tcp"
		if e.Action == behaviour.Datagram {
			h.Transport = "udp"
		}
	}
	if e.Peer != "" {
		h.Peer = habit.Peer{Kind: f.peerKind, Namespace: f.peerNamespace, Name: f.peerName, ByService: f.peerService != "" || f.peerKind == "service"}
		if f.peerKind == "network" {
			h.Peer.Name = f.peerNetwork
		}
	}
	// Of what is not a pod its address is all that a policy can name; of a node it is a single one, and of a service of the host's.
	if h.Peer.Namespace == "" {
		h.Network = habit.NetworkOf(e.Address, h.Peer.Kind == "node" || local)
	}
	return h.Network != (netip.Prefix{}) || h.Peer.Namespace != ""
}

// ofKernel fills in what was asked of the kernel.
func (f *fields) ofKernel(event string, e *behaviour.Event, h *habit.Habit) bool {
	if ofRuntime(e.Executable) {
		return false
	}
	if event == names.EventPrivilegeCapabilityUse {
		h.Kind, h.Name = habit.Capability, f.capability
		return f.capability != "" && f.result != "denied"
	}
	h.Kind, h.Name = habit.Operation, f.operation
	if e.Action == behaviour.Mount {
		h.Name = f.mountOperation
	}
	return h.Name != ""
}

// ofRuntime tells whether a program is a container's runtime: what that does is not the workload's doing, and no policy for the workload applies to
// it. One that is not known may be.
func ofRuntime(executable string) bool { return executable == "" || behaviour.Runtime(executable) }

// Note reads the record that was read last once more, if it is of a kind that is not judged, but says something of habits: a socket of an
// unusual kind. It tells whether it did, with whose it is and when in the event.
func (r *Reader) Note(log plog.LogRecord, e *behaviour.Event, h *habit.Habit) bool {
	if r.event != names.EventSocketCreate || r.whose.unresolved || r.whose.workload == "" {
		return false
	}
	f := &r.fields
	*f = fields{}
	for attribute, value := range log.Attributes().All() {
		f.set(attribute, value)
	}
	*e = behaviour.Event{
		Workload: r.whose.workload, Time: timeOf(log), Executable: f.executable,
		Process: key(f.pid, f.created), Parent: key(f.parentPID, f.parentCreated),
	}
	return f.errorType == "" && f.ofSocket(h) && !e.Time.IsZero()
}

// ofSocket fills in a socket of an unusual kind.
func (f *fields) ofSocket(h *habit.Habit) bool {
	*h = habit.Habit{Kind: habit.Socket, Name: f.family, Value: f.socketType}
	return f.family != "" && !ofRuntime(f.executable)
}

// Tracer returns the tracer of the event that was read last.
func (r *Reader) Tracer() habit.Tracers { return habit.TracerOfEvent(r.event) }

// Labels calls for each label of the pod that the present resource has, the first time that it is asked.
func (r *Reader) Labels(call func(*habit.Habit)) {
	if r.labelled {
		return
	}
	r.labelled = true
	for attribute, value := range r.resource.All() {
		if key, ok := strings.CutPrefix(attribute, names.K8sPodLabelPrefix); ok {
			if text := textOf(value); text != "" {
				call(&habit.Habit{Kind: habit.Label, Name: key, Value: text})
			}
		}
	}
}
