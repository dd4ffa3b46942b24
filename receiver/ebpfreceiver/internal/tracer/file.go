// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"maps"
	"slices"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/pattern"
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
	follows     = uint8(filebpf.FileFileFlagsFILE_FOLLOWS_LINKS)
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
		"renameat2":         {Kind: fileRename, Directory: 1, Path: 2, OtherDirectory: 3, OtherPath: 4, Options: 5},
		"unlink":            {Kind: fileDelete, Path: 1},
		"unlinkat":          {Kind: fileDelete, Directory: 1, Path: 2, Options: 3},
		"rmdir":             {Kind: fileDelete, Path: 1, Flags: isDirectory},
		"link":              {Kind: fileLink, Path: 1, OtherPath: 2},
		"linkat":            {Kind: fileLink, Directory: 1, Path: 2, OtherDirectory: 3, OtherPath: 4, Options: 5},
		"symlink":           {Kind: fileLink, Path: 1, OtherPath: 2, Flags: isSymbolic},
		"symlinkat":         {Kind: fileLink, Path: 1, OtherDirectory: 2, OtherPath: 3, Flags: isSymbolic},
		"chmod":             {Kind: fileModeChange, Path: 1, Value: 2, Flags: follows},
		"fchmod":            {Kind: fileModeChange, Descriptor: 1, Value: 2},
		"fchmodat":          {Kind: fileModeChange, Directory: 1, Path: 2, Value: 3, Flags: follows},
		"fchmodat2":         {Kind: fileModeChange, Directory: 1, Path: 2, Value: 3, Flags: follows, Options: 4},
		"chown":             {Kind: fileOwnerChange, Path: 1, Value: 2, Flags: follows},
		"chown32":           {Kind: fileOwnerChange, Path: 1, Value: 2, Flags: follows},
		"lchown":            {Kind: fileOwnerChange, Path: 1, Value: 2},
		"lchown32":          {Kind: fileOwnerChange, Path: 1, Value: 2},
		"fchown":            {Kind: fileOwnerChange, Descriptor: 1, Value: 2},
		"fchown32":          {Kind: fileOwnerChange, Descriptor: 1, Value: 2},
		"fchownat":          {Kind: fileOwnerChange, Directory: 1, Path: 2, Value: 3, Flags: follows, Options: 5},
	}
}

// FileConstants are the constants of the tracer's programs that depend on the architecture alone.
func FileConstants() map[string]any {
	return map[string]any{filebpf.FileVarOperations: syscallTable(fileOperations(), fileEntry)}
}

func fileEntry(name string, o operation, isCompat bool) operation {
	o.Wanted = 1
	if isCompat && hasShortIDs(name) {
		o.ShortIds = 1
	}
	return o
}

// hasShortIDs tells whether a 32-bit call takes users and groups of 16 bits. The name with "32" behind it is
// that of its successor.
func hasShortIDs(name string) bool {
	_, replaced := fileOperations()[name+"32"]
	return replaced
}

// FilePatternConstants are those that depend on the patterns of what is reported when it is read.
func FilePatternConstants(p *pattern.Set) map[string]any {
	return map[string]any{
		filebpf.FileVarPatternFiles:       p.Files,
		filebpf.FileVarPatternFolders:     p.Folders,
		filebpf.FileVarPatternRoots:       p.Roots,
		filebpf.FileVarPatternSuffixes:    p.Suffixes,
		filebpf.FileVarPatternFileHeads:   p.FileHeads,
		filebpf.FileVarPatternFolderHeads: p.FolderHeads,
		filebpf.FileVarHasPatterns:        len(p.Texts) > 0,
		filebpf.FileVarHasPatternFolders:  p.Folders != pattern.Bits{},
	}
}

// SetFilePatterns fills the map that goes with the constants.
func SetFilePatterns(t *Tracer, p *pattern.Set) error {
	for name, bits := range p.Names {
		key := filebpf.FilePatternName{PrefixBits: uint32(len(name)) * 8}
		copy(key.Name[:], name)
		if err := t.Map(filebpf.FileMapPatternNames).Put(key, bits); err != nil {
			return fmt.Errorf("add the element %q of a pattern: %w", name, err)
		}
	}
	return nil
}

// FileSeenKey names what a process did to an object in one time window.
type FileSeenKey = filebpf.FileFileSeenKey

// FileSeen says how often it happened again.
type FileSeen = filebpf.FileFileSeen
