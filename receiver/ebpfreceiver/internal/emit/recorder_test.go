// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/ring"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

var record = flag.Bool("record", false, "record the scenarios anew from the kernel that the tests run on; needs root")

// recordedCapabilities are all of them.
const recordedCapabilities = 1<<64 - 1

const (
	recorderRingBytes = 4 << 20
	// recorderPatience is how long the recorder waits for others.
	recorderPatience = 30 * time.Second
	// settleTime is for what the kernel does on its own after the processes are gone.
	settleTime     = time.Second
	recorderFolder = "/tmp/scenario"
)

// tracerRecords is one tracer and what it has written.
type tracerRecords struct {
	tracer  *tracer.Tracer
	reader  *ring.Reader
	decoder decode.Decoder

	mu      sync.Mutex
	records [][]byte
	ended   chan error
}

// recorder keeps the raw records of tracers.
type recorder struct {
	t       *testing.T
	tracers map[string]*tracerRecords
	// snapshot has the records of the iterator, without their lengths.
	snapshot [][]byte
	// seen has the entries of the maps of repeated events, key and count, by tracer.
	seen map[string][][]byte
	// flows has the entries of the map of flows, likewise.
	flows [][]byte
}

// hierarchyChoices are the values of enum cgroup_hierarchy_choice in bpf/include/cgroup.h.
var hierarchyChoices = map[string]uint32{"": 0, "memory": 1, "pids": 2, "cpu": 3}

// ownConstants are those of each tracer, as the receiver sets them.
var ownConstants = map[string]map[string]any{
	"process":   tracer.ProcessConstants(),
	"file":      tracer.FileConstants(),
	"tcp":       tracer.TCPConstants(),
	"socket":    tracer.SocketConstants([]uint{1, 2, 10, 16}),
	"ipc":       tracer.IPCConstants(),
	"privilege": tracer.PrivilegeConstants(recordedCapabilities, false),
	"mount":     tracer.MountConstants(),
	"injection": tracer.InjectionConstants(),
}

// startRecorder attaches tracers. The iterator runs afterwards, as in the receiver.
func startRecorder(t *testing.T, constants map[string]any, specs ...tracer.Spec) *recorder {
	t.Helper()
	hierarchy, err := process.FindHierarchy()
	require.NoError(t, err)
	r := &recorder{t: t, tracers: map[string]*tracerRecords{}, seen: map[string][][]byte{}}
	types := btf.NewCache()
	dispatcher := &tracer.Dispatcher{}
	t.Cleanup(func() { require.NoError(t, dispatcher.Close()) })
	settings := tracer.Settings{RingBytes: recorderRingBytes, Dispatcher: dispatcher, Constants: map[string]any{
		"cgroup_hierarchy_choice": hierarchyChoices[hierarchy.Controller],
		"cgroup_hierarchy_id":     int32(hierarchy.ID),
	}}
	common := settings.Constants
	for _, spec := range specs {
		// Tracers have names in common.
		settings.Constants = maps.Clone(common)
		maps.Copy(settings.Constants, ownConstants[spec.Name])
		maps.Copy(settings.Constants, constants)
		live, err := tracer.Load(spec, settings, zaptest.NewLogger(t))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, live.Close()) })
		if spec.Name == "injection" {
			require.NoError(t, tracer.SetInjectionLoaderFiles(live, []string{"/etc/ld.so.conf", "/etc/ld.so.preload"}))
		}
		require.NoError(t, live.Attach(types))
		records := &tracerRecords{tracer: live, decoder: decode.Decoders()[spec.Name](), ended: make(chan error, 1)}
		records.reader, err = ring.NewReader(live.Ring(), ring.WakeupMany, records.keep)
		require.NoError(t, err)
		go func() { records.ended <- records.reader.Run() }()
		r.tracers[spec.Name] = records
	}
	r.readSnapshot(types)
	for name, records := range r.tracers {
		if name == "process" {
			continue
		}
		// What others tell about what was there before goes to their maps and rings.
		output, err := records.tracer.Snapshot(types)
		require.NoError(t, err)
		if output != nil {
			_, err = io.Copy(io.Discard, output)
			require.NoError(t, errors.Join(err, output.Close()))
		}
	}
	return r
}

func (r *tracerRecords) keep(b *ring.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range b.Len() {
		r.records = append(r.records, bytes.Clone(b.Record(i)))
	}
}

func (r *recorder) readSnapshot(types *btf.Cache) {
	output, err := r.tracers["process"].tracer.Snapshot(types)
	require.NoError(r.t, err)
	defer output.Close()
	content, err := io.ReadAll(output)
	require.NoError(r.t, err)
	for len(content) > 0 {
		length := binary.NativeEndian.Uint32(content)
		r.snapshot = append(r.snapshot, bytes.Clone(content[4:4+length]))
		content = content[4+length:]
	}
}

