// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command raise prints the effective capabilities of each of its threads, before and after it has raised them. It does nothing else.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/meerkat-otel/meerkat/internal/capabilities"
)

// threads are what is there besides those of the Go runtime.
const threads = 4

func main() {
	var started, ended sync.WaitGroup
	release := make(chan struct{})
	for range threads {
		started.Add(1)
		ended.Go(func() {
			runtime.LockOSThread()
			started.Done()
			<-release
		})
	}
	started.Wait()
	tell()
	// Several at once do no harm.
	var raising sync.WaitGroup
	for range threads {
		raising.Go(func() {
			if err := capabilities.Raise(); err != nil {
				fmt.Println(err)
			}
		})
	}
	raising.Wait()
	fmt.Println("raised")
	tell()
	close(release)
	ended.Wait()
}

func tell() {
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		fmt.Println(err)
	}
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // It has ended.
		}
		for line := range strings.Lines(string(status)) {
			if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
				fmt.Println(strings.TrimSpace(set))
			}
		}
	}
}
