// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockets opens listeners in every way that the architecture has, prints their inodes, and fails to bind.
func sockets() error {
	loopback := [4]byte{127, 0, 0, 1}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: loopback}); err != nil {
		return err
	}
	if err := unix.Listen(fd, 21); err != nil {
		return err
	}
	raw, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
	if err != nil {
		return err
	}
	if err := unix.Bind(raw, &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 1}}); err != unix.EADDRNOTAVAIL {
		return fmt.Errorf("bind to a foreign address: %w", err)
	}
	// The way that libraries which don't know socketcall take.
	direct, _, number := unix.Syscall(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)
	if number != 0 {
		return number
	}
	name := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: loopback}
	if _, _, number := unix.Syscall(unix.SYS_BIND, direct, uintptr(unsafe.Pointer(&name)), unsafe.Sizeof(name)); number != 0 {
		return number
	}
	if _, _, number := unix.Syscall(unix.SYS_LISTEN, direct, 22, 0); number != 0 {
		return number
	}
	fmt.Println(os.Getpid())
	for _, fd := range []int{fd, raw, int(direct)} {
		var stat unix.Stat_t
		if err := unix.Fstat(fd, &stat); err != nil {
			return err
		}
		fmt.Println(stat.Ino)
	}
	return nil
}
