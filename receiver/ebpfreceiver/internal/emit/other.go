// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// otherNames are the attributes that tell of an event's second process who it is.
type otherNames struct {
	pid, creationTime, executablePath, executableName, threadName, userID, cgroupPath, cgroupID, containerID string
}

// putOther adds what is known of the second process, its workload only if that is another one.
func (r Record) putOther(n otherNames, h *decode.Header) {
	who, attributes := r.Who.Other, r.Attributes()
	if who == nil || h.Process.Pid == 0 {
		return
	}
	attributes.PutInt(n.pid, int64(h.Process.Pid))
	attributes.PutStr(n.creationTime, formatTime(who.Process.CreationTime))
	name := who.Process.ExecutableName()
	if name != "" {
		attributes.PutStr(n.executablePath, who.Process.Executable.Value())
		attributes.PutStr(n.executableName, name)
	}
	if comm := decode.UntilNUL(h.Comm[:]); !isNameOf(comm, name) {
		attributes.PutStr(n.threadName, text(comm))
	}
	attributes.PutInt(n.userID, int64(h.Uid))
	if h.CgroupId == r.Who.Workload.CgroupID {
		return
	}
	if path := who.Workload.CgroupPath; path != "" {
		attributes.PutStr(n.cgroupPath, text([]byte(path)))
	} else {
		attributes.PutInt(n.cgroupID, int64(h.CgroupId))
	}
	if id := who.Workload.Container.ID; id != "" {
		attributes.PutStr(n.containerID, id)
	}
}

// other is how a sentence for people names the second process.
func (r Record) other(h *decode.Header) string {
	if r.Who.Other == nil {
		return nameOf("", h)
	}
	return nameOf(r.Who.Other.Process.ExecutableName(), h)
}
