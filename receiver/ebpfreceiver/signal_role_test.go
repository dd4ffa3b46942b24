// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendSignals is a role: each argument is a call to make, as "kill PID SIGNAL" has it, with a code in
// front of it if the signal is to be queued with that.
func sendSignals(arguments []string) error {
	for _, argument := range arguments {
		var pid, number int
		var code int32
		if _, err := fmt.Sscanf(argument, "kill %d %d", &pid, &number); err == nil {
			if err := unix.Kill(pid, unix.Signal(number)); err != nil {
				return fmt.Errorf("%s: %w", argument, err)
			}
			continue
		}
		if _, err := fmt.Sscanf(argument, "queue %d %d %d", &code, &pid, &number); err != nil {
			return fmt.Errorf("%q is no call: %w", argument, err)
		}
		if err := queueSignal(pid, number, code); err != nil {
			return fmt.Errorf("%s: %w", argument, err)
		}
	}
	return nil
}

// queueSignal lets the sender choose what the target is told of the signal.
func queueSignal(pid, number int, code int32) error {
	info := [32]int32{0: int32(number), 2: code}
	_, _, errno := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(number), uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		return errno
	}
	return nil
}

// expireTimers is a role: it has a POSIX timer send it the signal SIGUSR1 very often, takes as many of
// them as the argument says, and ends.
func expireTimers(arguments []string) error {
	count, err := strconv.Atoi(arguments[0])
	if err != nil {
		return err
	}
	expired := make(chan os.Signal, 1)
	signal.Notify(expired, unix.SIGUSR1)
	event := struct {
		value          uint64
		number, notify int32
		rest           [48]byte
	}{number: int32(unix.SIGUSR1)}
	var timer int32
	if _, _, errno := unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&timer))); errno != 0 {
		return errno
	}
	interval := unix.NsecToTimespec(int64(time.Millisecond))
	setting := [2]unix.Timespec{interval, interval}
	if _, _, errno := unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(timer), 0, uintptr(unsafe.Pointer(&setting)), 0, 0, 0); errno != 0 {
		return errno
	}
	for range count {
		<-expired
	}
	runtime.KeepAlive(&event)
	return nil
}
