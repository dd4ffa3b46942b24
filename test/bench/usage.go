// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// memory is the resident memory of a process.
type memory struct {
	ResidentBytes  uint64 `json:"resident_bytes"`
	AnonymousBytes uint64 `json:"anonymous_bytes"`
	FileBytes      uint64 `json:"file_bytes"` // the executable's pages, and the rings
	PeakBytes      uint64 `json:"peak_bytes"` // since resetPeak
}

func memoryOf(pid int) (memory, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return memory{}, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	status, err := process.NewStatus()
	if err != nil {
		return memory{}, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	return memory{
		ResidentBytes: status.VmRSS, AnonymousBytes: status.RssAnon, FileBytes: status.RssFile + status.RssShmem, PeakBytes: status.VmHWM,
	}, nil
}

// resetPeak has the kernel forget the highest resident memory so far (proc_pid_clear_refs(5)).
func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// processorClock is the clock of all threads of a process (MAKE_PROCESS_CPUCLOCK in the kernel).
func processorClock(pid int) int32 { return int32(^pid)<<3 | 2 }

// processorTime is what a process has taken of processors, to the nanosecond.
func processorTime(pid int) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(processorClock(pid), &t); err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// userTick is the unit of times in /proc, on all architectures.
const userTick = time.Second / 100

// userTime is what a process has spent outside the kernel, to a hundredth of a second.
func userTime(pid int) (time.Duration, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	stat, err := process.Stat()
	if err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	return time.Duration(stat.UTime) * userTick, nil
}

// busyTime is what everybody has taken of all processors.
func busyTime() (time.Duration, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, fmt.Errorf("read the processors' time: %w", err)
	}
	stat, err := fs.Stat()
	if err != nil {
		return 0, fmt.Errorf("read the processors' time: %w", err)
	}
	t := stat.CPUTotal
	return time.Duration((t.User + t.Nice + t.System + t.IRQ + t.SoftIRQ + t.Steal) * float64(time.Second)), nil
}

// usage is what the collector took during a time.
type usage struct {
	Cores       float64 `json:"cores"`
	UserCores   float64 `json:"user_cores"`
	OthersCores float64 `json:"others_cores"` // neither the collector nor the load
	Memory      memory  `json:"memory"`
}

// meter measures the usage of a process from when it was made.
type meter struct {
	pid                   int
	started               time.Time
	processor, user, busy time.Duration
}

func newMeter(pid int) (*meter, error) {
	m := &meter{pid: pid}
	if err := resetPeak(pid); err != nil {
		return nil, err
	}
	var err error
	if m.processor, m.user, m.busy, err = m.read(); err != nil {
		return nil, err
	}
	m.started = time.Now()
	return m, nil
}

func (m *meter) read() (processor, user, busy time.Duration, err error) {
	if processor, err = processorTime(m.pid); err != nil {
		return
	}
	if user, err = userTime(m.pid); err != nil {
		return
	}
	busy, err = busyTime()
	return
}

// stop returns the usage so far. loads is the processor time that is the load's.
func (m *meter) stop(loads time.Duration) (usage, error) {
	elapsed := time.Since(m.started).Seconds()
	processor, user, busy, err := m.read()
	if err != nil {
		return usage{}, err
	}
	memory, err := memoryOf(m.pid)
	if err != nil {
		return usage{}, err
	}
	u := usage{
		Cores:     (processor - m.processor).Seconds() / elapsed,
		UserCores: (user - m.user).Seconds() / elapsed,
		Memory:    memory,
	}
	u.OthersCores = max(0, (busy-m.busy-loads).Seconds()/elapsed-u.Cores)
	return u, nil
}
