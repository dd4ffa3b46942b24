// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who opened a connection.
func peerOf(c *net.UnixConn) (peer, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	var who peer
	var failed error
	err = raw.Control(func(fd uintptr) {
		var credentials *unix.Ucred
		if credentials, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); failed != nil {
			return
		}
		who.uid = credentials.Uid
		who.groups, failed = peerGroups(fd)
		who.groups = append(who.groups, credentials.Gid)
	})
	if err := errors.Join(err, failed); err != nil {
		return peer{}, fmt.Errorf("ask who connected: %w", err)
	}
	return who, nil
}

// peerGroups returns the groups besides the first one. The kernel says how much room it needs when there is too
// little.
func peerGroups(fd uintptr) ([]uint32, error) {
	const bytesOfGroup = uint32(unsafe.Sizeof(uint32(0)))
	groups := make([]uint32, 32)
	for {
		length := uint32(len(groups)) * bytesOfGroup
		_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&length)), 0)
		number := int(length / bytesOfGroup)
		switch {
		case errno == 0:
			return groups[:number], nil
		case errno == unix.ERANGE && number > len(groups) && number <= peerGroupsMax:
			groups = make([]uint32, number)
		default:
			return nil, errno
		}
	}
}
