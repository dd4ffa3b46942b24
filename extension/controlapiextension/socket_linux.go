// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// restrictSocket sets the permissions before the socket has a name: the kernel takes them for the file.
func restrictSocket(raw syscall.RawConn, mode fs.FileMode) error {
	var failed error
	err := raw.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), uint32(mode)) })
	return errors.Join(err, failed)
}

// lockFolder keeps other collectors from making their sockets in a folder meanwhile.
func lockFolder(ctx context.Context, folder string) (unlock func(), err error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, fmt.Errorf("lock the folder of the socket: %w", err)
	}
	late := time.Now().Add(socketLockWaitMax)
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(late) || ctx.Err() != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lock the folder of the socket, %s, which another process has locked: %w", folder, err)
		}
		time.Sleep(socketLockRetry)
	}
}
