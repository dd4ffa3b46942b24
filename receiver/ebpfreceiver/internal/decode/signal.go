// SPDX-License-Identifier: Apache-2.0

package decode

import (
	signalbpf "github.com/meerkat-otel/meerkat/bpf/signal"
)

// KindSignalSend is the kind of the tracer "signal".
const KindSignalSend = uint16(signalbpf.SignalSignalKindSIGNAL_SEND)

// SignalCrossing says why a signal is worth an event.
type SignalCrossing uint8

// What SignalCrossing may say, together.
const (
	SignalAcrossUsers   = SignalCrossing(signalbpf.SignalSignalCrossingSIGNAL_ACROSS_USERS)
	SignalAcrossCgroups = SignalCrossing(signalbpf.SignalSignalCrossingSIGNAL_ACROSS_CGROUPS)
	SignalToInit        = SignalCrossing(signalbpf.SignalSignalCrossingSIGNAL_TO_INIT)
)

// SignalHandling is what a process does with a signal.
type SignalHandling uint8

// Values of SignalHandling.
const (
	SignalDefault = SignalHandling(signalbpf.SignalSignalHandlingSIGNAL_DEFAULT)
	SignalIgnored = SignalHandling(signalbpf.SignalSignalHandlingSIGNAL_IGNORED)
	SignalCaught  = SignalHandling(signalbpf.SignalSignalHandlingSIGNAL_CAUGHT)
)

// SignalResult is what became of a signal when it was sent.
type SignalResult uint8

// Values of SignalResult.
const (
	SignalDelivered     = SignalResult(signalbpf.SignalSignalResultSIGNAL_DELIVERED)
	SignalNotWanted     = SignalResult(signalbpf.SignalSignalResultSIGNAL_NOT_WANTED)
	SignalOverflow      = SignalResult(signalbpf.SignalSignalResultSIGNAL_OVERFLOW)
	SignalWithoutSender = SignalResult(signalbpf.SignalSignalResultSIGNAL_WITHOUT_SENDER)
)

// Signal is a signal that was sent. Its header is that of the sender.
type Signal struct {
	*signalbpf.SignalSignalEvent
	head *Header
}

// Head implements Event.
func (e *Signal) Head() *Header { return e.head }

// Other implements Pair: it is the target.
func (e *Signal) Other() *Header { return headerOf(&e.Target) }

type signalDecoder struct {
	signal Signal
}

// NewSignal returns a decoder for the records of the tracer "signal".
func NewSignal() Decoder { return &signalDecoder{} }

// Decode implements Decoder.
func (d *signalDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind != KindSignalSend {
		return nil, ErrUnknownKind
	}
	d.signal.head = header
	return &d.signal, fixed(&d.signal.SignalSignalEvent, record)
}
