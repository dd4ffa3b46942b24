// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// TTY is the emitter of the tracer "tty".
func TTY(r Record, event decode.Event) bool {
	switch e := event.(type) {
	case *decode.TTYSession:
		session(r, e)
	case *decode.TTYSessionEnd:
		r.SetEventName(names.EventTTYSessionEnd)
		r.Attributes().PutStr(names.TTYSource, e.Source)
		r.Attributes().PutDouble(names.TTYDuration, seconds(e.DurationNs))
		r.Body().SetStr(fmt.Sprintf("%s's session ended after %.1f s", r.subject(e.Head()), seconds(e.DurationNs)))
	default:
		return false
	}
	return true
}

func session(r Record, e *decode.TTYSession) {
	attributes := r.Attributes()
	attributes.EnsureCapacity(18)
	r.SetEventName(names.EventTTYSession)
	attributes.PutStr(names.TTYSource, e.Source)
	where := "without a terminal"
	if tty := text(e.TTY); tty != "" {
		attributes.PutStr(names.ProcessTTY, tty)
		where = "at terminal " + tty
	}
	r.Body().SetStr(fmt.Sprintf("%s was started in a container, %s", r.subject(e.Head()), where))
	if e.RealUid != e.Header.Uid {
		attributes.PutInt(names.ProcessRealUserID, int64(e.RealUid))
	}
	attributes.PutInt(names.ProcessSessionLeaderPID, int64(e.Session))
	if e.Vpid != e.Header.Process.Pid {
		attributes.PutInt(names.ProcessVPID, int64(e.Vpid))
	}
	r.putParent()
}
