// SPDX-License-Identifier: Apache-2.0

package decode

import (
	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
)

// seenCount is struct seen_count of bpf/include/seen.h, which each object has a type of its own for.
type seenCount = socketbpf.SocketSeenCount

// repeatHeader is the header of an event that is made of a count: of the last time that the thing happened.
func repeatHeader(kind uint16, process ProcessKey, count seenCount) Header {
	return Header{
		TimeNs: count.LastTimeNs, Process: process, ExecId: count.ExecId, CgroupId: count.CgroupId,
		Tid: process.Pid, Uid: count.Uid, Gid: count.Gid, Kind: kind,
	}
}
