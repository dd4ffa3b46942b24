// SPDX-License-Identifier: Apache-2.0

package decode

import (
	ipcbpf "github.com/meerkat-otel/meerkat/bpf/ipc"
)

// Kinds of the tracer "ipc". IPCRepeat is made in user space.
const (
	KindIPCGet     = uint16(ipcbpf.IPCIpcKindIPC_GET)
	KindIPCAttach  = uint16(ipcbpf.IPCIpcKindIPC_ATTACH)
	KindIPCRemove  = uint16(ipcbpf.IPCIpcKindIPC_REMOVE)
	KindIPCOpen    = uint16(ipcbpf.IPCIpcKindIPC_OPEN)
	KindIPCCreate  = uint16(ipcbpf.IPCIpcKindIPC_CREATE)
	KindIPCConnect = uint16(ipcbpf.IPCIpcKindIPC_CONNECT)
	KindIPCRepeat  = uint16(ipcbpf.IPCIpcKindIPC_REPEAT)
)

// IPCObject is what processes share.
type IPCObject uint16

// Values of IPCObject.
const (
	IPCSharedMemory      = IPCObject(ipcbpf.IPCIpcObjectOBJECT_SHARED_MEMORY)
	IPCMessageQueue      = IPCObject(ipcbpf.IPCIpcObjectOBJECT_MESSAGE_QUEUE)
	IPCSemaphores        = IPCObject(ipcbpf.IPCIpcObjectOBJECT_SEMAPHORES)
	IPCPosixMessageQueue = IPCObject(ipcbpf.IPCIpcObjectOBJECT_POSIX_MESSAGE_QUEUE)
	IPCUnixSocket        = IPCObject(ipcbpf.IPCIpcObjectOBJECT_UNIX_SOCKET)
	IPCNamedPipe         = IPCObject(ipcbpf.IPCIpcObjectOBJECT_NAMED_PIPE)
)

// What IPCFacts.Access may say, together.
const (
	IPCRead  = uint16(ipcbpf.IPCIpcAccessACCESS_READ)
	IPCWrite = uint16(ipcbpf.IPCIpcAccessACCESS_WRITE)
)

// IPCFacts are what makes two events one and a repeat.
type IPCFacts = ipcbpf.IPCIpcFacts

// IPC is something that was done with what processes share. Header.Kind tells what.
type IPC struct {
	*ipcbpf.IPCIpcEvent
	head *Header
	// Name is a path, the name of a queue without its slash, or that of a unix socket.
	Name []byte
	// PeerName is the name that the other end of a connection has bound.
	PeerName []byte
}

// Head implements Event.
func (e *IPC) Head() *Header { return e.head }

// Other implements Pair: it is the other end of a connection.
func (e *IPC) Other() *Header { return headerOf(&e.Peer) }

func (e *IPC) has(flag ipcbpf.IPCIpcFlags) bool { return ipcbpf.IPCIpcFlags(e.Flags)&flag != 0 }

// MayCreate reports that the object is made if it isn't there.
func (e *IPC) MayCreate() bool { return e.has(ipcbpf.IPCIpcFlagsIPC_MAY_CREATE) }

// NameCut reports that the name lacks its end.
func (e *IPC) NameCut() bool { return e.has(ipcbpf.IPCIpcFlagsIPC_NAME_CUT) }

// NotDeduplicated reports that the event may repeat an earlier one.
func (e *IPC) NotDeduplicated() bool { return e.has(ipcbpf.IPCIpcFlagsIPC_NOT_DEDUPLICATED) }

// IPCRepeat says how often something happened again in its time window. It is not decoded from a record but
// made of a count that the kernel kept.
type IPCRepeat struct {
	Header Header
	Peer   Header
	Facts  IPCFacts
	Name   []byte
	Count  uint64
}

// Head implements Event.
func (e *IPCRepeat) Head() *Header { return &e.Header }

// Other implements Pair. Nothing is known of it but which process it is.
func (e *IPCRepeat) Other() *Header { return &e.Peer }

// NewIPCRepeat makes the event of an entry of the deduplication map.
func NewIPCRepeat(key *ipcbpf.IPCIpcSeenKey, count *ipcbpf.IPCSeenCount) *IPCRepeat {
	peer := ProcessKey{StartTimeNs: key.Facts.Peer.StartTimeNs, Pid: key.Facts.Peer.Pid}
	return &IPCRepeat{
		Header: repeatHeader(KindIPCRepeat, ProcessKey{StartTimeNs: key.Process.StartTimeNs, Pid: key.Process.Pid}, seenCountOf(count)),
		Peer:   Header{Process: peer},
		Facts:  key.Facts,
		Name:   key.Name[:min(int(key.Facts.NameBytes), len(key.Name))],
		Count:  count.Repeats,
	}
}

type ipcDecoder struct {
	ipc IPC
}

// NewIPC returns a decoder for the records of the tracer "ipc".
func NewIPC() Decoder { return &ipcDecoder{} }

// Decode implements Decoder.
func (d *ipcDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind > KindIPCConnect {
		return nil, ErrUnknownKind
	}
	e, rest, err := view[ipcbpf.IPCIpcEvent](record)
	if err != nil {
		return nil, err
	}
	t := tail{rest: rest}
	d.ipc = IPC{IPCIpcEvent: e, head: header, Name: t.next(int(e.Facts.NameBytes)), PeerName: t.next(int(e.PeerNameBytes))}
	return &d.ipc, t.end()
}
