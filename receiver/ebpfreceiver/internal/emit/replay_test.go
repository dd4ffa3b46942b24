// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	"github.com/meerkat-otel/meerkat/internal/redaction"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/dns"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

const (
	// observationDelay is how long after an event it is taken for read.
	observationDelay  = 100 * time.Millisecond
	replayEntriesMax  = 100
	replayAncestorMax = 8
)

// replay takes records the way that the receiver takes them: decode, identify, emit. It stands in for
// the kernel, the clock and the host.
type replay struct {
	t         testing.TB
	clock     *process.Clock
	processes *process.Table
	workloads *process.Workloads
	sessions  *process.Sessions
	// containerdState is a folder that pretends to be containerd's.
	containerdState string
	options         emit.ProcessOptions
	streams         map[string]*replayStream
	paths           map[filebpf.FileFileSeenKey]string
	// lookups takes the messages of name servers.
	lookups *dns.Matcher
}

type replayStream struct {
	kinds   []string
	decoder decode.Decoder
	emitter emit.Emitter
	logs    *emit.Logs
	skipped []string
}

func newReplay(t testing.TB) *replay {
	t.Helper()
	state := t.TempDir()
	clock := process.NewClock()
	redactor, err := redaction.New(redaction.KeysDefault)
	require.NoError(t, err)
	r := &replay{
		t: t, clock: clock, containerdState: state,
		processes: process.NewTable(clock, replayEntriesMax),
		workloads: process.NewWorkloads(process.Hierarchy{}, container.NewFinder(container.Settings{Containerd: []string{state}}), replayEntriesMax),
		options:   emit.ProcessOptions{Redact: redactor},
		streams:   map[string]*replayStream{},
		paths:     map[filebpf.FileFileSeenKey]string{},
	}
	r.sessions = process.NewSessions(replayEntriesMax, 0, r.processes.Exited)
	scope := emit.Scope{Name: "github.com/meerkat-otel/meerkat/receiver/ebpfreceiver", Version: "0.0.0"}
	host := emit.Host{Name: "node1", ID: "5d9c3f0e7a1b4c2d8e6f0a1b2c3d4e5f", Arch: "amd64"}
	peers := dns.NewNames()
	r.lookups = dns.NewMatcher(peers)
	emitters := emit.Emitters(emit.Options{
		Process: r.options, Crashes: emit.NewCrashHistory(replayEntriesMax),
		// The recordings are of this architecture, wherever they are replayed.
		SyscallName: func(number uint32, isCompat bool) string { return tracer.SyscallName("amd64", number, isCompat) },
	})
	for _, spec := range tracer.Specs() {
		r.streams[spec.Name] = &replayStream{
			kinds: spec.Kinds, decoder: decode.Decoders()[spec.Name](), emitter: emitters[spec.Name],
			logs: emit.NewLogs(scope, host, clock),
		}
		r.streams[spec.Name].logs.NamePeers(peers)
	}
	return r
}

// step takes one step of a scenario, and updates it if that is asked for.
func (r *replay) step(step *txtar.File) {
	r.t.Helper()
	first, rest, _ := strings.Cut(step.Name, " ")
	if s, ok := r.streams[first]; ok {
		r.streamStep(s, rest, step)
		return
	}
	if first == "bundle" {
		require.NoError(r.t, os.WriteFile(filepath.Join(r.addContainer(rest), "config.json"), step.Data, 0o600))
		return
	}
	switch step.Name {
	case "boot":
		r.clock.SetOffset(parseBoot(r.t, step.Data))
	case "options":
		for _, option := range lines(step.Data) {
			key, found := strings.CutPrefix(option, "environment ")
			if found {
				r.options.EnvironmentKeys = append(r.options.EnvironmentKeys, key)
			} else {
				require.Equal(r.t, "fork", option)
				r.options.Fork = true
			}
		}
		r.streams["process"].emitter = emit.Process(r.options)
	case "cgroups":
		for _, line := range lines(step.Data) {
			r.addCgroup(line)
		}
	case "containers":
		for _, name := range lines(step.Data) {
			r.addContainer(name)
		}
	default:
		r.t.Fatalf("there is no step %q", step.Name)
	}
}

// addContainer pretends that containerd has a container, namespace/id, and returns its folder.
func (r *replay) addContainer(name string) string {
	r.t.Helper()
	folder := filepath.Join(r.containerdState, "io.containerd.runtime.v2.task", filepath.Clean("/"+name))
	require.NoError(r.t, os.MkdirAll(folder, 0o700))
	return folder
}

// addCgroup pretends that a cgroup was made, which is how one can be added without a file system.
func (r *replay) addCgroup(line string) {
	r.t.Helper()
	e := &decode.ProcessCgroup{ProcessCgroupEvent: &processbpf.ProcessCgroupEvent{}}
	var path string
	_, err := fmt.Sscan(line, &e.Header.CgroupId, &path)
	require.NoError(r.t, err, line)
	e.Header.Kind, e.Path = decode.KindProcessCgroupMkdir, []byte(path)
	r.workloads.Changed(e)
}

