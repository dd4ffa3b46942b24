// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command attempt tries each of its arguments, and prints what became of it: the name of the error, or "done". It is what a test runs in a
// container to see what is refused there.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

var attempts = map[string]func() error{
	"ptrace": func() error {
		// Tracing a process that there is none of: refused before that is found out, or not.
		return unix.PtraceAttach(1 << 22)
	},
	"raw_socket":    func() error { return socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) },
	"packet_socket": func() error { return socket(unix.AF_PACKET, unix.SOCK_DGRAM, 0) },
	"tcp_socket":    func() error { return socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) },
	"udp_socket":    func() error { return socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0) },
	"mount":         func() error { return unix.Mount("none", "/tmp", "tmpfs", 0, "") },
	"unshare":       func() error { return unix.Unshare(unix.CLONE_NEWUTS) },
	"chroot":        func() error { return unix.Chroot("/tmp") },
	"memfd": func() error {
		fd, err := unix.MemfdCreate("attempt", 0)
		_ = unix.Close(fd)
		return err
	},
	"io_uring": func() error {
		_, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 0, 0, 0)
		return failed(errno)
	},
	"bpf": func() error {
		_, _, errno := unix.Syscall(unix.SYS_BPF, 1<<20, 0, 0)
		return failed(errno)
	},
	"clone_namespace": func() error {
		// With flags that contradict each other, so that no process is made: refused before that is found out, or not.
		_, _, errno := unix.RawSyscall(unix.SYS_CLONE, unix.CLONE_NEWNS|unix.CLONE_FS, 0, 0)
		return failed(errno)
	},
	"chown": func() error { return change(func(path string) error { return os.Chown(path, 7, 7) }) },
	"mknod": func() error {
		_ = os.Remove("/tmp/device")
		return unix.Mknod("/tmp/device", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3)))
	},
}

func main() {
	runtime.LockOSThread()
	for _, name := range os.Args[1:] {
		fmt.Println(name, outcome(attempts[name]()))
	}
}

func outcome(err error) string {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return unix.ErrnoName(errno)
	}
	if err != nil {
		return err.Error()
	}
	return "done"
}

func failed(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

func socket(family, kind, protocol int) error {
	fd, err := unix.Socket(family, kind, protocol)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func change(with func(path string) error) error {
	const path = "/tmp/changed"
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	return with(path)
}
