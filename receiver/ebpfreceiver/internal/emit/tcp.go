// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
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
	r.Attributes().EnsureCapacity(19)
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
