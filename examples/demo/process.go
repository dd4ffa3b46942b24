// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// endTimeMax is how long a process may take to end before it is killed.
const endTimeMax = 30 * time.Second

// process is one that runs beside the demonstration. Ctrl-C does not reach it, and it does not outlive the demonstration.
type process struct {
	command *exec.Cmd
	name    string
	log     string
	ended   chan struct{}
	err     error
}

// start starts a command whose output goes to a file.
func start(name, log string, command *exec.Cmd) (*process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{command: command, name: name, log: log, ended: make(chan struct{})}
	go func() {
		p.err = command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// failed is what became of a process that should run, nil while it does.
func (p *process) failed() error {
	select {
	case <-p.ended:
		said, _ := os.ReadFile(p.log)
		return fmt.Errorf("%s has ended: %w: %s", p.name, errors.Join(p.err, errEnded), last(string(said), saidBytesMax))
	default:
		return nil
	}
}

var errEnded = errors.New("it was to run on")

// saidBytesMax is how much of a log is part of an error.
const saidBytesMax = 2000

// last is the end of a log, from the line on in which a program says why it ends, if it does.
func last(text string, bytes int) string {
	text = text[max(len(text)-bytes, 0):]
	if at := strings.LastIndex(text, "\nError: "); at >= 0 {
		return strings.TrimSpace(text[at:])
	}
	return strings.TrimSpace(text)
}

// end ends a process, if it was ever started.
func (p *process) end() error {
	if p == nil {
		return nil
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(endTimeMax):
		_ = p.command.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end within %s and was killed", p.name, endTimeMax)
	}
}
