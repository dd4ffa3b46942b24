// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// socketListener listens on a Unix socket, and takes its file away at the end, if it is still its own, and the
// folders that were made for it, if nothing else is in them.
type socketListener struct {
	*net.UnixListener
	path string
	file os.FileInfo
	// made are folders, the innermost last.
	made []string
}

// Close implements net.Listener.
func (l *socketListener) Close() error {
	err := l.UnixListener.Close()
	if file, statErr := os.Lstat(l.path); statErr == nil && os.SameFile(file, l.file) {
		err = errors.Join(err, os.Remove(l.path))
	}
	removeFolders(l.made)
	return err
}

// removeFolders leaves those that others use by now.
func removeFolders(made []string) {
	for _, folder := range slices.Backward(made) {
		if os.Remove(folder) != nil {
			return
		}
	}
}

// listenOnSocket makes the socket, with the permissions that it has to have from its first moment.
func listenOnSocket(ctx context.Context, path string, mode fs.FileMode, group *uint32) (*socketListener, error) {
	folder := filepath.Dir(path)
	made, err := makeSocketFolder(folder, group)
	var l *socketListener
	if err == nil {
		l, err = listenInFolder(ctx, path, mode, group)
	}
	if err != nil {
		removeFolders(made)
		return nil, err
	}
	l.made = made
	return l, nil
}

func listenInFolder(ctx context.Context, path string, mode fs.FileMode, group *uint32) (*socketListener, error) {
	// Otherwise two collectors could take each other's new socket for one that is left over.
	unlock, err := lockFolder(ctx, filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := removeStaleSocket(ctx, path); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return restrictSocket(raw, mode) }}
	listener, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on a Unix socket: %w", err)
	}
	l := &socketListener{UnixListener: listener.(*net.UnixListener), path: path}
	l.SetUnlinkOnClose(false)
	if l.file, err = os.Lstat(path); err == nil {
		err = l.permit(mode, group)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set who may use the socket: %w", err), l.UnixListener.Close(), os.Remove(path))
	}
	return l, nil
}

// permit widens the permissions to what they have to be, after the group is right.
func (l *socketListener) permit(mode fs.FileMode, group *uint32) error {
	if group != nil {
		if err := os.Lchown(l.path, -1, int(*group)); err != nil {
			return err
		}
	}
	return os.Chmod(l.path, mode)
}

// makeSocketFolder makes the folder if it is missing, and those above it, and returns those that it made. Who may
// use the socket has to get to it.
func makeSocketFolder(folder string, group *uint32) (made []string, err error) {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if made, err = makeSocketFolder(filepath.Dir(folder), group); err != nil {
			return made, err
		}
		isNew, err := makeOneFolder(folder, group)
		if isNew {
			made = append(made, folder)
		}
		return made, err
	case err != nil:
		return nil, fmt.Errorf("look at the folder of the socket: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("make the folder of the socket: %s is not a folder", folder)
	case info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0:
		return nil, fmt.Errorf("use the folder of the socket: everybody may replace files in %s (mode %04o), and with them the socket: choose another folder, or take the permission away",
			folder, info.Mode().Perm())
	}
	return nil, nil
}

func makeOneFolder(folder string, group *uint32) (isNew bool, err error) {
	switch err = os.Mkdir(folder, socketFolderMode); {
	case errors.Is(err, fs.ErrExist):
		return false, nil // another collector was faster
	case err != nil:
		return false, fmt.Errorf("make the folder of the socket: %w", err)
	}
	if group != nil {
		err = os.Chown(folder, -1, int(*group))
	}
	if err := errors.Join(err, os.Chmod(folder, socketFolderMode)); err != nil { // whatever the umask says
		return true, fmt.Errorf("set who may use the folder of the socket: %w", err)
	}
	return true, nil
}

// removeStaleSocket takes away the socket of a process that is gone. Anything else stays, and is an error.
func removeStaleSocket(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for an earlier socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("listen on a Unix socket: %s is there already and is not a socket: remove it, or choose another endpoint", path)
	}
	dialer := net.Dialer{Timeout: staleDialTimeout}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("listen on a Unix socket: another process listens on %s: end it, or choose another endpoint", path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the socket of a process that is gone: %w", err)
	}
	return nil
}
