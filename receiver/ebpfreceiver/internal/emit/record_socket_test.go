// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// recordSockets starts a server before the recorder.
func recordSockets(t *testing.T) {
	sh := startShell(t)
	before := sh.startServer("busybox httpd -f -p 127.0.0.1:18085")
	r := startRecorder(t, map[string]any{"window_ns": uint64(time.Hour)}, tracer.Process(), tracer.Socket())
	sh.run(`
busybox timeout 1 busybox httpd -f -p [::]:18086
busybox timeout 1 busybox httpd -f -p 127.0.0.1:18085
busybox ping -c 1 127.0.0.1
busybox arping -c 1 -I lo 127.0.0.1
/usr/bin/perl -MSocket -e '
for my $name ("web.sock", "\0web\xff\\") {
	socket(my $unix, AF_UNIX, SOCK_STREAM, 0);
	bind($unix, pack_sockaddr_un($name));
	listen($unix, 5);
}
socket(my $unix, AF_UNIX, SOCK_DGRAM, 0);
bind($unix, pack_sockaddr_un("missing/log"));
socket(my $udp, AF_INET, SOCK_DGRAM, 0);
bind($udp, pack_sockaddr_in(18087, INADDR_LOOPBACK));
for (1 .. 4) {
	socket(my $udp, AF_INET, SOCK_DGRAM, 0);
	bind($udp, pack_sockaddr_in(0, INADDR_LOOPBACK));
}
socket(my $vsock, 40, SOCK_STREAM, 0);
socket(my $none, 99, SOCK_STREAM, 0);
'
kill ` + strconv.Itoa(before) + `
wait
`)
	r.stop()
	isFamily := r.family(sh.command.Process.Pid)
	match := func(e decode.Event) bool { return isFamily(e) || e.Head().Process.Pid == uint32(before) }
	s := newScenario(t, "sockets", `
A server that was there before, others on IPv6, UDP and a port that is taken, a raw and a packet socket, unix
sockets with a path and without, a folder that does not exist, a bind that happens again and again, and
families that not everybody uses.`)
	s.add("cgroups", sh.cgroup.line())
	s.add("process snapshot", dump(append(r.snapshotOf(sh.command.Process.Pid), r.snapshotOf(before)...)))
	s.addRecords(r.chosen("process", match))
	s.add("process logs", nil)
	s.addRecords(r.chosen("socket", match))
	for _, entry := range r.seen["socket"] {
		if match(&decode.SocketRepeat{Header: decode.Header{Process: keyOf(t, entry)}}) {
			s.add("socket seen", dump(entry))
		}
	}
	s.results("socket")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzSocket", seedsOf(t, r.chosen("socket", match)))
}

// startServer has the shell start a command in the background and returns its pid when it has settled.
func (s *shell) startServer(command string) int {
	s.t.Helper()
	file := filepath.Join(recorderFolder, "pid")
	_, err := io.WriteString(s.stdin, command+" &\necho $! > pid\n")
	require.NoError(s.t, err)
	time.Sleep(settleTime)
	content, err := os.ReadFile(file)
	require.NoError(s.t, err)
	require.NoError(s.t, os.Remove(file))
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(s.t, err)
	return pid
}
