// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// crash is a role: it lets the kernel end it as a program in another language would end, by what the first
// argument names. The second is the largest core that it may leave, in bytes.
func crash(arguments []string) error {
	var coreBytes uint64
	if _, err := fmt.Sscan(arguments[1], &coreBytes); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: coreBytes, Max: coreBytes}); err != nil {
		return err
	}
	for _, number := range []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGABRT} {
		if err := leaveToKernel(number); err != nil {
			return err
		}
	}
	if arguments[0] == "from another thread" {
		return crashInThread()
	}
	fault, err := faultFor(arguments[0])
	if err != nil {
		return err
	}
	fmt.Printf("%#x\n", fault.address)
	fault.access(fault.address)
	return fmt.Errorf("nothing happened for %q", arguments[0])
}

// leaveToKernel takes a signal from the Go runtime.
func leaveToKernel(number unix.Signal) error {
	var action [4]uint64 // handler, flags, restorer, mask
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(number), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// crashInThread faults in a thread that has a name and is not the first one.
func crashInThread() error {
	for {
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() == unix.Getpid() {
				select {} // The next one can't land here.
			}
			name := append([]byte("faulty"), 0)
			_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
			readAt(8)
		}()
		time.Sleep(10 * time.Millisecond)
	}
}

// memoryFault is an access that fails.
type memoryFault struct {
	address uintptr
	access  func(uintptr)
}

func faultFor(name string) (memoryFault, error) {
	page := os.Getpagesize()
	mapped := func(length, protection int, access func(uintptr)) (memoryFault, error) {
		memory, err := unix.Mmap(-1, 0, length, protection, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			return memoryFault{}, err
		}
		return memoryFault{uintptr(unsafe.Pointer(unsafe.SliceData(memory))) + 24, access}, nil
	}
	switch name {
	case "null":
		return memoryFault{16, readAt}, nil
	case "null function":
		return memoryFault{0, callAt}, nil
	case "kernel":
		return memoryFault{0xffffffff81000000, writeAt}, nil
	case "non-canonical":
		return memoryFault{0x1234567890abcdef, readAt}, nil
	case "no access":
		return mapped(page, unix.PROT_NONE, readAt)
	case "read-only":
		return mapped(page, unix.PROT_READ, writeAt)
	case "code":
		return mapped(page, unix.PROT_READ|unix.PROT_EXEC, writeAt)
	case "data as code":
		return mapped(page, unix.PROT_READ|unix.PROT_WRITE, callAt)
	case "unmapped":
		fault, err := mapped(page, unix.PROT_READ, readAt)
		if err != nil {
			return fault, err
		}
		_, _, errno := unix.Syscall(unix.SYS_MUNMAP, fault.address&^(uintptr(page)-1), uintptr(page), 0)
		if errno != 0 {
			return fault, errno
		}
		return fault, nil
	case "file end":
		return behindFile(page)
	case "abort":
		return memoryFault{0, func(uintptr) { _ = unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGABRT) }}, nil
	}
	return memoryFault{}, fmt.Errorf("there is no fault %q", name)
}

// behindFile maps more than a file has.
func behindFile(page int) (memoryFault, error) {
	file, err := os.Create(filepath.Join(os.TempDir(), "short"))
	if err != nil {
		return memoryFault{}, err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	memory, err := unix.Mmap(int(file.Fd()), 0, page, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return memoryFault{}, errors.Join(err, file.Close())
	}
	return memoryFault{uintptr(unsafe.Pointer(unsafe.SliceData(memory))), readAt}, file.Close()
}

// pointer makes a pointer of any number.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

var sink byte

//go:noinline
//go:norace
//go:nocheckptr
func readAt(address uintptr) { sink = *(*byte)(pointer(address)) }

//go:noinline
//go:norace
//go:nocheckptr
func writeAt(address uintptr) { *(*byte)(pointer(address)) = 1 }

// callAt calls what is at the address. A function value is a pointer to where the code's address stands.
//
//go:noinline
//go:norace
//go:nocheckptr
func callAt(address uintptr) {
	code := &address
	(*(*func())(unsafe.Pointer(&code)))()
}

// handledFaults is how many faults the role "handle_faults" survives.
const handledFaults = 25

// handleFaults survives invalid accesses as the runtimes of several languages do.
func handleFaults() {
	for range handledFaults {
		func() {
			defer func() { _ = recover() }()
			debug.SetPanicOnFault(true)
			readAt(16)
		}()
	}
}
