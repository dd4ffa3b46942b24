// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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
			syscallHook(filebpf.FileProgFileSyscall, slices.Sorted(maps.Keys(fileOperations()))...),
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

// fileOperations are the calls by name. The numbers in the fields are positions of arguments, from 1.
func fileOperations() map[string]operation {
	return map[string]operation{
		"open":              {Kind: fileOpen, ReturnsFile: 1},
		"creat":             {Kind: fileOpen, ReturnsFile: 1},
		"openat":            {Kind: fileOpen, ReturnsFile: 1},
		"openat2":           {Kind: fileOpen, ReturnsFile: 1},
		"open_by_handle_at": {Kind: fileOpen, ReturnsFile: 1},
		"mkdir":             {Kind: fileCreate, Path: 1, Value: 2, Flags: isDirectory},
		"mkdirat":           {Kind: fileCreate, Directory: 1, Path: 2, Value: 3, Flags: isDirectory},
		"mknod":             {Kind: fileCreate, Path: 1, Value: 2},
		"mknodat":           {Kind: fileCreate, Directory: 1, Path: 2, Value: 3},
		"rename":            {Kind: fileRename, Path: 1, OtherPath: 2},
		"renameat":          {Kind: fileRename, Directory: 1, Path: 2, OtherDirectory: 3, OtherPath: 4},
		"renameat2":         {Kind: fileRename, Directory: 1, Path: 2, OtherDirectory: 3, OtherPath: 4},
		"unlink":            {Kind: fileDelete, Path: 1},
		"unlinkat":          {Kind: fileDelete, Directory: 1, Path: 2, Removal: 3},
		"rmdir":             {Kind: fileDelete, Path: 1, Flags: isDirectory},
		"link":              {Kind: fileLink, Path: 1, OtherPath: 2},
		"linkat":            {Kind: fileLink, Directory: 1, Path: 2, OtherDirectory: 3, OtherPath: 4},
		"symlink":           {Kind: fileLink, Path: 1, OtherPath: 2, Flags: isSymbolic},
		"symlinkat":         {Kind: fileLink, Path: 1, OtherDirectory: 2, OtherPath: 3, Flags: isSymbolic},
		"chmod":             {Kind: fileModeChange, Path: 1, Value: 2},
		"fchmod":            {Kind: fileModeChange, Descriptor: 1, Value: 2},
		"fchmodat":          {Kind: fileModeChange, Directory: 1, Path: 2, Value: 3},
		"fchmodat2":         {Kind: fileModeChange, Directory: 1, Path: 2, Value: 3},
		"chown":             {Kind: fileOwnerChange, Path: 1, Value: 2},
		"chown32":           {Kind: fileOwnerChange, Path: 1, Value: 2},
		"lchown":            {Kind: fileOwnerChange, Path: 1, Value: 2},
		"lchown32":          {Kind: fileOwnerChange, Path: 1, Value: 2},
		"fchown":            {Kind: fileOwnerChange, Descriptor: 1, Value: 2},
		"fchown32":          {Kind: fileOwnerChange, Descriptor: 1, Value: 2},
		"fchownat":          {Kind: fileOwnerChange, Directory: 1, Path: 2, Value: 3},
	}
}

// FileConstants are the constants of the tracer's programs that depend on the architecture alone.
func FileConstants() map[string]any {
	var table [2 * syscallsMax]operation
	for name, o := range fileOperations() {
		o.Wanted = 1
		native, compat, hasNative, hasCompat := syscallNumbers(name)
		if hasNative {
			table[native] = o
		}
		if hasCompat {
			table[syscallsMax+compat] = o
		}
	}
	return map[string]any{filebpf.FileVarOperations: table}
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
