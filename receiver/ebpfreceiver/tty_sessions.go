// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// errNoSession is what identify says of a process that is nobody's session in a container.
var errNoSession = errors.New("the process is no session in a container")

// identifySessions adds to an event of the tracer "tty" how the session came to be.
func identifySessions(s *session, lookup identify) identify {
	sessions := process.NewSessions(tracer.TTYSessionsMax, uint64(s.identity.clock.BootTime()), s.identity.processes.Exited)
	return func(event decode.Event) (emit.Who, error) {
		who, err := lookup(event)
		if err != nil {
			return who, err
		}
		isSession := false
		switch e := event.(type) {
		case *decode.TTYSession:
			e.Source, isSession = sessions.Begin(e, who.Workload, s.identity.workloads.Lookup(e.ParentCgroupId))
		case *decode.TTYSessionEnd:
			e.Source, isSession = sessions.End(e)
		}
		if !isSession {
			return who, errNoSession
		}
		return who, nil
	}
}
