// SPDX-License-Identifier: Apache-2.0

// Command compat is built for the 32-bit architecture beside the one that is tested, and makes system
// calls of every kind that has another number there. Its argument is a folder to work in.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(os.Getpid())
}

func run(folder string) error {
	created, renamed := filepath.Join(folder, "created"), filepath.Join(folder, "renamed")
	if err := os.WriteFile(created, []byte("one"), 0o640); err != nil {
		return err
	}
	if err := syscall.Chmod(created, 0o600); err != nil {
		return err
	}
	if err := syscall.Lchown(created, 12, 34); err != nil {
		return err
	}
	if err := os.Rename(created, renamed); err != nil {
		return err
	}
	if err := os.Remove(renamed); err != nil {
		return err
	}
	return inject(folder)
}

// inject does what the tracer "injection" reports. The process is its own victim.
func inject(folder string) error {
	name := [...]byte{'p', 'a', 'y', 'l', 'o', 'a', 'd', 0}
	if _, _, number := syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(&name)), 0, 0); number != 0 {
		return number
	}
	// Nothing is mapped there.
	from := [2]uintptr{uintptr(unsafe.Pointer(&name)), 1}
	to := [2]uintptr{8, 1}
	_, _, number := syscall.Syscall6(processVMWritev, uintptr(os.Getpid()), uintptr(unsafe.Pointer(&from)), 1, uintptr(unsafe.Pointer(&to)), 1, 0)
	if number != syscall.EFAULT {
		return fmt.Errorf("write to memory that is not there: %w", number)
	}
	if err := os.Mkdir(filepath.Join(folder, "etc"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "etc", "ld.so.preload"), nil, 0o644)
}
