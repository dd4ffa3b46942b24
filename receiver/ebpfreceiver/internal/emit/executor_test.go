// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"testing"
	"time"
	"unique"

	"github.com/stretchr/testify/assert"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// The executor is the nearest process above that has executed something, told only if it is not the parent.
func TestExec_executor(t *testing.T) {
	type above struct {
		pid        uint32
		execs      uint64
		executable string
	}
	for name, c := range map[string]struct {
		above []above
		want  any
	}{
		"no ancestors are known":              {nil, nil},
		"the parent executed something":       {[]above{{10, 5, "/bin/sh"}, {9, 4, "/bin/sh"}}, nil},
		"only the parent is known":            {[]above{{10, 5, "/bin/sh"}}, nil},
		"a subshell":                          {[]above{{10, 5, "/bin/sh"}, {9, 5, "/bin/sh"}, {8, 4, "/sbin/init"}}, int64(9)},
		"a subshell's subshell":               {[]above{{11, 5, "/bin/sh"}, {10, 5, "/bin/sh"}, {9, 5, "/bin/sh"}, {8, 4, "/sbin/init"}}, int64(9)},
		"the parent's parent went on to cat":  {[]above{{10, 5, "/bin/sh"}, {9, 6, "/bin/cat"}}, nil},
		"as many execs, but another program":  {[]above{{10, 5, "/bin/sh"}, {9, 5, "/bin/cat"}}, nil},
		"nothing that is known has executed":  {[]above{{10, 0, ""}, {9, 0, ""}}, int64(9)},
		"the last that is known is no origin": {[]above{{10, 5, "/bin/sh"}, {9, 5, "/bin/sh"}}, int64(9)},
	} {
		t.Run(name, func(t *testing.T) {
			who := someone("/bin/curl")
			for _, a := range c.above {
				who.Ancestors = append(who.Ancestors, &process.Process{
					Key: process.Key{PID: a.pid}, ExecID: a.execs, Executable: unique.Make(a.executable), CreationTime: bootedAt.Add(time.Second),
				})
			}
			e := &decode.ProcessExec{ProcessExecEvent: &processbpf.ProcessExecEvent{}, Executable: []byte("/bin/curl")}
			e.Header.Process.Pid, e.Header.Tid = 42, 42
			raw := appendOne(t, e, who, emitForks).Attributes().AsRaw()
			assert.Equal(t, c.want, raw[names.ProcessExecutorPID])
			assert.Equal(t, c.want != nil, raw[names.ProcessExecutorCreationTime] != nil)
		})
	}
}
