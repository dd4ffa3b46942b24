// SPDX-License-Identifier: Apache-2.0

package decode

import (
	ttybpf "github.com/meerkat-otel/meerkat/bpf/tty"
)

// Kinds of the tracer "tty".
const (
	KindTTYSession    = uint16(ttybpf.TTYTtyKindTTY_SESSION)
	KindTTYSessionEnd = uint16(ttybpf.TTYTtyKindTTY_SESSION_END)
)

// TTYSession is a program that is executed at a terminal, as the first of its session, or by a process that
// is in another cgroup and mount namespace than its parent.
type TTYSession struct {
	*ttybpf.TTYSessionEvent
	head *Header
	// TTY is the name of the terminal, empty if there is none.
	TTY []byte
	// Source is how the session came to be, which only a look at the containers tells.
	Source string
}

// Head implements Event.
func (e *TTYSession) Head() *Header { return e.head }

// OnTerminal tells whether the process leads its session and has a terminal.
func (e *TTYSession) OnTerminal() bool { return e.has(ttybpf.TTYTtyFlagsTTY_ON_TERMINAL) }

// Entered tells whether the process has left the cgroup and the mount namespace of its parent.
func (e *TTYSession) Entered() bool { return e.has(ttybpf.TTYTtyFlagsTTY_ENTERED) }

func (e *TTYSession) has(flag ttybpf.TTYTtyFlags) bool { return ttybpf.TTYTtyFlags(e.Flags)&flag != 0 }

// TTYSessionEnd is the end of the process of a session.
type TTYSessionEnd struct {
	*ttybpf.TTYSessionEndEvent
	head *Header
	// Source is that of the session's start.
	Source string
}

// Head implements Event.
func (e *TTYSessionEnd) Head() *Header { return e.head }

// ttyDecoder holds one event of each type to decode into.
type ttyDecoder struct {
	session TTYSession
	end     TTYSessionEnd
}

// NewTTY returns a decoder for the records of the tracer "tty".
func NewTTY() Decoder { return &ttyDecoder{} }

// Decode implements Decoder.
func (d *ttyDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	switch header.Kind {
	case KindTTYSession:
		d.session = TTYSession{head: header}
		if err := fixed(&d.session.TTYSessionEvent, record); err != nil {
			return &d.session, err
		}
		d.session.TTY = UntilNUL(d.session.Tty[:])
		return &d.session, nil
	case KindTTYSessionEnd:
		d.end = TTYSessionEnd{head: header}
		return &d.end, fixed(&d.end.TTYSessionEndEvent, record)
	}
	return nil, ErrUnknownKind
}
