// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// udpFlows reports what the kernel half has counted of flows. Its state is bounded by the kernel's map: what
// is not in there any more is forgotten.
type udpFlows struct {
	session        *session
	stream         *stream
	idle, interval time.Duration

	// reported are the flows that were reported and go on, with what was said of them.
	reported map[tracer.UDPFlowKey]reportedFlow
	// gone are those whose socket was closed the last time. A packet that was on its way then has been
	// counted when they are found closed again.
	gone map[tracer.UDPFlowKey]struct{}
}

// reportedFlow is what a flow had carried when it was reported.
type reportedFlow struct {
	at                                                     time.Duration
	packetsSent, packetsReceived, bytesSent, bytesReceived uint64
}

func newUDPFlows(s *session, st *stream) *companion {
	f := &udpFlows{
		session: s, stream: st,
		idle: st.config.Tracers.UDP.IdleTimeout, interval: st.config.Tracers.UDP.ReportInterval,
		reported: map[tracer.UDPFlowKey]reportedFlow{},
	}
	return &companion{observe: func(decode.Event) fate { return fateOpen }, tick: f.tick}
}

// flowGrace is how long after a flow has become idle a program may still be counting into it.
const flowGrace = time.Second

// tick reports the flows that are over, those that go on for long, and all of them when last is set, after
// the programs were detached.
func (f *udpFlows) tick(last bool) {
	now := bootTime()
	made := newMadeEvents(f.session, f.stream)
	flows := tracer.UDPFlows(f.stream.tracer)
	reported, gone := map[tracer.UDPFlowKey]reportedFlow{}, map[tracer.UDPFlowKey]struct{}{}
	err := flows.Visit(func(key *tracer.UDPFlowKey, flow *tracer.UDPFlow) (take bool) {
		closed := !decode.UDPFlowOwnerUnknown(flow) && !flows.IsOpen(key.Socket)
		_, wasGone := f.gone[*key]
		before, wasReported := f.reported[*key]
		if !wasReported {
			before.at = time.Duration(flow.Header.TimeNs)
		}
		event := decode.NewUDPFlow(key, flow)
		idle := now-time.Duration(flow.LastNs) >= f.idle+flowGrace
		switch {
		case closed && (wasGone || idle || last):
			event.State = decode.FlowClosed
		case idle:
			event.State = decode.FlowIdle
		case last:
		case now-before.at >= f.interval:
			reported[*key] = reportedFlow{now, flow.PacketsSent, flow.PacketsReceived, flow.BytesSent, flow.BytesReceived}
			before.addTo(made, event)
			return false
		default:
			if wasReported {
				reported[*key] = before
			}
			if closed {
				gone[*key] = struct{}{}
			}
			return false
		}
		before.addTo(made, event)
		return true
	})
	if err != nil {
		f.session.logger.Warn("Flows can't be read", zap.Error(err))
	}
	f.reported, f.gone = reported, gone
	made.flush()
}

// addTo reports what was carried since, if that is anything.
func (r reportedFlow) addTo(made *madeEvents, event *decode.UDPFlow) {
	event.PacketsSent -= r.packetsSent
	event.PacketsReceived -= r.packetsReceived
	event.BytesSent -= r.bytesSent
	event.BytesReceived -= r.bytesReceived
	if event.PacketsSent+event.PacketsReceived > 0 || event.State != decode.FlowActive {
		made.add(event)
	}
}

// bootTime is what the kernel half reads as the time. The session's clock follows the wall clock, which may
// jump.
func bootTime() time.Duration {
	var now unix.Timespec
	// It can't fail: the clock is there since 2.6.39, and the place for the answer is ours.
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &now)
	return time.Duration(now.Nano())
}
