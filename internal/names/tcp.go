// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "tcp".
const (
	EventTCPConnect = "meerkat.tcp.connect"
	EventTCPAccept  = "meerkat.tcp.accept"
	EventTCPClose   = "meerkat.tcp.close"
)

// Attributes and metrics of connections.
const (
	ClientAddress           = "client.address"
	ClientPort              = "client.port"
	ServerAddress           = "server.address"
	ServerPort              = "server.port"
	NetworkLocalAddress     = "network.local.address"
	NetworkLocalPort        = "network.local.port"
	NetworkPeerAddress      = "network.peer.address"
	NetworkPeerPort         = "network.peer.port"
	NetworkTransport        = "network.transport"
	NetworkType             = "network.type"
	NetworkIODirection      = "network.io.direction"
	PeerDNSName             = "meerkat.peer.dns.name"
	ConnectionSide          = "meerkat.connection.side"
	ConnectionDuration      = "meerkat.connection.duration"
	ConnectionBytesSent     = "meerkat.connection.sent"
	ConnectionBytesReceived = "meerkat.connection.received"
	ConnectionRetransmits   = "meerkat.connection.retransmits"
	ConnectionRoundTripTime = "meerkat.connection.round_trip_time"

	MetricTCPOpened   = "meerkat.tcp.connections.opened"
	MetricTCPAccepted = "meerkat.tcp.connections.accepted"
	MetricTCPFailed   = "meerkat.tcp.connections.failed"
	MetricTCPClosed   = "meerkat.tcp.connections.closed"
	MetricTCPIO       = "meerkat.tcp.io"
)

// endAttributes are those that name the two ends of what goes through a network.
func endAttributes() []string {
	return []string{
		ConnectionSide, ClientAddress, ClientPort, ServerAddress, ServerPort, NetworkLocalAddress, NetworkLocalPort,
		NetworkPeerAddress, NetworkPeerPort, NetworkType,
	}
}

func peerDNSName() Attribute {
	return Attribute{PeerDNSName, String, "Name that the same workload has looked up before, with the far end's address among the answers. Other names may lead there too."}
}

// TCPEvents describes the events of the tracer "tcp".
func TCPEvents() []Event {
	ends := append(endAttributes(), NetworkTransport, PeerDNSName)
	with := func(more ...string) []string { return append(append([]string(nil), ends...), more...) }
	return []Event{
		{EventTCPConnect, "A process opens a connection, or fails to.", with(ErrorType, ConnectionDuration, ConnectionRoundTripTime, ConnectionRetransmits)},
		{EventTCPAccept, "A process accepts a connection.", with(ConnectionRoundTripTime)},
		{EventTCPClose, "A connection ends. The kernel may finish it after the process has closed it, or has exited.", with(
			ConnectionDuration, ConnectionBytesSent, ConnectionBytesReceived, ConnectionRetransmits, ConnectionRoundTripTime)},
	}
}

// TCPAttributes describes the attributes of connections.
func TCPAttributes() []Attribute {
	return []Attribute{
		{ConnectionSide, String, "Which end the process holds: `client`, `server`, or `unknown` for a connection that was open before the start."},
		{ClientAddress, String, "Address of the end that opened the connection. Absent while the side is unknown, or if an attempt failed before it had one."},
		{ClientPort, Int, "Port of that end. Absent of repeats."},
		{ServerAddress, String, "Address of the end that was connected to. Absent while the side is unknown."},
		{ServerPort, Int, "Port of that end."},
		{NetworkLocalAddress, String, "Address of the end on this host, while the side is unknown."},
		{NetworkLocalPort, Int, "Port of the end on this host, while the side is unknown."},
		{NetworkPeerAddress, String, "Address of the far end, while the side is unknown."},
		{NetworkPeerPort, Int, "Port of the far end, while the side is unknown."},
		{NetworkTransport, String, "Always `tcp`."},
		{NetworkType, String, "`ipv4` or `ipv6`; `ipv4` also for an IPv6 socket that talks IPv4."},
		peerDNSName(),
		{ConnectionDuration, Double, "Seconds: of a connect until it was answered or given up, of a close since the connection was established. Of repeats: of all together."},
		{ConnectionBytesSent, Int, "Bytes of payload that were sent, retransmissions not counted. Of repeats: of all together, like those that follow."},
		{ConnectionBytesReceived, Int, "Bytes of payload that were received."},
		{ConnectionRetransmits, Int, "Segments that were sent again."},
		{ConnectionRoundTripTime, Double, "Smoothed round-trip time in seconds, as the kernel estimates it."},
	}
}

// TCPOpened counts connections that were opened.
func TCPOpened() Metric {
	return Metric{MetricTCPOpened, "{connection}", "Connections that were opened.", nil}
}

// TCPAccepted counts connections that were accepted.
func TCPAccepted() Metric {
	return Metric{MetricTCPAccepted, "{connection}", "Connections that were accepted.", nil}
}

// TCPFailed counts attempts to connect that failed.
func TCPFailed() Metric {
	return Metric{MetricTCPFailed, "{connection}", "Attempts to connect that failed.", nil}
}

// TCPClosed counts connections that ended.
func TCPClosed() Metric {
	return Metric{MetricTCPClosed, "{connection}", "Connections that ended.", nil}
}

// TCPIO counts the payload of connections, by direction.
func TCPIO() Metric {
	return Metric{MetricTCPIO, "By", "Payload of connections, counted when they end.", []string{NetworkIODirection}}
}

// TCPMetrics describes the counts per workload of the tracer "tcp".
func TCPMetrics() []Metric {
	return []Metric{TCPOpened(), TCPAccepted(), TCPFailed(), TCPClosed(), TCPIO()}
}
