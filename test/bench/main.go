// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command bench measures the whole collector on the running kernel: whether every event is accounted
// for, what is lost at fixed rates, what it costs and how much it slows down what it watches. It holds
// the figures against limits and ends with status 1 when one is not kept.
//
// It runs the binary with the quickstart's configuration and knows it only from outside: by what it
// writes, its metrics and /proc. It never looks into the receiver, and uses no network but loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

func main() {
	// What is started here ends with the thread that started it, so that must not end early.
	runtime.LockOSThread()
	var err error
	if len(os.Args) > 1 && os.Args[1] == loadCommand {
		err = runLoad(os.Args[2:], os.Stdin, os.Stdout)
	} else {
		err = runBench(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// errLimits is returned when figures are not within the limits.
var errLimits = errors.New("not all limits are kept")

func runBench(arguments []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	quick := flags.Bool("quick", false, "measure for one minute instead of five")
	jsonFile := flags.String("json", "", "write the figures to a `file` too")
	costs := flags.String("costs", "", "write what programs and tracers cost to a page of documentation in a `file` too")
	profiles := flags.String("profile", "", "write profiles of the collector to a `folder`; they cost processor time themselves")
	binary := flags.String("binary", "bin/otelcol-meerkat", "the collector")
	config := flags.String("config", "examples/quickstart/config.yaml", "the quickstart's configuration")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("kernel events need privileges: run this as root")
	}
	directory, err := os.MkdirTemp("", "meerkat-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := fullPlan()
	if *quick {
		p = quickPlan()
	}
	if *profiles != "" {
		if err := os.MkdirAll(*profiles, 0o755); err != nil {
			return err
		}
	}
	absolute, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	b, err := newBench(p, setting{binary: absolute, config: *config, directory: directory, profile: *profiles != ""})
	if err != nil {
		return err
	}
	b.profiles = *profiles
	started := time.Now()
	b.progress = func(format string, arguments ...any) {
		fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(started).Seconds(), fmt.Sprintf(format, arguments...))
	}
	r, err := b.measure(ctx)
	if err != nil {
		return err
	}
	r.Took = time.Since(started)
	if *costs != "" {
		if err := os.WriteFile(*costs, []byte(r.costsPage()), 0o644); err != nil {
			return err
		}
	}
	return r.publish(os.Stdout, *jsonFile)
}
