// SPDX-License-Identifier: Apache-2.0

package decode

import (
	oombpf "github.com/meerkat-otel/meerkat/bpf/oom"
)

// KindOOMKill is the kind of the tracer "oom".
const KindOOMKill = uint16(oombpf.OOMOomKindOOM_KILL)

// OOMConstraint says what has run out.
type OOMConstraint uint32

// Values of OOMConstraint.
const (
	OOMGlobal       = OOMConstraint(oombpf.OOMOomConstraintOOM_GLOBAL)
	OOMMemoryCgroup = OOMConstraint(oombpf.OOMOomConstraintOOM_MEMORY_CGROUP)
	OOMUnknown      = OOMConstraint(oombpf.OOMOomConstraintOOM_UNKNOWN)
)

// OOMKill is a process that the kernel kills because memory has run out. Its header is that of the victim.
type OOMKill struct {
	*oombpf.OOMOomEvent
	head *Header
}

// Head implements Event.
func (e *OOMKill) Head() *Header { return e.head }

// Other implements Pair: it is the process that asked for memory.
func (e *OOMKill) Other() *Header { return headerOf(&e.Trigger) }

// OtherCgroup implements Elsewhere: it is the cgroup that has reached its limit.
func (e *OOMKill) OtherCgroup() uint64 { return e.FullCgroupId }

type oomDecoder struct {
	kill OOMKill
}

// NewOOM returns a decoder for the records of the tracer "oom".
func NewOOM() Decoder { return &oomDecoder{} }

// Decode implements Decoder.
func (d *oomDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind != KindOOMKill {
		return nil, ErrUnknownKind
	}
	d.kill.head = header
	return &d.kill, fixed(&d.kill.OOMOomEvent, record)
}
