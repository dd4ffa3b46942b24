// SPDX-License-Identifier: Apache-2.0

package container

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// folder is an open folder of a runtime. Nothing that is named below it leads out of it: neither symbolic links nor
// mounts are followed, whoever made them.
type folder struct{ fd int }

// openFolder opens a folder whose path is that of the host, below the place where the host's root is mounted. On the
// way to the folder itself, symbolic links mean what they mean on the host.
func openFolder(rootPath, path string) (folder, error) {
	if rootPath == "" {
		fd, err := open(unix.AT_FDCWD, path, unix.O_PATH|unix.O_DIRECTORY, unix.RESOLVE_NO_MAGICLINKS)
		return folder{fd: fd}, err
	}
	root, err := unix.Open(rootPath, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return folder{}, err
	}
	defer unix.Close(root)
	fd, err := open(root, path, unix.O_PATH|unix.O_DIRECTORY, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS)
	return folder{fd: fd}, err
}

// below is how paths in a folder are resolved.
const below = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV

// open opens a path without waiting, whatever is there.
func open(at int, path string, flags, resolve uint64) (int, error) {
	how := unix.OpenHow{Flags: flags | unix.O_CLOEXEC | unix.O_NONBLOCK, Resolve: resolve}
	if flags&unix.O_PATH != 0 {
		how.Flags &^= unix.O_NONBLOCK
	}
	for attempt := 1; ; attempt++ {
		fd, err := unix.Openat2(at, path, &how)
		// EAGAIN: something was renamed meanwhile, and the kernel can't tell whether the path has led out.
		if (err == unix.EAGAIN || err == unix.EINTR) && attempt < openAttemptsMax {
			continue
		}
		return fd, err
	}
}

func (f folder) close() { _ = unix.Close(f.fd) }

// has tells whether there is a folder of that name.
func (f folder) has(name string) bool {
	fd, err := open(f.fd, name, unix.O_PATH|unix.O_DIRECTORY, below)
	if err != nil {
		return false
	}
	_ = unix.Close(fd)
	return true
}

// list returns names of what is in a folder, at most entriesMax.
func (f folder) list(name string, entriesMax int) []string {
	fd, err := open(f.fd, name, unix.O_RDONLY|unix.O_DIRECTORY, below)
	if err != nil {
		return nil
	}
	directory := os.NewFile(uintptr(fd), name)
	defer directory.Close()
	names, _ := directory.Readdirnames(entriesMax)
	return names
}

// stamp tells one content of a file from another.
type stamp struct {
	inode    uint64
	size     int64
	modified unix.Timespec
}

// file is a regular file that is open for reading.
type file struct {
	*os.File
	stamp stamp
}

// open opens a regular file.
func (f folder) open(name string) (file, error) {
	fd, err := open(f.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW, below)
	if err != nil {
		return file{}, err
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		_ = unix.Close(fd)
		return file{}, err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		_ = unix.Close(fd)
		return file{}, errNotRegular
	}
	opened := stamp{inode: stat.Ino, size: stat.Size, modified: stat.Mtim}
	return file{File: os.NewFile(uintptr(fd), name), stamp: opened}, nil
}

// content reads a file that has at most bytesMax.
func (f file) content(bytesMax int64) ([]byte, error) {
	if f.stamp.size > bytesMax {
		return nil, errTooLarge
	}
	content := make([]byte, f.stamp.size)
	n, err := io.ReadFull(f, content)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return content[:n], nil
}
