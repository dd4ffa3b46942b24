// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"maps"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
)

// File observes what processes do to files.
func File() Spec {
	return Spec{
		Name:           "file",
		Brief:          "Files that are opened for writing, created, renamed, deleted, linked, or change mode or owner; reads of chosen paths.",
		DefaultEnabled: true,
		Cost:           CostHigh,
		Privileges:     basePrivileges(),
		Kinds:          []string{"open", "create", "rename", "delete", "link", "mode_change", "owner_change", "repeat"},
		Load:           filebpf.LoadFile,
		Hooks: []Hook{
			hook("sys_exit", filebpf.FileProgFileSysExit, filebpf.FileProgFileSysExitRaw),
		},
	}
}

// Kinds of operations, in short.
const (
	fileOpen        = uint8(filebpf.FileFileKindFILE_OPEN)
	fileCreate      = uint8(filebpf.FileFileKindFILE_CREATE)
	fileRename      = uint8(filebpf.FileFileKindFILE_RENAME)
	fileDelete      = uint8(filebpf.FileFileKindFILE_DELETE)
	fileLink        = uint8(filebpf.FileFileKindFILE_LINK)
	fileModeChange  = uint8(filebpf.FileFileKindFILE_MODE_CHANGE)
	fileOwnerChange = uint8(filebpf.FileFileKindFILE_OWNER_CHANGE)

	isDirectory = uint8(filebpf.FileFileFlagsFILE_IS_DIRECTORY)
	isSymbolic  = uint8(filebpf.FileFileFlagsFILE_SYMBOLIC)
)

// operation is what one system call does to files.
type operation = filebpf.FileFileOperation

// fchmodat2 came with Linux 6.6; its number is the same everywhere.
const sysFchmodat2 = 452

// fileOperations are the calls that every architecture has. The numbers in the fields are positions of
// arguments, from 1.
func fileOperations() map[int]operation {
	return map[int]operation{
		unix.SYS_OPENAT:            {Kind: fileOpen, ReturnsFile: 1},
		unix.SYS_OPENAT2:           {Kind: fileOpen, ReturnsFile: 1},
		unix.SYS_OPEN_BY_HANDLE_AT: {Kind: fileOpen, ReturnsFile: 1},
		unix.SYS_MKDIRAT:           {Kind: fileCreate, Directory: 1, Path: 2, Value: 3, Flags: isDirectory},
		unix.SYS_MKNODAT:           {Kind: fileCreate, Directory: 1, Path: 2, Value: 3},
		unix.SYS_RENAMEAT2:         {Kind: fileRename, Directory: 1, Path: 2, OtherDirectory: 3, OtherPath: 4},
		unix.SYS_RENAMEAT:          {Kind: fileRename, Directory: 1, Path: 2, OtherDirectory: 3, OtherPath: 4},
		unix.SYS_UNLINKAT:          {Kind: fileDelete, Directory: 1, Path: 2, Removal: 3},
		unix.SYS_LINKAT:            {Kind: fileLink, Directory: 1, Path: 2, OtherDirectory: 3, OtherPath: 4},
		unix.SYS_SYMLINKAT:         {Kind: fileLink, Path: 1, OtherDirectory: 2, OtherPath: 3, Flags: isSymbolic},
		unix.SYS_FCHMOD:            {Kind: fileModeChange, Descriptor: 1, Value: 2},
		unix.SYS_FCHMODAT:          {Kind: fileModeChange, Directory: 1, Path: 2, Value: 3},
		sysFchmodat2:               {Kind: fileModeChange, Directory: 1, Path: 2, Value: 3},
		unix.SYS_FCHOWN:            {Kind: fileOwnerChange, Descriptor: 1, Value: 2},
		unix.SYS_FCHOWNAT:          {Kind: fileOwnerChange, Directory: 1, Path: 2, Value: 3},
	}
}

// fileOperationsMax is SYSCALLS_MAX of bpf/file.
const fileOperationsMax = 512

// FileConstants are the constants of the tracer's programs that depend on the architecture alone.
func FileConstants() map[string]any {
	var table [fileOperationsMax]operation
	operations := fileOperations()
	maps.Copy(operations, olderFileOperations())
	for number, o := range operations {
		o.Wanted = 1
		table[number] = o
	}
	return map[string]any{filebpf.FileVarOperations: table}
}

// OwnProcessConstants tell the tracer's programs which process they are not to report: this one.
// Without /proc none is left out.
func OwnProcessConstants() map[string]any {
	var namespace unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &namespace); err != nil {
		return nil
	}
	return map[string]any{
		filebpf.FileVarOwnPid:             uint32(os.Getpid()),
		filebpf.FileVarOwnNamespaceDevice: namespace.Dev,
		filebpf.FileVarOwnNamespaceInode:  namespace.Ino,
	}
}

// FileReadPathBytesMax bounds a path in SetFileReadPaths.
const FileReadPathBytesMax = 255

// FileReadPathsMax bounds how many paths SetFileReadPaths takes.
const FileReadPathsMax = 256

// SetFileReadPaths names the paths whose reads are reported: files, and directories with a slash at
// the end.
func SetFileReadPaths(t *Tracer, paths []string) error {
	for _, path := range paths {
		var key filebpf.FileReadPath
		length := copy(key.Path[:], path)
		if !strings.HasSuffix(path, "/") {
			length++ // the zero byte that ends a file's path is part of the match
		}
		key.PrefixBits = uint32(length) * 8
		if err := t.Map(filebpf.FileMapReadPaths).Put(key, uint8(1)); err != nil {
			return fmt.Errorf("add the read path %q: %w", path, err)
		}
	}
	return nil
}

// FileSeen is the map in which the kernel half counts what happened again.
func FileSeen(t *Tracer) FileSeenMap { return FileSeenMap{t.Map(filebpf.FileMapSeen)} }
