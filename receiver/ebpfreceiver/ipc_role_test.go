// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// listenUnix makes a listener at a path, or "@" and an abstract name.
func listenUnix(address string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return fd, errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: address}), unix.Listen(fd, 100))
}

// serveUnix is a role: it listens, says so, and accepts one connection, which it reads to its end.
func serveUnix(address string) error {
	listener, err := listenUnix(address)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	connection, _, err := unix.Accept(listener)
	if err != nil {
		return err
	}
	_, err = unix.Read(connection, make([]byte, 1))
	return err
}

// connectUnix is a role: it connects.
func connectUnix(address string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Connect(fd, &unix.SockaddrUnix{Name: address})
}

// leaveListener is a role: it listens, gives the listener to a child that waits for the end of its input, and
// ends.
func leaveListener(address string) error {
	listener, err := listenUnix(address)
	if err != nil {
		return err
	}
	child := inRole("wait")
	child.Stdin = os.Stdin
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(listener), "listener")}
	return child.Start()
}

// messageQueue calls msgget(2).
func messageQueue(key, flags int) (int, error) {
	id, _, number := unix.Syscall(unix.SYS_MSGGET, uintptr(key), uintptr(flags), 0)
	return int(id), errnoOf(number)
}

func removeMessageQueue(id int) error {
	_, _, number := unix.Syscall(unix.SYS_MSGCTL, uintptr(id), unix.IPC_RMID, 0)
	return errnoOf(number)
}

// semaphores calls semget(2).
func semaphores(key, count, flags int) (int, error) {
	id, _, number := unix.Syscall(unix.SYS_SEMGET, uintptr(key), uintptr(count), uintptr(flags))
	return int(id), errnoOf(number)
}

func removeSemaphores(id int) error {
	_, _, number := unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), 0, unix.IPC_RMID, 0, 0, 0)
	return errnoOf(number)
}

// openQueue calls mq_open(2), whose names have no slash.
func openQueue(name string, flags, mode int) (int, error) {
	bytes, err := unix.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	fd, _, number := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(bytes)), uintptr(flags), uintptr(mode), 0, 0, 0)
	return int(fd), errnoOf(number)
}

func removeQueue(name string) error {
	bytes, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, number := unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(bytes)), 0, 0)
	return errnoOf(number)
}

func errnoOf(number unix.Errno) error {
	if number != 0 {
		return number
	}
	return nil
}

// useIPC is a role: told by a line, it does each thing once, and tells when it is done.
func useIPC(folder string) error {
	input := bufio.NewReader(os.Stdin)
	if _, err := input.ReadString('\n'); err != nil {
		return err
	}
	memory, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, 0o600)
	if err != nil {
		return err
	}
	mapped, err := unix.SysvShmAttach(memory, 0, 0)
	if err != nil {
		return err
	}
	_, err = unix.SysvShmCtl(memory, unix.IPC_RMID, nil)
	if err := errors.Join(err, unix.SysvShmDetach(mapped)); err != nil {
		return err
	}
	pipe, socket := filepath.Join(folder, "pipe"), filepath.Join(folder, "socket")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		return err
	}
	fd, err := unix.Open(pipe, unix.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := connectUnix(socket); !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("connect to nobody: %w", err)
	}
	if _, err := listenUnix(socket); err != nil {
		return err
	}
	if err := errors.Join(connectUnix(socket), unix.Close(fd)); err != nil {
		return err
	}
	fmt.Println("done")
	_, err = io.Copy(io.Discard, input)
	return err
}
