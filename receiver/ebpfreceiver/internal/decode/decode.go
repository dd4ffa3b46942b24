// SPDX-License-Identifier: Apache-2.0

// Package decode turns the bytes of a ring buffer record into a typed event.
//
// An event is a view of the record: it allocates nothing, and it is valid as long as the record is,
// and until the next call of the same decoder. The structs are generated from the C source of the
// kernel half, so there is one definition of each. The package does no input or output and trusts no
// length that it has not checked.
package decode

import (
	"bytes"
	"errors"
	"unsafe"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
)

// Reasons why a record can't be decoded. A record with such a fault is counted and skipped.
var (
	ErrTooShort    = errors.New("record is shorter than its event")
	ErrTooLong     = errors.New("record is longer than its event")
	ErrUnknownKind = errors.New("record is of an unknown kind")
)

// Header is what every event starts with: when it happened and which process it belongs to.
type Header = processbpf.ProcessEventHeader

// HeldBack reports that more events of its kind happened in its workload than the rate that is set: it is
// read for what it tells of processes, and no more.
func HeldBack(h *Header) bool {
	return h.Flags&uint16(processbpf.ProcessEventFlagsEVENT_HELD_BACK) != 0
}

// ProcessKey identifies a process by pid and start time.
type ProcessKey = processbpf.ProcessProcessKey

// PathFlags says how well a path could be resolved.
type PathFlags uint8

// What PathFlags may say; as enum path_flags of bpf/include/path.h.
const (
	PathCut         = PathFlags(processbpf.ProcessPathFlagsPATH_CUT)
	PathDeleted     = PathFlags(processbpf.ProcessPathFlagsPATH_DELETED)
	PathUnreachable = PathFlags(processbpf.ProcessPathFlagsPATH_UNREACHABLE)
)

// Event is a decoded record.
type Event interface {
	// Head returns the part that all events share.
	Head() *Header
}

// Decoder decodes the records of one tracer. It reuses its events, so each reader needs its own.
type Decoder interface {
	// Decode returns a view of the record, or one of the errors above.
	Decode(record []byte) (Event, error)
}

// Decoders lists what makes a decoder, by the name of the tracer.
func Decoders() map[string]func() Decoder {
	return map[string]func() Decoder{
		"process":   NewProcess,
		"file":      NewFile,
		"tcp":       NewTCP,
		"socket":    NewSocket,
		"ipc":       NewIPC,
		"udp":       NewUDP,
		"dns":       NewDNS,
		"tty":       NewTTY,
		"signal":    NewSignal,
		"oom":       NewOOM,
		"crash":     NewCrash,
		"privilege": NewPrivilege,
		"mount":     NewMount,
	}
}

// Kind returns the kind of the event in a record without decoding the rest, for accounting.
func Kind(record []byte) (uint16, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return 0, err
	}
	return header.Kind, nil
}

// view returns the start of a record as the struct that the kernel wrote there, and what follows it.
func view[T any](record []byte) (*T, []byte, error) {
	var t T
	if len(record) < int(unsafe.Sizeof(t)) {
		return nil, nil, ErrTooShort
	}
	return (*T)(unsafe.Pointer(unsafe.SliceData(record))), record[unsafe.Sizeof(t):], nil
}

// tail cuts strings off the end of a record, in the order in which the kernel put them there.
type tail struct {
	rest []byte
	err  error
}

func (t *tail) next(length int) []byte {
	if length < 0 || length > len(t.rest) {
		t.err, t.rest = ErrTooShort, nil
		return nil
	}
	taken := t.rest[:length]
	t.rest = t.rest[length:]
	return taken
}

// end reports whether the strings were there and nothing behind them.
func (t *tail) end() error {
	if t.err == nil && len(t.rest) > 0 {
		return ErrTooLong
	}
	return t.err
}

// UntilNUL is the text in a fixed array that ends at the first zero byte or at its end.
func UntilNUL(array []byte) []byte {
	before, _, _ := bytes.Cut(array, []byte{0})
	return before
}
