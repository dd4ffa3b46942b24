// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// recordFamily writes a scenario of what a shell and its children did, with the seeds of one tracer.
func recordFamily(t *testing.T, sh *shell, r *recorder, name, about, tracerName, target string, more ...*cgroup) {
	t.Helper()
	family := r.family(sh.command.Process.Pid)
	s := newScenario(t, name, about)
	s.addBefore(sh, r)
	for _, group := range more {
		s.add("cgroups", group.line())
	}
	s.addRecords(r.chosen("process", family))
	s.add("process logs", nil)
	s.addRecords(r.chosen(tracerName, family))
	s.results(tracerName)
	s.write()
	writeSeeds(t, "../decode/testdata/fuzz/"+target, seedsOf(t, r.chosen(tracerName, family)))
}

func recordSignals(t *testing.T) {
	other := newCgroup(t, "other")
	sh := startShell(t)
	r := startRecorder(t, nil, tracer.Process(), tracer.Signal())
	sh.run(strings.ReplaceAll(`
setpriv --reuid 1234 --clear-groups sleep 60 & user=$!
setpriv --reuid 1234 --clear-groups sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' & careful=$!
sh -c 'echo $$ > OTHER/cgroup.procs; exec sleep 60' & elsewhere=$!
sleep 60 & near=$!
sleep 1
kill -STOP $user
kill -CONT $user
kill -KILL $user
kill -TERM $careful
kill -TERM $elsewhere
kill -KILL $near
unshare --pid --fork sh -c '(kill -TERM 1); exit 5'
wait
`, "OTHER", other.path))
	r.stop()
	recordFamily(t, sh, r, "signal_crossings", `
Signals that a shell sends to processes of another user, of another cgroup and to the first process of a
pid namespace. One that stays within user and cgroup is no event, and neither is SIGCONT.`, "signal", "FuzzSignal", other)
}

func recordOOM(t *testing.T) {
	group := newCgroup(t, "limited")
	setMemoryLimit(t, group, "33554432")
	sh := startShell(t)
	r := startRecorder(t, nil, tracer.Process(), tracer.OOM())
	sh.run(strings.ReplaceAll(`
sh -c 'echo $$ > GROUP/cgroup.procs; exec busybox tail /dev/zero'
`, "GROUP", group.path))
	r.stop()
	recordFamily(t, sh, r, "oom_cgroup", `
A program in a memory cgroup of 32 MiB wants more, and is killed.`, "oom", "FuzzOOM", group)
}

// setMemoryLimit bounds the memory of a cgroup.
func setMemoryLimit(t *testing.T, group *cgroup, limit string) {
	t.Helper()
	hierarchy, err := process.FindHierarchy()
	require.NoError(t, err)
	file := "memory.limit_in_bytes"
	if hierarchy.Controller == "" {
		file = "memory.max"
		require.NoError(t, os.WriteFile(filepath.Join(hierarchy.MountPoint, "cgroup.subtree_control"), []byte("+memory"), 0))
	}
	require.NoError(t, os.WriteFile(filepath.Join(group.path, file), []byte(limit), 0))
}

// crashingProgram ends by the fault that its argument names.
const crashingProgram = `
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static int deep(int n) { volatile char frame[4096]; frame[0] = n; return n ? deep(n + 1) + frame[0] : 0; }
int main(int argc, char **argv) {
	if (argc < 2) abort();
	if (!strcmp(argv[1], "null")) *(volatile int *)16 = 1;
	if (!strcmp(argv[1], "code")) *(volatile char *)main = 1;
	if (!strcmp(argv[1], "stack")) return deep(1);
	if (!strcmp(argv[1], "data")) ((void (*)(void))mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))();
	return 0;
}
`

func recordCrashes(t *testing.T) {
	program := filepath.Join(t.TempDir(), "crashing")
	source := program + ".c"
	require.NoError(t, os.WriteFile(source, []byte(crashingProgram), 0o644))
	output, err := exec.Command("gcc", "-O0", "-static", "-o", program, source).CombinedOutput()
	require.NoError(t, err, string(output))
	sh := startShell(t)
	r := startRecorder(t, tracer.CrashConstants(), tracer.Process(), tracer.Crash())
	sh.run(strings.ReplaceAll(`
cp PROGRAM ./crashing
ulimit -c 0
./crashing null
./crashing code
./crashing stack
./crashing data
./crashing
sh -c 'ulimit -c 100000; kill -QUIT $$'
exit 0
`, "PROGRAM", program))
	r.stop()
	recordFamily(t, sh, r, "crash_faults", `
A program crashes again and again: it writes to the null page and to its code, its stack overflows, it
jumps to data, and it aborts. A shell is sent SIGQUIT.`, "crash", "FuzzCrash")
}
