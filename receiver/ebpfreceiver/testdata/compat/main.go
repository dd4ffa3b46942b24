// SPDX-License-Identifier: Apache-2.0

// Command compat is built for the 32-bit architecture beside the one that is tested, and makes system
// calls of every kind that has another number there. Its arguments are what to use, files, sockets, ipc, ids, exec,
// connection or injection, and a folder to work in.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"
)

func main() {
	var err error
	switch what := os.Args[1]; what {
	case "files":
		err = files(os.Args[2])
	case "sockets":
		err = sockets()
	case "injection":
		err = inject(os.Args[2])
	case "ipc":
		err = ipc(os.Args[2])
	case "exec":
		fmt.Println(os.Getpid())
		err = failToExecute(os.Args[2])
	case "connection":
		err = connection()
	case "ids":
		fmt.Println(os.Getpid())
		err = syscall.Setresuid(11, 12, 13)
	default:
		err = fmt.Errorf("nothing is known of %q", what)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func files(folder string) error {
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
	if err := withShortIDs(created); err != nil {
		return err
	}
	if err := os.Rename(created, renamed); err != nil {
		return err
	}
	fmt.Println(os.Getpid())
	return os.Remove(renamed)
}

// Numbers of calls that take users and groups of 16 bits; 386 and arm have the same.
const (
	lchown16 = 16
	fchown16 = 95
	chown16  = 182
)

// withShortIDs changes the group alone, then the owner alone, then both, each by another call.
func withShortIDs(path string) error {
	const unchanged = 0xffff
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	for _, call := range []struct{ number, object, uid, gid uintptr }{
		{lchown16, uintptr(unsafe.Pointer(name)), unchanged, 56},
		{fchown16, file.Fd(), 78, unchanged},
		{chown16, uintptr(unsafe.Pointer(name)), 0xfffe, 0xfffe},
	} {
		if _, _, failed := syscall.Syscall(call.number, call.object, call.uid, call.gid); failed != 0 {
			return failed
		}
	}
	return nil
}
