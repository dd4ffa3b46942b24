// SPDX-License-Identifier: Apache-2.0

package names

import "slices"

// Events of the tracer "udp".
const (
	EventUDPStart = "meerkat.udp.start"
	EventUDPFlow  = "meerkat.udp.flow"
)

// Attributes and metrics of flows.
const (
	UDPFlowState       = "meerkat.udp.flow.state"
	UDPPacketsSent     = "meerkat.udp.packets.sent"
	UDPPacketsReceived = "meerkat.udp.packets.received"

	MetricUDPFlows   = "meerkat.udp.flows"
	MetricUDPPackets = "meerkat.udp.packets"
	MetricUDPIO      = "meerkat.udp.io"
)

// UDPEvents describes the events of the tracer "udp".
func UDPEvents() []Event {
	ends := append(endAttributes(), NetworkTransport, PeerDNSName)
	return []Event{
		{EventUDPStart, "The first datagram between a socket and a far end, or the first one after a pause.", ends},
		{EventUDPFlow, "What a flow has carried since it was last reported: when its socket is closed, when it was idle for long, and from time to time while it goes on.",
			slices.Concat(ends, []string{
				UDPFlowState, ConnectionDuration, UDPPacketsSent, UDPPacketsReceived, ConnectionBytesSent, ConnectionBytesReceived,
			})},
	}
}

// UDPAttributes describes the attributes of flows.
func UDPAttributes() []Attribute {
	return []Attribute{
		{ConnectionSide, String, "Which end the process holds: `client` if it sent the first datagram, `server` if it got it, or `unknown` if the socket was there before the start."},
		{ClientAddress, String, "Address of the end that sent the first datagram. Absent while the side is unknown."},
		{ClientPort, Int, "Port of that end."},
		{ServerAddress, String, "Address of the end that it was sent to. Absent while the side is unknown."},
		{ServerPort, Int, "Port of that end."},
		{NetworkLocalAddress, String, "Address of the end on this host, while the side is unknown."},
		{NetworkLocalPort, Int, "Port of the end on this host, while the side is unknown."},
		{NetworkPeerAddress, String, "Address of the far end, while the side is unknown."},
		{NetworkPeerPort, Int, "Port of the far end, while the side is unknown."},
		{NetworkTransport, String, "Always `udp`."},
		{NetworkType, String, "`ipv4` or `ipv6`; `ipv4` also for an IPv6 socket that talks IPv4."},
		peerDNSName(),
		{UDPFlowState, String, "Why the flow is reported: `closed` (its socket is), `idle` (no packet for the idle time) or `active` (it goes on)."},
		{ConnectionDuration, Double, "Seconds from the first packet of the flow to the last."},
		{UDPPacketsSent, Int, "Datagrams that were sent since the flow was last reported."},
		{UDPPacketsReceived, Int, "Datagrams that reached the socket since then, whether or not they were read."},
		{ConnectionBytesSent, Int, "Bytes of payload that were sent since then."},
		{ConnectionBytesReceived, Int, "Bytes of payload that reached the socket since then."},
	}
}

// UDPFlows counts flows.
func UDPFlows() Metric {
	return Metric{MetricUDPFlows, "{flow}", "Flows that began.", nil}
}

// UDPPackets counts datagrams, by direction.
func UDPPackets() Metric {
	return Metric{MetricUDPPackets, "{packet}", "Datagrams that were sent, or reached a socket.", []string{NetworkIODirection}}
}

// UDPIO counts the payload of datagrams, by direction.
func UDPIO() Metric {
	return Metric{MetricUDPIO, "By", "Payload of datagrams.", []string{NetworkIODirection}}
}

// UDPMetrics describes the counts per workload of the tracer "udp".
func UDPMetrics() []Metric {
	return []Metric{UDPFlows(), UDPPackets(), UDPIO()}
}
