// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// scenarioBoot is when the machines of all scenarios started, so that the times in them are near a
// day that people can tell at a glance.
const scenarioBoot = "2026-11-24T08:00:00Z"

const processSeeds = "../decode/testdata/fuzz/FuzzProcess"

// TestRecord records what the scenarios and the fuzz seeds are made of:
//
//	go test -run TestRecord -record && go test -update
//
// It is no test: without -record there is nothing to do.
func TestRecord(t *testing.T) {
	if !*record {
		return
	}
	t.Run("processes", recordProcesses)
	t.Run("files", recordFiles)
	t.Run("connections", recordConnections)
	t.Run("sockets", recordSockets)
	t.Run("ipc", recordIPC)
	t.Run("flows", recordFlows)
	t.Run("lookups", recordLookups)
	t.Run("signals", recordSignals)
	t.Run("out of memory", recordOOM)
	t.Run("crashes", recordCrashes)
	t.Run("privileges", recordPrivileges)
	t.Run("mounts", recordMounts)
	t.Run("container", recordContainer)
	t.Run("sessions", recordSessions)
	t.Run("injection", recordInjection)
}

// scenario is one that is being written.
type scenario struct {
	t       *testing.T
	name    string
	archive txtar.Archive
}

// recordedScenarios are all that there are.
var recordedScenarios = []string{
	"clock_jump",
	"container",
	"dns_lookups",
	"file_operations",
	"injection_techniques",
	"ipc_objects",
	"process_corrupt",
	"process_losses",
	"process_pipeline",
	"sockets",
	"tcp_connections",
	"udp_flows",
	"tty_sessions",
	"crash_faults",
	"oom_cgroup",
	"signal_crossings",
	"mount_operations",
	"privilege_changes",
}

// Nobody has written a scenario by hand: each can be recorded anew when the kernel half changes.
func TestScenarios_areAllRecorded(t *testing.T) {
	var names []string
	for _, path := range scenarioPaths(t) {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".txtar"))
	}
	require.ElementsMatch(t, recordedScenarios, names)
}

func newScenario(t *testing.T, name, about string) *scenario {
	t.Helper()
	require.Contains(t, recordedScenarios, name)
	s := &scenario{t: t, name: name}
	s.archive.Comment = []byte(strings.TrimSpace(about) + "\n\nRecorded on " + kernelVersion(t) + ".\n\n")
	s.add("boot", []byte(scenarioBoot+"\n"))
	return s
}

func (s *scenario) add(step string, content []byte) {
	s.archive.Files = append(s.archive.Files, txtar.File{Name: step, Data: content})
}

func (s *scenario) addRecords(records []namedRecord) {
	for _, r := range records {
		s.add(r.step, dump(r.bytes))
	}
}

// addBefore says what was there before: the shell and its cgroup.
func (s *scenario) addBefore(sh *shell, r *recorder) {
	s.add("cgroups", sh.cgroup.line())
	s.add("process snapshot", dump(r.snapshotOf(sh.command.Process.Pid)))
}

// results asks for what has come out.
func (s *scenario) results(tracers ...string) {
	for _, tracer := range tracers {
		s.add(tracer+" logs", nil)
	}
}

func (s *scenario) write() {
	require.NoError(s.t, os.MkdirAll(scenarioFolder, 0o755))
	path := filepath.Join(scenarioFolder, s.name+".txtar")
	require.NoError(s.t, os.WriteFile(path, txtar.Format(&s.archive), 0o644))
}

// recordShell records what a shell and its children do, of the tracers that are given.
func recordShell(t *testing.T, script string, constants map[string]any, specs ...tracer.Spec) (*shell, *recorder) {
	t.Helper()
	sh := startShell(t)
	r := startRecorder(t, constants, specs...)
	sh.run(script)
	r.stop()
	return sh, r
}

func recordProcesses(t *testing.T) {
	sh, r := recordShell(t, `
cat /etc/hostname | tr a-z A-Z
/no/such/program
env API_TOKEN=hunter2 true --password hunter2 https://me:hunter2@host/
sh -c 'kill -9 $$'
exit 3
`, map[string]any{"arguments_bytes_max": uint32(1024), "environment_bytes_max": uint32(4096)}, tracer.Process())
	mine := r.chosen("process", r.family(sh.command.Process.Pid))
	s := newScenario(t, "process_pipeline", `
A shell runs a pipeline, a program that does not exist, one with secrets in its arguments, one that
kills itself, and exits with code 3.`)
	s.add("options", []byte("fork\nenvironment HOME\n"))
	s.addBefore(sh, r)
	s.addRecords(mine)
	s.results("process")
	s.write()
	recordDamage(t, sh, r, mine)
	recordClockJump(t, sh, r, mine)
	recordLosses(t, sh, mine)

	snapshot := r.snapshotOf(sh.command.Process.Pid)
	writeSeeds(t, processSeeds, seedsOf(t, mine))
	writeSeeds(t, processSeeds, map[string][]byte{"snapshot": snapshot[4:]})
	writeSeeds(t, "../process/testdata/fuzz/FuzzReadSnapshot", map[string][]byte{"recorded": snapshot})
}

