// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// recordIPC starts the server of a unix socket in a cgroup of its own, before the recorder.
func recordIPC(t *testing.T) {
	server := newCgroup(t, "server")
	sh := startShell(t)
	listener := sh.startServer(`exec /usr/bin/perl -MSocket -e '
socket(my $server, AF_UNIX, SOCK_STREAM, 0);
bind($server, pack_sockaddr_un("web.sock"));
listen($server, 5);
sleep 60;
'`)
	server.join(listener)
	r := startRecorder(t, map[string]any{"window_ns": uint64(time.Hour)}, tracer.Process(), tracer.IPC())
	sh.run(`
umask 027
/usr/bin/perl -e '
my $memory = shmget(0x4d4b, 4096, 01640);
my $mapped = shmread($memory, my $read, 0, 1);
shmctl($memory, 0, 0);
shmget(0x4d4b, 4096, 0);
msgctl(msgget(0, 0600), 0, 0);
semctl(semget(0, 3, 0600), 0, 0, 0);
my $queue = "meerkat";
syscall(240, $queue, 0102, 0600, 0);
syscall(241, $queue);
'
mkfifo pipe
echo one <> pipe
busybox mkfifo /tmp/scenario/pipe
/usr/bin/perl -MSocket -e '
for (1 .. 3) {
	socket(my $client, AF_UNIX, SOCK_STREAM, 0);
	connect($client, pack_sockaddr_un("/tmp/scenario/web.sock"));
}
socket(my $client, AF_UNIX, SOCK_STREAM, 0);
connect($client, pack_sockaddr_un("\0nobody"));
'
kill ` + strconv.Itoa(listener) + `
wait
`)
	r.stop()
	isFamily := r.family(sh.command.Process.Pid)
	match := func(e decode.Event) bool { return isFamily(e) || e.Head().Process.Pid == uint32(listener) }
	s := newScenario(t, "ipc_objects", `
Shared memory, a message queue and semaphores of System V, a message queue of POSIX, a named pipe, and
connections to a unix socket whose server runs in another cgroup, one of which fails.`)
	s.add("cgroups", append(sh.cgroup.line(), server.line()...))
	s.add("process snapshot", dump(append(r.snapshotOf(sh.command.Process.Pid), r.snapshotOf(listener)...)))
	s.addRecords(r.chosen("process", match))
	s.add("process logs", nil)
	s.addRecords(r.chosen("ipc", match))
	for _, entry := range r.seen["ipc"] {
		if match(&decode.IPCRepeat{Header: decode.Header{Process: keyOf(t, entry)}}) {
			s.add("ipc seen", dump(entry))
		}
	}
	s.results("ipc")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzIPC", seedsOf(t, r.chosen("ipc", match)))
}