func (r *replay) streamStep(s *replayStream, what string, step *txtar.File) {
	r.t.Helper()
	switch what {
	case "snapshot":
		_, err := r.processes.ReadSnapshot(bytes.NewReader(undump(r.t, step.Data)), r.workloads.Running)
		require.NoError(r.t, err)
	case "seen":
		r.seen(s, step.Name, undump(r.t, step.Data))
	case "flow closed":
		flow := undumpedFlow(r.t, undump(r.t, step.Data))
		flow.State = decode.FlowClosed
		who, _ := r.identify(flow)
		r.emit(s, flow, who)
	case "time":
		now, err := strconv.ParseUint(strings.TrimSpace(string(step.Data)), 10, 64)
		require.NoError(r.t, err)
		r.lookups.Expire(now, time.Second, r.lookedUp)
	case "logs":
		r.result(step, asJSON(r.t, s.logs.Take()))
	case "skipped":
		r.result(step, formatLines(s.skipped))
		s.skipped = nil
	default:
		r.record(s, what, undump(r.t, step.Data))
	}
}

// result compares what came out with what stands in the scenario.
func (r *replay) result(step *txtar.File, got []byte) {
	r.t.Helper()
	if *update {
		step.Data = got
		return
	}
	assert.Equal(r.t, string(step.Data), string(got), "step %q; go test -update accepts what came out", step.Name)
}

func (r *replay) record(s *replayStream, kind string, record []byte) {
	r.t.Helper()
	event, err := s.decoder.Decode(record)
	if kind == "corrupt" {
		require.Error(r.t, err)
		s.skipped = append(s.skipped, err.Error())
		return
	}
	require.NoError(r.t, err, "a record of kind %s", kind)
	require.Equal(r.t, kind, s.kinds[event.Head().Kind])
	if message, ok := event.(*decode.DNSMessage); ok {
		require.True(r.t, r.lookups.Take(message, r.lookedUp))
		return
	}
	r.remember(event)
	who, repeated := r.identify(event)
	if !repeated {
		r.emit(s, event, who)
	}
}

func (r *replay) emit(s *replayStream, event decode.Event, who emit.Who) {
	s.logs.Append(event, who, r.clock.Time(event.Head().TimeNs).Add(observationDelay), s.emitter)
}

func (r *replay) lookedUp(lookup *decode.DNSLookup) {
	who, _ := r.identify(lookup)
	r.emit(r.streams["dns"], lookup, who)
}

// identify is what the receiver does with the events of the tracer "process", and with all others. An event
// that is repeated, or of no session in a container, is not reported.
func (r *replay) identify(event decode.Event) (who emit.Who, repeated bool) {
	who.Process, who.Outcome = r.processes.Lookup(event.Head())
	first := true
	switch e := event.(type) {
	case *decode.ProcessExec:
		who.Process, who.Outcome = r.processes.Exec(e), process.Found
		who.Ancestors = r.processes.Ancestors(who.Process, replayAncestorMax, nil)
		who.IsRuntime = r.workloads.IsRuntime(e, who.Ancestors)
	case *decode.ProcessFork:
		who.Process, who.Outcome = r.processes.Fork(e), process.Found
	case *decode.ProcessExit:
		who.Process, first = r.processes.Exit(e)
	case *decode.ProcessCgroup:
		r.workloads.Changed(e)
	}
	who.Workload = r.workloads.Settled(r.workloads.Lookup(event.Head().CgroupId))
	if pair, ok := event.(decode.Pair); ok {
		who.Other = &emit.Who{Workload: r.workloads.Lookup(pair.Other().CgroupId)}
		who.Other.Process, who.Other.Outcome = r.processes.Lookup(pair.Other())
	}
	if elsewhere, ok := event.(decode.Elsewhere); ok && elsewhere.OtherCgroup() != 0 {
		who.Elsewhere = r.workloads.Lookup(elsewhere.OtherCgroup())
	}
	switch e := event.(type) {
	case *decode.TTYSession:
		e.Source, first = r.sessions.Begin(e, who.Workload, r.workloads.Lookup(e.ParentCgroupId))
	case *decode.TTYSessionEnd:
		e.Source, first = r.sessions.End(e)
	}
	return who, !first
}

// end checks that a scenario has looked at everything that came out.
func (r *replay) end() {
	r.t.Helper()
	for tracer, s := range r.streams {
		require.Zero(r.t, s.logs.Len(), "tracer %s: events without a step that expects them", tracer)
		require.Empty(r.t, s.skipped, "tracer %s: skipped records without a step that expects them", tracer)
	}
}
