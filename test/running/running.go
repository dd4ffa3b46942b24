// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package running runs programs beside a test, and has what they print.
//
// It never asserts what they do, and leaves none behind.
package running

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// patience is how long a test waits for something that happens in seconds on an idle machine.
	patience  = 2 * time.Minute
	pollEvery = 50 * time.Millisecond
)

// Output is what a program prints, which may be read meanwhile.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

// String is all of it.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Forget drops what was printed.
func (o *Output) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Reset()
}

// Collector is one that runs.
type Collector struct {
	Command *exec.Cmd
	Printed *Output

	t       testing.TB
	ended   chan struct{}
	outcome error
}

// StartCollector runs the command of a collector until the test ends, and returns when it is ready.
func StartCollector(t testing.TB, command *exec.Cmd) *Collector {
	t.Helper()
	c := &Collector{Command: command, Printed: &Output{}, t: t, ended: make(chan struct{})}
	command.Stdout, command.Stderr = c.Printed, c.Printed
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, command.Start())
	go func() {
		defer close(c.ended)
		c.outcome = command.Wait()
	}()
	t.Cleanup(func() { _ = c.End(syscall.SIGTERM) })
	require.Eventually(t, func() bool { return strings.Contains(c.Printed.String(), "Everything is ready") }, patience, pollEvery,
		"%v does not start; it printed:\n%s", command.Args, c.Printed)
	return c
}

// End signals the collector, and returns what became of it when it has ended. It may have ended before.
func (c *Collector) End(signal syscall.Signal) error {
	c.t.Helper()
	select {
	case <-c.ended:
		return c.outcome
	default:
	}
	_ = c.Command.Process.Signal(signal)
	select {
	case <-c.ended:
	case <-time.After(patience):
		_ = c.Command.Process.Kill()
		<-c.ended
		c.t.Errorf("%v does not end; it printed:\n%s", c.Command.Args, c.Printed)
	}
	return c.outcome
}

// Stop is Ctrl-C: the collector ends, and all is well.
func (c *Collector) Stop() {
	c.t.Helper()
	require.NoError(c.t, c.End(syscall.SIGINT), c.Printed)
}
