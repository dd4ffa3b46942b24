// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ipc uses what processes share and prints the ids of it: of what it got by a call of its own, and by the call
// that stands for all where there is one.
func ipc(folder string) error {
	fmt.Println(os.Getpid())
	direct := func(size uintptr) (uintptr, error) {
		id, _, number := unix.Syscall(unix.SYS_SHMGET, unix.IPC_PRIVATE, size, 0o600)
		return id, errnoOf(number)
	}
	if err := sharedMemory(direct, 1111, func(id uintptr) error {
		memory, _, number := unix.Syscall(unix.SYS_SHMAT, id, 0, unix.SHM_RDONLY)
		if number != 0 {
			return number
		}
		_, _, number = unix.Syscall(unix.SYS_SHMDT, memory, 0, 0)
		return errnoOf(number)
	}, func(id uintptr) error {
		_, _, number := unix.Syscall(unix.SYS_SHMCTL, id, unix.IPC_RMID, 0)
		return errnoOf(number)
	}); err != nil {
		return err
	}
	if err := multiplexed(); err != nil {
		return err
	}
	socket := filepath.Join(folder, "socket")
	listener, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	client, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return errors.Join(unix.Mkfifo(filepath.Join(folder, "pipe"), 0o600), unix.Bind(listener, &unix.SockaddrUnix{Name: socket}),
		unix.Listen(listener, 1), unix.Connect(client, &unix.SockaddrUnix{Name: socket}))
}

// sharedMemory gets some, prints its id, attaches and removes it.
func sharedMemory(get func(size uintptr) (uintptr, error), size uintptr, attach, remove func(id uintptr) error) error {
	id, err := get(size)
	if err != nil {
		return err
	}
	fmt.Println(id)
	return errors.Join(attach(id), remove(id))
}

// errnoOf is nil for no error; compared with nil, a zero number is one.
func errnoOf(number unix.Errno) error {
	if number != 0 {
		return number
	}
	return nil
}

// pointerTo hands a place in memory to a system call.
func pointerTo(place *uint32) uintptr { return uintptr(unsafe.Pointer(place)) }
