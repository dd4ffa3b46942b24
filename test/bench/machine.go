// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"runtime"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// machine is where the figures come from.
type machine struct {
	Kernel      string     `json:"kernel"`
	Arch        string     `json:"arch"`
	Processor   string     `json:"processor"`
	Cores       int        `json:"cores"`
	MemoryBytes uint64     `json:"memory_bytes"`
	Go          string     `json:"go"`
	LoadBefore  [3]float64 `json:"load_average_before"`
	LoadAfter   [3]float64 `json:"load_average_after"`
}

func thisMachine() (machine, error) {
	m := machine{Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version()}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return m, fmt.Errorf("describe the machine: %w", err)
	}
	m.Kernel = unix.ByteSliceToString(name.Release[:])
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return m, fmt.Errorf("describe the machine: %w", err)
	}
	if processors, err := fs.CPUInfo(); err == nil && len(processors) > 0 {
		m.Processor = processors[0].ModelName
	}
	if info, err := fs.Meminfo(); err == nil && info.MemTotalBytes != nil {
		m.MemoryBytes = *info.MemTotalBytes
	}
	m.LoadBefore, err = loadAverage()
	return m, err
}

func loadAverage() ([3]float64, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return [3]float64{}, fmt.Errorf("read the load average: %w", err)
	}
	average, err := fs.LoadAvg()
	if err != nil {
		return [3]float64{}, fmt.Errorf("read the load average: %w", err)
	}
	return [3]float64{average.Load1, average.Load5, average.Load15}, nil
}
