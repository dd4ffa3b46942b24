// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// recordSessions has somebody sit at a container, and somebody else enter it.
func recordSessions(t *testing.T) {
	const name = "shell"
	daemon := startContainerd(t)
	r := startRecorder(t, nil, tracer.Process(), tracer.TTY())
	ctr := func(arguments ...string) *exec.Cmd {
		return exec.Command("ctr", append([]string{"--address", daemon.address}, arguments...)...)
	}
	first := ctr("run", "--rm", "--tty", "--net-host", "--rootfs", daemon.rootfs, name, "/bin/busybox", "sh")
	keyboard := atTerminal(t, first)
	attempt := 0
	require.Eventually(t, func() bool {
		attempt++
		return ctr("task", "exec", "--exec-id", fmt.Sprint(attempt), name, "/bin/busybox", "true").Run() == nil
	}, recorderPatience, 100*time.Millisecond)
	_, err := io.WriteString(keyboard, "exit\n")
	require.NoError(t, err)
	require.NoError(t, first.Wait())
	time.Sleep(settleTime)
	r.stop()

	inside := daemon.inside(r, name)
	s := newScenario(t, "tty_sessions", `
Somebody works in a container at its terminal; meanwhile its runtime executes another program in it. What
containerd and runc do for themselves is no session.`)
	daemon.addProcesses(r, s, name)
	s.add("process logs", nil)
	s.addRecords(r.chosen("tty", r.family(daemon.pid)))
	s.results("tty")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzTTY", seedsOf(t, r.chosen("tty", inside)))
}

// atTerminal starts a command at a new terminal and returns the other end of that.
func atTerminal(t *testing.T, command *exec.Cmd) io.Writer {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = control.Close() })
	number, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0))
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	defer terminal.Close()
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, command.Start())
	go func() { _, _ = io.Copy(io.Discard, control) }()
	return control
}
