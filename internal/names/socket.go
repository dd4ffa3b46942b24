// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "socket".
const (
	EventSocketCreate = "meerkat.socket.create"
	EventSocketBind   = "meerkat.socket.bind"
	EventSocketListen = "meerkat.socket.listen"
)

// Attributes and metrics of sockets.
const (
	SocketFamily    = "meerkat.socket.family"
	SocketType      = "meerkat.socket.type"
	SocketProtocol  = "meerkat.socket.protocol"
	SocketInode     = "meerkat.socket.inode"
	SocketBacklog   = "meerkat.socket.backlog"
	SocketSnapshot  = "meerkat.socket.snapshot"
	SocketOperation = "meerkat.socket.operation"

	MetricSocketOperations = "meerkat.socket.operations"
	MetricSocketFailures   = "meerkat.socket.failures"
)

// SocketFamilies are the names of the kernel's address families, by their numbers there.
func SocketFamilies() []string {
	return []string{
		"unspec", "unix", "inet", "ax25", "ipx", "appletalk", "netrom", "bridge", "atmpvc", "x25", "inet6", "rose", "decnet",
		"netbeui", "security", "key", "netlink", "packet", "ash", "econet", "atmsvc", "rds", "sna", "irda", "pppox", "wanpipe",
		"llc", "ib", "mpls", "can", "tipc", "bluetooth", "iucv", "rxrpc", "isdn", "phonet", "ieee802154", "caif", "alg", "nfc",
		"vsock", "kcm", "qipcrtr", "smc", "xdp", "mctp",
	}
}

// SocketEvents describes the events of the tracer "socket".
func SocketEvents() []Event {
	all := []string{SocketFamily, SocketType, SocketProtocol, SocketInode, SocketSnapshot}
	address := []string{NetworkTransport, NetworkType, NetworkLocalAddress, NetworkLocalPort}
	with := func(more ...string) []string { return append(append([]string(nil), all...), more...) }
	return []Event{
		{EventSocketCreate, "A process opens a raw or packet socket, or one of a family that is not among the expected ones, or fails to.", with()},
		{EventSocketBind, "A process gives a socket its address, or fails to.", with(address...)},
		{EventSocketListen, "A process makes a socket wait for connections, or fails to.", with(append(address, SocketBacklog)...)},
	}
}

// SocketAttributes describes the attributes of sockets.
func SocketAttributes() []Attribute {
	return []Attribute{
		{SocketFamily, String, "Address family as the kernel names it, in small letters: `inet`, `inet6`, `unix`, `packet`, `vsock`; its number if it has no name."},
		{SocketType, String, "`stream`, `dgram`, `raw`, `rdm`, `seqpacket`, `dccp`, `packet`, or a number."},
		{SocketProtocol, String, "IP protocol (`tcp`, `icmp`, `mptcp`), of a packet socket the ethertype (`all`, `ipv4`, `0x88cc`), else a number. Absent if there is none."},
		{SocketInode, Int, "Inode of the socket, as in `/proc/net/tcp` and `/proc/<pid>/fd`. Absent if it could not be opened, and of repeats."},
		{SocketSnapshot, Bool, "True for a socket that was like that when the collector started; the time is that of the look at it."},
		{SocketBacklog, Int, "How many connections may wait to be accepted: what the kernel has made of the argument; the argument itself if it failed."},
		{NetworkTransport, String, "`tcp` (of MPTCP sockets too), `udp`, `udplite`, `sctp`, `dccp` or `unix`; absent for others."},
		{NetworkType, String, "`ipv4` or `ipv6`; `ipv4` also for an IPv6 socket that is bound to an IPv4 address."},
		{NetworkLocalAddress, String, "IP address; of a unix socket the path as it was given, or `@` and the name that has no place in a file system. " +
			"Bytes that can't be printed are `\\x00`, a backslash is `\\\\`, and an `@` at the start of a path is `\\x40`."},
		{NetworkLocalPort, Int, "Port that is really bound, also if the kernel has chosen it. Absent while there is none."},
	}
}

// SocketOperations counts what is done with sockets, by operation.
func SocketOperations() Metric {
	return Metric{MetricSocketOperations, "{operation}", "Sockets of unusual kinds that were opened, and all that were bound or listen.", []string{SocketOperation}}
}

// SocketFailures counts what failed.
func SocketFailures() Metric {
	return Metric{MetricSocketFailures, "{operation}", "Such operations that failed.", nil}
}

// SocketMetrics describes the counts per workload of the tracer "socket".
func SocketMetrics() []Metric { return []Metric{SocketOperations(), SocketFailures()} }
