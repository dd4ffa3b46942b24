// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// overlay is what is laid over the quickstart's configuration: ports that are free, and files that are
// kept until they were read. The pipelines stay as they are.
const overlay = `
exporters:
  file/events:
    rotation:
      max_backups: 1000
  prometheus:
    endpoint: %[1]s
extensions:
  pprof:
    endpoint: %[2]s
service:
  extensions: [%[3]s]
  telemetry:
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: 127.0.0.1
                port: %[4]d
`

// Further overlays.
const (
	withStatistics = "receivers: {ebpf: {program_statistics: true}}\n"
	// withoutRate lets every connection through, and every file that is opened for the first time.
	withoutRate = `
receivers:
  ebpf:
    filters: {events_per_second_max: 0}
    tracers:
      tcp: {deduplication_window: 0s}
`
	// withoutReduction lets every event through.
	withoutReduction = `
receivers:
  ebpf:
    filters: {events_per_second_max: 0}
    tracers:
      file: {deduplication_window: 0s}
      socket: {deduplication_window: 0s}
      tcp: {deduplication_window: 0s}
`
	// withoutFile leaves an exporter that does nothing with what it gets.
	withoutFile = `
exporters: {debug: {verbosity: basic}}
service:
  pipelines: {logs: {exporters: [debug]}}
  telemetry: {logs: {level: error}}
`
)

// collector is one that runs.
type collector struct {
	command *exec.Cmd
	metrics string // URL
	pprof   string // URL
	data    string // where its events are
	log     string
	ended   chan error
	tracers []tracerCost
}

// setting says how collectors are started.
type setting struct {
	binary, config string
	directory      string // for files
	profile        bool
}

func freeAddress() (*net.TCPAddr, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().(*net.TCPAddr), listener.Close()
}

// startCollector returns when all tracers run.
func startCollector(ctx context.Context, s setting, overlays ...string) (*collector, error) {
	var addresses [3]*net.TCPAddr
	for i := range addresses {
		var err error
		if addresses[i], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	data, err := os.MkdirTemp(s.directory, "collector")
	if err != nil {
		return nil, err
	}
	c := &collector{
		metrics: fmt.Sprintf("http://%s/metrics", addresses[2]), pprof: fmt.Sprintf("http://%s/debug/pprof", addresses[1]),
		data: data, log: filepath.Join(data, "log"), ended: make(chan error, 1),
	}
	extensions := ""
	if s.profile {
		extensions = "pprof"
	}
	base := fmt.Sprintf(overlay, addresses[0], addresses[1], extensions, addresses[2].Port)
	arguments := []string{"--config", s.config}
	for i, content := range append([]string{base}, overlays...) {
		file := filepath.Join(data, fmt.Sprintf("overlay%d.yaml", i))
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			return nil, err
		}
		arguments = append(arguments, "--config", file)
	}
	log, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	c.command = exec.CommandContext(ctx, s.binary, arguments...)
	c.command.Env = append(os.Environ(), "MEERKAT_DATA="+data)
	c.command.Stdout, c.command.Stderr = log, log
	c.command.Cancel = func() error { return c.command.Process.Signal(syscall.SIGTERM) }
	c.command.WaitDelay = stopTimeout
	c.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := errors.Join(c.command.Start(), log.Close()); err != nil {
		return nil, fmt.Errorf("start the collector: %w", err)
	}
	go func() { c.ended <- c.command.Wait() }()
	if err := c.waitReady(ctx); err != nil {
		content, _ := os.ReadFile(c.log)
		return nil, errors.Join(fmt.Errorf("start the collector: %w; it says:\n%s", err, content[max(0, len(content)-logBytesMax):]), c.kill())
	}
	return c, nil
}

func (c *collector) pid() int { return c.command.Process.Pid }

func (c *collector) kill() error {
	if err := c.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	// That it was killed, or has failed before, is no news.
	var status *exec.ExitError
	if ended := <-c.ended; ended != nil && !errors.As(ended, &status) {
		return ended
	}
	return nil
}

// refusedMessage is what the receiver logs when a tracer can't be had.
const refusedMessage = "A tracer can't run"

func (c *collector) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		samples, err := scrape(ctx, c.metrics)
		if c.tracers = tracersOf(samples); len(c.tracers) > 0 {
			return c.checkTracers()
		}
		select {
		case ended := <-c.ended:
			c.ended <- ended
			return errors.Join(errors.New("it has ended"), ended)
		case <-ctx.Done():
			return errors.Join(errors.New("it is not ready"), err)
		case <-time.After(settlePoll):
		}
	}
}

// checkTracers fails unless all tracers run. The receiver reports on any once it has tried all.
func (c *collector) checkTracers() error {
	content, err := os.ReadFile(c.log)
	if err != nil {
		return err
	}
	if bytes.Contains(content, []byte(refusedMessage)) {
		return errors.New("a tracer can't run")
	}
	for _, t := range c.tracers {
		if t.State != "running" && t.Tracer != sharedMaps {
			return fmt.Errorf("tracer %s is %s", t.Tracer, t.State)
		}
	}
	return nil
}

// settle waits until all events of the given kinds have arrived somewhere, and returns the page of
// metrics that says so. The machine goes on meanwhile, so it may take some tries. If they never do, the
// last page is returned, in which they are missing.
func (c *collector) settle(ctx context.Context, wanted map[string]bool) ([]sample, error) {
	deadline := time.Now().Add(settleTimeout)
	for {
		samples, err := scrape(ctx, c.metrics)
		if err != nil {
			return nil, err
		}
		settled := true
		for event, a := range balanceOf(samples) {
			if wanted[event] && (a.InFlight != 0 || a.unaccounted() != 0) {
				settled = false
			}
		}
		if settled || time.Now().After(deadline) {
			return samples, nil
		}
		time.Sleep(settlePoll)
	}
}

// logBytesMax is how much of the end of a log is shown.
const logBytesMax = 8 << 10

// unaccountedMessage is what the receiver logs when it stops and its balance is not even.
const unaccountedMessage = "Events are not accounted for"

// stop ends the collector and returns what its log says of events that are not accounted for: nothing
// is on its way any more at that moment, so that is exact.
func (c *collector) stop() ([]string, error) {
	if err := c.command.Process.Signal(syscall.SIGTERM); err != nil {
		return nil, fmt.Errorf("stop the collector: %w", err)
	}
	var ended error
	select {
	case ended = <-c.ended:
	case <-time.After(stopTimeout):
		ended = errors.Join(errors.New("it does not end"), c.kill())
	}
	content, err := os.ReadFile(c.log)
	if err != nil {
		return nil, err
	}
	if ended != nil {
		return nil, fmt.Errorf("stop the collector: %w; it says:\n%s", ended, content[max(0, len(content)-logBytesMax):])
	}
	var unaccounted []string
	for line := range bytes.Lines(content) {
		if bytes.Contains(line, []byte(unaccountedMessage)) {
			unaccounted = append(unaccounted, strings.TrimSpace(string(line)))
		}
	}
	return unaccounted, nil
}
