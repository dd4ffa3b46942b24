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
	switch e := event.(type) {
	case *decode.TCPConnection:
		tcpConnection(r, e)
	case *decode.TCPRepeat:
		return tcpRepeat(r, e)
	default:
		return false
	}
	return true
}

func tcpConnection(r Record, e *decode.TCPConnection) {
	r.Attributes().EnsureCapacity(21)
	switch e.Header.Kind {
	case decode.KindTCPConnect:
		tcpConnect(r, e)
	case decode.KindTCPAccept:
		r.SetEventName(names.EventTCPAccept)
		r.Body().SetStr(fmt.Sprintf("%s accepted a connection from %s on port %d", r.subject(e.Head()), e.Remote(), e.Ends.LocalPort))
	case decode.KindTCPClose:
		tcpClose(r, e)
	}
	r.putEnds(e.Head(), ends{local: e.Local(), remote: e.Remote(), side: decode.Side(e.Side), transport: "tcp"})
	if e.RoundTripUs > 0 {
		r.Attributes().PutDouble(names.ConnectionRoundTripTime, float64(e.RoundTripUs)/1e6)
	}
}

func tcpRepeat(r Record, e *decode.TCPRepeat) bool {
	attributes := r.Attributes()
	attributes.EnsureCapacity(18)
	var sentence string
	switch e.Kind {
	case decode.KindTCPConnect:
		r.SetEventName(names.EventTCPConnect)
		sentence = fmt.Sprintf("connected to %s", e.Remote)
		if e.Error != 0 {
			reason := errorName(syscall.Errno(e.Error))
			attributes.PutStr(names.ErrorType, reason)
			attributes.PutInt(names.ConnectionRetransmits, int64(e.Retransmits))
			sentence = fmt.Sprintf("could not connect to %s: %s", e.Remote, reason)
		}
	case decode.KindTCPAccept:
		r.SetEventName(names.EventTCPAccept)
		sentence = fmt.Sprintf("accepted a connection from %s on port %d", farEnd(e.Remote), e.Local.Port())
	case decode.KindTCPClose:
		r.SetEventName(names.EventTCPClose)
		attributes.PutInt(names.ConnectionBytesSent, int64(e.BytesSent))
		attributes.PutInt(names.ConnectionBytesReceived, int64(e.BytesReceived))
		attributes.PutInt(names.ConnectionRetransmits, int64(e.Retransmits))
		sentence = fmt.Sprintf("ended a connection with %s", farEnd(e.Remote))
	default:
		return false
	}
	r.Body().SetStr(fmt.Sprintf("%s %s, %d times more", r.subject(e.Head()), sentence, e.Count))
	if e.DurationNs > 0 {
		attributes.PutDouble(names.ConnectionDuration, seconds(e.DurationNs))
	}
	r.putEnds(e.Head(), ends{local: e.Local, remote: e.Remote, side: e.Side, transport: "tcp"})
	attributes.PutInt(names.RepeatCount, int64(e.Count))
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

// farEnd leaves out a port that is not known.
func farEnd(remote netip.AddrPort) string {
	if remote.Port() == 0 {
		return remote.Addr().String()
	}
	return remote.String()
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
