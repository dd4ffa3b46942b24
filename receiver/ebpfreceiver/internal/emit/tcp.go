// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"net/netip"
	"syscall"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// TCP is the emitter of the tracer "tcp".
func TCP(r Record, event decode.Event) bool {
	e, ok := event.(*decode.TCPConnection)
	if !ok {
		return false
	}
	r.Attributes().EnsureCapacity(18)
	switch e.Header.Kind {
	case decode.KindTCPConnect:
		tcpConnect(r, e)
	case decode.KindTCPAccept:
		r.SetEventName(names.EventTCPAccept)
		r.Body().SetStr(fmt.Sprintf("%s accepted a connection from %s on port %d", r.subject(e.Head()), e.Remote(), e.Ends.LocalPort))
	case decode.KindTCPClose:
		tcpClose(r, e)
	}
	r.putEnds(e)
	if e.RoundTripUs > 0 {
		r.Attributes().PutDouble(names.ConnectionRoundTripTime, float64(e.RoundTripUs)/1e6)
	}
	return true
}

func tcpConnect(r Record, e *decode.TCPConnection) {
	r.SetEventName(names.EventTCPConnect)
	if e.DurationNs > 0 {
		r.Attributes().PutDouble(names.ConnectionDuration, seconds(e.DurationNs))
	}
	if e.Error == 0 {
		r.Body().SetStr(fmt.Sprintf("%s connected to %s", r.subject(e.Head()), e.Remote()))
		return
	}
	reason := errorName(syscall.Errno(e.Error))
	r.Body().SetStr(fmt.Sprintf("%s could not connect to %s: %s", r.subject(e.Head()), e.Remote(), reason))
	r.Attributes().PutStr(names.ErrorType, reason)
	r.Attributes().PutInt(names.ConnectionRetransmits, int64(e.Retransmits))
}

func tcpClose(r Record, e *decode.TCPConnection) {
	r.SetEventName(names.EventTCPClose)
	r.Body().SetStr(fmt.Sprintf("%s's connection with %s ended: %d bytes sent, %d received",
		r.subject(e.Head()), e.Remote(), e.BytesSent, e.BytesReceived))
	attributes := r.Attributes()
	if e.DurationNs > 0 {
		attributes.PutDouble(names.ConnectionDuration, seconds(e.DurationNs))
	}
	attributes.PutInt(names.ConnectionBytesSent, int64(e.BytesSent))
	attributes.PutInt(names.ConnectionBytesReceived, int64(e.BytesReceived))
	attributes.PutInt(names.ConnectionRetransmits, int64(e.Retransmits))
}

// putEnds names the two ends client and server where it is known which is which.
func (r Record) putEnds(e *decode.TCPConnection) {
	local, remote := e.Local(), e.Remote()
	attributes := r.Attributes()
	attributes.PutStr(names.NetworkTransport, "tcp")
	attributes.PutStr(names.NetworkType, networkType(remote.Addr()))
	switch decode.Side(e.Side) {
	case decode.SideClient:
		attributes.PutStr(names.ConnectionSide, "client")
		r.putEnd(names.ClientAddress, names.ClientPort, local)
		r.putEnd(names.ServerAddress, names.ServerPort, remote)
	case decode.SideServer:
		attributes.PutStr(names.ConnectionSide, "server")
		r.putEnd(names.ClientAddress, names.ClientPort, remote)
		r.putEnd(names.ServerAddress, names.ServerPort, local)
	default:
		attributes.PutStr(names.ConnectionSide, "unknown")
		r.putEnd(names.NetworkLocalAddress, names.NetworkLocalPort, local)
		r.putEnd(names.NetworkPeerAddress, names.NetworkPeerPort, remote)
	}
}

func (r Record) putEnd(addressKey, portKey string, end netip.AddrPort) {
	if end.Addr().IsUnspecified() && end.Port() == 0 {
		return
	}
	r.Attributes().PutStr(addressKey, end.Addr().String())
	r.Attributes().PutInt(portKey, int64(end.Port()))
}

func networkType(a netip.Addr) string {
	if a.Is4() {
		return "ipv4"
	}
	return "ipv6"
}

// TCPCounts are the counts per workload of the tracer "tcp".
func TCPCounts() []Count {
	return []Count{
		{Field: "opened", Metric: names.TCPOpened()},
		{Field: "accepted", Metric: names.TCPAccepted()},
		{Field: "failed", Metric: names.TCPFailed()},
		{Field: "closed", Metric: names.TCPClosed()},
		{Field: "bytes_sent", Metric: names.TCPIO(), Attribute: names.NetworkIODirection, Value: "transmit"},
		{Field: "bytes_received", Metric: names.TCPIO(), Attribute: names.NetworkIODirection, Value: "receive"},
	}
}
