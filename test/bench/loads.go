// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// loadSpec describes a load.
type loadSpec struct {
	kind      kind
	rate      int
	duration  time.Duration
	count     int // with rate 0
	directory string
}

// processes is how many processes share a load: one, but for executions, of which a process can have
// only one under way.
func (s loadSpec) processes() int {
	if s.kind == kindExec && s.rate > 0 {
		return runtime.NumCPU()
	}
	return 1
}

// split shares a rate among processes.
func (s loadSpec) split() []loadSpec {
	n := s.processes()
	parts := make([]loadSpec, n)
	for i := range parts {
		parts[i] = s
		parts[i].rate = s.rate*(i+1)/n - s.rate*i/n
	}
	return parts
}

// loadProcess is a load that waits for the sign to begin, or runs.
type loadProcess struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startLoad(ctx context.Context, s loadSpec) (*loadProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start a load: %w", err)
	}
	command := exec.CommandContext(ctx, self, loadCommand, "-kind", string(s.kind), "-rate", strconv.Itoa(s.rate),
		"-duration", s.duration.String(), "-count", strconv.Itoa(s.count), "-directory", s.directory)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a load: %w", err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a load: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start a load: %w", err)
	}
	l := &loadProcess{command: command, in: in, out: bufio.NewReader(out)}
	if line, err := l.out.ReadString('\n'); err != nil || strings.TrimSpace(line) != ready {
		return nil, errors.Join(fmt.Errorf("start a load: it says %q: %w", line, err), l.abandon())
	}
	return l, nil
}

// abandon ends a load that was not begun.
func (l *loadProcess) abandon() error {
	_ = l.command.Process.Signal(syscall.SIGKILL)
	var killed *exec.ExitError
	if err := l.command.Wait(); err != nil && !errors.As(err, &killed) {
		return err
	}
	return nil
}

func (l *loadProcess) begin() error {
	_, err := io.WriteString(l.in, "\n")
	return err
}

// wait returns what the load did.
func (l *loadProcess) wait() (loadResult, error) {
	var result loadResult
	decodeErr := json.NewDecoder(l.out).Decode(&result)
	if err := l.command.Wait(); err != nil {
		return result, fmt.Errorf("wait for a load: %w", err)
	}
	if decodeErr != nil {
		return result, fmt.Errorf("read what a load did: %w", decodeErr)
	}
	return result, nil
}

// loadReport is what the processes of one load did together.
type loadReport struct {
	Kind   kind    `json:"kind"`
	Wanted int     `json:"wanted_per_second"`
	Rate   float64 `json:"offered_per_second"`
	paced
	// Processor is the processor time of the load and its children.
	Processor time.Duration `json:"processor_ns"`
	PIDs      []int         `json:"-"`
	Ports     []int         `json:"-"`
}

// able tells whether the machine offers what was wanted.
func (r loadReport) able() bool { return r.Rate >= offeredShareMin*float64(r.Wanted) }

// perOperation shares a time among the operations.
func (r loadReport) perOperation(t time.Duration) time.Duration {
	return t / time.Duration(max(1, r.Done))
}

// add takes in what one process did. Of the lateness the worst one counts.
func (r *loadReport) add(one loadResult) {
	r.Done += one.Done
	r.Failed += one.Failed
	if r.Error == "" {
		r.Error = one.Error
	}
	r.Took = max(r.Took, one.Took)
	r.LateMedian = max(r.LateMedian, one.LateMedian)
	r.LateP99 = max(r.LateP99, one.LateP99)
	r.LateMax = max(r.LateMax, one.LateMax)
	r.PIDs = append(r.PIDs, one.PID)
	if one.Port != 0 {
		r.Ports = append(r.Ports, one.Port)
	}
	r.Processor += one.Processor
}

// loadGroup are loads that begin together.
type loadGroup struct {
	specs     []loadSpec
	processes [][]*loadProcess
}

func startLoads(ctx context.Context, specs ...loadSpec) (*loadGroup, error) {
	g := &loadGroup{specs: specs}
	for _, s := range specs {
		var processes []*loadProcess
		for _, part := range s.split() {
			l, err := startLoad(ctx, part)
			if err != nil {
				g.processes = append(g.processes, processes)
				return nil, errors.Join(err, g.abandon())
			}
			processes = append(processes, l)
		}
		g.processes = append(g.processes, processes)
	}
	return g, nil
}

func (g *loadGroup) abandon() error {
	var errs []error
	for _, processes := range g.processes {
		for _, l := range processes {
			errs = append(errs, l.abandon())
		}
	}
	return errors.Join(errs...)
}

// run begins all loads and returns when they have ended.
func (g *loadGroup) run() ([]loadReport, error) {
	for _, processes := range g.processes {
		for _, l := range processes {
			if err := l.begin(); err != nil {
				return nil, errors.Join(fmt.Errorf("begin a load: %w", err), g.abandon())
			}
		}
	}
	var reports []loadReport
	var errs []error
	for i, s := range g.specs {
		report := loadReport{Kind: s.kind, Wanted: s.rate}
		for _, l := range g.processes[i] {
			one, err := l.wait()
			errs = append(errs, err)
			report.add(one)
		}
		report.Rate = float64(report.Done) / max(report.Took, s.duration).Seconds()
		reports = append(reports, report)
	}
	return reports, errors.Join(errs...)
}