// stop detaches and reads what is left.
func (r *recorder) stop() {
	r.t.Helper()
	for name, records := range r.tracers {
		require.NoError(r.t, records.tracer.Detach())
		records.reader.Flush()
		require.NoError(r.t, records.reader.Close())
		require.NoError(r.t, <-records.ended)
		counters, err := records.tracer.Counters()
		require.NoError(r.t, err)
		for _, c := range counters {
			require.Zero(r.t, c.LostRing+c.LostMap, "tracer %s has lost events: record again", name)
		}
	}
	r.takeSeen()
	if udp, ok := r.tracers["udp"]; ok {
		r.keepFlows(udp.tracer)
	}
}

// shell is a shell that reads its commands from a pipe, in a cgroup of its own.
type shell struct {
	t       *testing.T
	command *exec.Cmd
	stdin   io.WriteCloser
	output  bytes.Buffer
	cgroup  *cgroup
}

// emptyFolder is where a scenario's commands work. It has the same name on every machine.
func emptyFolder(t *testing.T) string {
	t.Helper()
	require.NoError(t, os.RemoveAll(recorderFolder))
	require.NoError(t, os.Mkdir(recorderFolder, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(recorderFolder) })
	return recorderFolder
}

// startShell starts it in an empty folder.
func startShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{t: t, command: exec.Command("/bin/sh"), cgroup: newCgroup(t, "scenario")}
	s.command.Dir = emptyFolder(t)
	s.command.Env = []string{"PATH=/usr/bin:/bin", "HOME=/root", "LANG=C.UTF-8"}
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	stdin, err := s.command.StdinPipe()
	require.NoError(t, err)
	s.stdin = stdin
	require.NoError(t, s.command.Start())
	s.cgroup.join(s.command.Process.Pid)
	return s
}

// run gives the shell its commands and waits for its end.
func (s *shell) run(script string) {
	s.t.Helper()
	_, err := io.WriteString(s.stdin, script)
	require.NoError(s.t, err)
	require.NoError(s.t, s.stdin.Close())
	var exit *exec.ExitError
	if err := s.command.Wait(); !errors.As(err, &exit) {
		require.NoError(s.t, err, s.output.String())
	}
	s.t.Logf("the shell printed: %s", s.output.String())
	time.Sleep(settleTime)
}

// chosen returns the records that match, each with the name of its step, in the order of the ring.
func (r *recorder) chosen(tracerName string, match func(decode.Event) bool) []namedRecord {
	r.t.Helper()
	records, ok := r.tracers[tracerName]
	if !ok {
		return nil
	}
	var all []namedRecord
	for _, record := range records.records {
		event, err := records.decoder.Decode(record)
		require.NoError(r.t, err)
		if match(event) {
			all = append(all, namedRecord{tracerName + " " + records.tracer.Kinds()[event.Head().Kind], record})
		}
	}
	return all
}

type namedRecord struct {
	step  string
	bytes []byte
}

// family matches the events of a process and of all that came from it.
func (r *recorder) family(pid int) func(decode.Event) bool {
	members := map[uint32]bool{uint32(pid): true}
	r.chosen("process", func(e decode.Event) bool {
		if fork, ok := e.(*decode.ProcessFork); ok && members[fork.Parent.Pid] {
			members[fork.Header.Process.Pid] = true
		}
		return false
	})
	return func(e decode.Event) bool { return members[e.Head().Process.Pid] }
}

// snapshotOf returns the iterator's stream with one process alone.
func (r *recorder) snapshotOf(pid int) []byte {
	r.t.Helper()
	decoder := decode.NewProcess()
	i := slices.IndexFunc(r.snapshot, func(record []byte) bool {
		event, err := decoder.Decode(record)
		return err == nil && event.Head().Process.Pid == uint32(pid)
	})
	require.GreaterOrEqual(r.t, i, 0)
	return append(binary.NativeEndian.AppendUint32(nil, uint32(len(r.snapshot[i]))), r.snapshot[i]...)
}

// kernelVersion says where a recording comes from.
func kernelVersion(t *testing.T) string {
	t.Helper()
	var name unix.Utsname
	require.NoError(t, unix.Uname(&name))
	version := regexp.MustCompile(`^\d+\.\d+`).FindString(unix.ByteSliceToString(name.Release[:]))
	return "Linux " + version + ", " + unix.ByteSliceToString(name.Machine[:])
}
