// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// UDP is the emitter of the tracer "udp".
func UDP(r Record, event decode.Event) bool {
	switch e := event.(type) {
	case *decode.UDPStart:
		udpStart(r, e)
	case *decode.UDPFlow:
		udpFlow(r, e)
	default:
		return false
	}
	return true
}

func udpStart(r Record, e *decode.UDPStart) {
	r.SetEventName(names.EventUDPStart)
	r.Attributes().EnsureCapacity(18)
	side := decode.Side(e.Side)
	switch side {
	case decode.SideClient:
		r.Body().SetStr(fmt.Sprintf("%s sends datagrams to %s", r.subject(e.Head()), e.Remote()))
	case decode.SideServer:
		r.Body().SetStr(fmt.Sprintf("%s gets datagrams from %s on port %d", r.subject(e.Head()), e.Remote(), e.Ends.LocalPort))
	default:
		r.Body().SetStr(fmt.Sprintf("%s exchanges datagrams with %s", r.subject(e.Head()), e.Remote()))
	}
	r.putEnds(e.Head(), ends{local: e.Local(), remote: e.Remote(), side: side, transport: "udp"})
}

// flowStates are the values of the attribute.
var flowStates = map[decode.FlowState]string{
	decode.FlowActive: "active", decode.FlowIdle: "idle", decode.FlowClosed: "closed",
}

func udpFlow(r Record, e *decode.UDPFlow) {
	r.SetEventName(names.EventUDPFlow)
	r.Body().SetStr(fmt.Sprintf("%s's flow with %s is %s: %d datagrams sent (%d bytes), %d received (%d bytes)",
		r.subject(e.Head()), e.Remote, flowStates[e.State], e.PacketsSent, e.BytesSent, e.PacketsReceived, e.BytesReceived))
	attributes := r.Attributes()
	attributes.EnsureCapacity(24)
	attributes.PutStr(names.UDPFlowState, flowStates[e.State])
	attributes.PutDouble(names.ConnectionDuration, seconds(e.DurationNs))
	attributes.PutInt(names.UDPPacketsSent, int64(e.PacketsSent))
	attributes.PutInt(names.UDPPacketsReceived, int64(e.PacketsReceived))
	attributes.PutInt(names.ConnectionBytesSent, int64(e.BytesSent))
	attributes.PutInt(names.ConnectionBytesReceived, int64(e.BytesReceived))
	r.putEnds(e.Head(), ends{local: e.Local, remote: e.Remote, side: e.Side, transport: "udp"})
}

// UDPCounts are the counts per workload of the tracer "udp".
func UDPCounts() []Count {
	const direction = names.NetworkIODirection
	return []Count{
		{Field: "flows", Metric: names.UDPFlows()},
		{Field: "packets_sent", Metric: names.UDPPackets(), Attribute: direction, Value: "transmit"},
		{Field: "packets_received", Metric: names.UDPPackets(), Attribute: direction, Value: "receive"},
		{Field: "bytes_sent", Metric: names.UDPIO(), Attribute: direction, Value: "transmit"},
		{Field: "bytes_received", Metric: names.UDPIO(), Attribute: direction, Value: "receive"},
	}
}
