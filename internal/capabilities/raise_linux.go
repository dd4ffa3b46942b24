// SPDX-License-Identifier: Apache-2.0

package capabilities

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrThreadsDiffer says that threads of this process have different capabilities, so that there is no one set to raise.
var ErrThreadsDiffer = errors.New("threads of the collector have different capabilities: start it in a process of its own")

// sets are the capabilities of a thread, as capget(2) returns them.
type sets [2]unix.CapUserData

// raising keeps a second caller from looking at the threads while a first one changes them.
var raising sync.Mutex

// Raise makes effective, in all threads, what the process is permitted. It does nothing where that is so already, as for
// root. It fails in programs that are linked with cgo, whose threads Go can't reach. More than one goroutine may call it.
func Raise() error {
	raising.Lock()
	defer raising.Unlock()
	held, err := ofAllThreads()
	if err != nil {
		return err
	}
	want, change := held, false
	for i := range want {
		want[i].Effective = want[i].Permitted
		change = change || want[i].Effective != held[i].Effective
	}
	if !change {
		return nil
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	_, _, number := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&want[0])), 0)
	switch number {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return errors.New("make the permitted capabilities effective: a program with cgo can't: build the collector with CGO_ENABLED=0, or run it as root")
	default:
		return fmt.Errorf("make the permitted capabilities effective: %w", number)
	}
}

// ofAllThreads returns what all threads have. The Go runtime ends the process if a call that it makes in all of them
// succeeds in some only, so they must not differ.
func ofAllThreads() (sets, error) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return sets{}, fmt.Errorf("list the threads of the collector: %w", err)
	}
	var first sets
	seen := false
	for _, thread := range threads {
		id, err := strconv.ParseInt(thread.Name(), 10, 32)
		if err != nil {
			return sets{}, fmt.Errorf("list the threads of the collector: %w", err)
		}
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3, Pid: int32(id)}
		var held sets
		err = unix.Capget(&header, &held[0])
		switch {
		case errors.Is(err, unix.ESRCH):
			continue // It has ended meanwhile.
		case err != nil:
			return sets{}, fmt.Errorf("read the capabilities of a thread: %w", err)
		case seen && held != first:
			return sets{}, ErrThreadsDiffer
		}
		first, seen = held, true
	}
	return first, nil
}