// recordDamage puts records that are damaged between good ones.
func recordDamage(t *testing.T, sh *shell, r *recorder, mine []namedRecord) {
	t.Helper()
	s := newScenario(t, "process_corrupt", `
Records that are damaged in several ways between good ones. They are skipped, each with its reason,
and all the others come out as if nothing had been.`)
	s.addBefore(sh, r)
	exec := first(t, mine, "process exec").bytes
	change := func(at int, b ...byte) []byte {
		damaged := append([]byte(nil), exec...)
		copy(damaged[at:], b)
		return damaged
	}
	kind, length := execOffsets()
	damaged := [][]byte{
		exec[:len(exec)/2], exec[:16], {}, append(append([]byte(nil), exec...), 0, 0, 0, 0, 0, 0, 0, 0),
		change(kind, 0xff, 0xff), change(length, 0xff, 0xff), change(length, 0, 0),
	}
	for i, good := range mine {
		s.addRecords([]namedRecord{good})
		if i < len(damaged) {
			s.add("process corrupt", dump(damaged[i]))
		}
	}
	s.add("process skipped", nil)
	s.results("process")
	s.write()
}

// recordClockJump splits the records into batches between which somebody sets the clock.
func recordClockJump(t *testing.T, sh *shell, r *recorder, mine []namedRecord) {
	t.Helper()
	s := newScenario(t, "clock_jump", `
The clock is set back by an hour, and then forward by two, between batches. Events have the time of
the clock as it was set when they were read; when a process was created stays what it was at first.`)
	s.addBefore(sh, r)
	third := len(mine) / 3
	for i, boot := range []string{"", "2026-11-24T07:00:00Z", "2026-11-24T09:00:00Z"} {
		if boot != "" {
			s.add("boot", []byte(boot+"\n"))
		}
		s.addRecords(mine[i*third : min(len(mine), (i+1)*third+2*(i/2))])
		s.results("process")
	}
	s.write()
}

// recordLosses leaves records out, as a ring buffer does that is full.
func recordLosses(t *testing.T, sh *shell, mine []namedRecord) {
	t.Helper()
	s := newScenario(t, "process_losses", `
Some records were lost. The exec of the first program is missing, so its exit is of an image that
nobody has seen: "stale". There is no snapshot, so of the shell nothing is known: "missing".`)
	s.add("cgroups", sh.cgroup.line())
	lost := false
	for _, good := range mine {
		if good.step == "process exec" && !lost {
			lost = true
			continue
		}
		s.addRecords([]namedRecord{good})
	}
	s.results("process")
	s.write()
}

func recordFiles(t *testing.T) {
	sh, r := recordShell(t, `
umask 027
echo one > created
for i in 2 3 4 5; do echo $i >> created; done
chmod 4711 created
chown 12:34 created
mv created renamed
ln renamed hard
ln -s anywhere/at/all soft
mkdir folder
mknod folder/pipe p
cat renamed > copy
cd folder
rm ../hard pipe
cd ..
rmdir folder
cat secret
`, map[string]any{"window_ns": uint64(time.Hour)}, tracer.Process(), tracer.File())
	family := r.family(sh.command.Process.Pid)
	s := newScenario(t, "file_operations", `
What a shell and its children do to files: created, opened again and again, mode and owner changed,
renamed, linked, deleted. The shell's child that is about to be "cat" opens the file for its output
before it executes that. The repeats are counted, and told when the shell has exited.`)
	s.addBefore(sh, r)
	s.addRecords(r.chosen("process", family))
	s.add("process logs", nil)
	s.addRecords(r.chosen("file", family))
	for _, entry := range r.seen["file"] {
		if isOf(t, entry, sh.command.Process.Pid) {
			s.add("file seen", dump(entry))
		}
	}
	s.results("file")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzFile", seedsOf(t, r.chosen("file", family)))
}
