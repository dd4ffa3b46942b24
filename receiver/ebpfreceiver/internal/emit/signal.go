// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Signal is the emitter of the tracer "signal".
func Signal(r Record, event decode.Event) bool {
	e, ok := event.(*decode.Signal)
	if !ok {
		return false
	}
	name := signalName(int(e.Number))
	target := e.Other()
	attributes := r.Attributes()
	attributes.EnsureCapacity(26)
	r.SetEventName(names.EventSignalSend)
	r.Body().SetStr(fmt.Sprintf("%s sent %s to %s (pid %d)", r.subject(e.Head()), name, r.other(target), target.Process.Pid))
	attributes.PutStr(names.SignalName, name)
	attributes.PutInt(names.SignalNumber, int64(e.Number))
	attributes.PutStr(names.SignalCode, signalCode(e.Code))
	putCrossings(r, decode.SignalCrossing(e.Crossings))
	attributes.PutStr(names.SignalResult, signalResult(decode.SignalResult(e.Result)))
	attributes.PutStr(names.SignalHandling, signalHandling(decode.SignalHandling(e.Handling)))
	r.putOther(signalTarget(), target)
	return true
}

func putCrossings(r Record, crossings decode.SignalCrossing) {
	list := r.Attributes().PutEmptySlice(names.SignalCrosses)
	for _, c := range []struct {
		crossing decode.SignalCrossing
		name     string
	}{{decode.SignalAcrossUsers, "user"}, {decode.SignalAcrossCgroups, "cgroup"}, {decode.SignalToInit, "init"}} {
		if crossings&c.crossing != 0 {
			list.AppendEmpty().SetStr(c.name)
		}
	}
}

func signalResult(r decode.SignalResult) string {
	switch r {
	case decode.SignalDelivered, decode.SignalWithoutSender:
		return "delivered"
	case decode.SignalNotWanted:
		return "ignored"
	case decode.SignalOverflow:
		return "overflow"
	}
	return strconv.Itoa(int(r))
}

func signalHandling(h decode.SignalHandling) string {
	switch h {
	case decode.SignalDefault:
		return "default"
	case decode.SignalIgnored:
		return "ignore"
	}
	return "handler"
}

// signalCode names how a process sent a signal, as sigaction(2) does.
func signalCode(code int32) string {
	switch code {
	case 0:
		return "SI_USER"
	case -1:
		return "SI_QUEUE"
	case -2:
		return "SI_TIMER"
	case -3:
		return "SI_MESGQ"
	case -4:
		return "SI_ASYNCIO"
	case -5:
		return "SI_SIGIO"
	case -6:
		return "SI_TKILL"
	}
	return strconv.Itoa(int(code))
}

// firstRealtimeSignal is SIGRTMIN of C libraries: they keep the two before it for themselves.
const firstRealtimeSignal = 34

// signalName is the symbol of a signal, as in signal(7).
func signalName(number int) string {
	if name := unix.SignalName(syscall.Signal(number)); name != "" {
		return name
	}
	if number >= firstRealtimeSignal {
		return "SIGRTMIN+" + strconv.Itoa(number-firstRealtimeSignal)
	}
	return "signal " + strconv.Itoa(number)
}

// signalTarget are the attributes of a signal's target.
func signalTarget() otherNames {
	return otherNames{
		pid: names.SignalTargetPID, creationTime: names.SignalTargetCreationTime,
		executablePath: names.SignalTargetExecutablePath, executableName: names.SignalTargetExecutableName,
		threadName: names.SignalTargetThreadName, userID: names.SignalTargetUserID,
		cgroupPath: names.SignalTargetCgroupPath, cgroupID: names.SignalTargetCgroupID, containerID: names.SignalTargetContainerID,
	}
}

// SignalCounts are the counts per workload of the tracer "signal".
func SignalCounts() []Count {
	return []Count{{Field: "sends", Metric: names.SignalSends()}}
}
