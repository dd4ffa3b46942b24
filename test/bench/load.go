// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// loadCommand is the argument that makes this program a load.
const loadCommand = "load"

// ready is what a load prints when it waits for the sign to begin.
const ready = "ready"

// loadResult is what a load counted of itself.
type loadResult struct {
	PID  int `json:"pid"`
	Port int `json:"port"`
	// Processor is what it took of processors, children included.
	Processor time.Duration `json:"processor_ns"`
	paced
}

// runLoad is a process of its own, so that what it does can be told apart by its pid: it prepares, says
// so, begins when a line comes, and prints what it did.
func runLoad(arguments []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet(loadCommand, flag.ContinueOnError)
	what := flags.String("kind", "", "what to do")
	rate := flags.Int("rate", 0, "operations per second; 0 for as fast as possible")
	duration := flags.Duration("duration", 0, "how long, with a rate")
	count := flags.Int("count", 0, "how many, without a rate")
	directory := flags.String("directory", "", "where the program or the files are")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	// A load lives for seconds and makes little garbage: collecting it would only disturb the measure.
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	p := pacer{rate: *rate, duration: *duration, count: *count, now: time.Now, sleep: time.Sleep}
	op, err := prepare(kind(*what), *directory, p.total())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, ready); err != nil {
		return errors.Join(err, op.close())
	}
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return errors.Join(fmt.Errorf("wait for the sign to begin: %w", err), op.close())
	}
	before, err := ownProcessorTime()
	if err != nil {
		return errors.Join(err, op.close())
	}
	result := loadResult{PID: os.Getpid(), Port: op.port, paced: p.run(op.do)}
	after, err := ownProcessorTime()
	result.Processor = after - before
	return errors.Join(err, json.NewEncoder(out).Encode(result), op.close())
}

// ownProcessorTime is that of this process and of those that it has waited for.
func ownProcessorTime() (time.Duration, error) {
	var sum time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var usage unix.Rusage
		if err := unix.Getrusage(who, &usage); err != nil {
			return 0, fmt.Errorf("read the processor time: %w", err)
		}
		sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return sum, nil
}
