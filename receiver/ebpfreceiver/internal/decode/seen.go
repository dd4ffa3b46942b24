// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"unsafe"

	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
)

// seenCount is struct seen_count of bpf/include/seen.h.
type seenCount = socketbpf.SocketSeenCount

// seenCountOf takes the type that an object has of its own for a seenCount; a test compares them.
func seenCountOf[T any](count *T) *seenCount { return (*seenCount)(unsafe.Pointer(count)) }

// repeatHeader is the header of an event that is made of a count: of the last time that the thing happened.
func repeatHeader(kind uint16, process ProcessKey, count *seenCount) Header {
	return Header{
		TimeNs: count.LastTimeNs, Process: process, ExecId: count.ExecId, CgroupId: count.CgroupId,
		Tid: process.Pid, Uid: count.Uid, Gid: count.Gid, Kind: kind,
	}
}
