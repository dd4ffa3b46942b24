// SPDX-License-Identifier: Apache-2.0

package decode

import (
	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
)

// Kinds of the tracer "file". FileRepeat is made in user space.
const (
	KindFileOpen        = uint16(filebpf.FileFileKindFILE_OPEN)
	KindFileCreate      = uint16(filebpf.FileFileKindFILE_CREATE)
	KindFileRename      = uint16(filebpf.FileFileKindFILE_RENAME)
	KindFileDelete      = uint16(filebpf.FileFileKindFILE_DELETE)
	KindFileLink        = uint16(filebpf.FileFileKindFILE_LINK)
	KindFileModeChange  = uint16(filebpf.FileFileKindFILE_MODE_CHANGE)
	KindFileOwnerChange = uint16(filebpf.FileFileKindFILE_OWNER_CHANGE)
	KindFileRepeat      = uint16(filebpf.FileFileKindFILE_REPEAT)
)

// FileAccess is what a file was opened for.
type FileAccess uint8

// Values of FileAccess.
const (
	FileRead  = FileAccess(filebpf.FileFileAccessACCESS_READ)
	FileWrite = FileAccess(filebpf.FileFileAccessACCESS_WRITE)
)

// File is something that was done to a file. Header.Kind tells what.
type File struct {
	*filebpf.FileFileEvent
	head *Header
	// Directory is what Path is relative to; empty if Path is absolute.
	Directory, Path []byte
	// OtherDirectory and OtherPath are the new name, of renames and links.
	OtherDirectory, OtherPath []byte
}

// Head implements Event.
func (e *File) Head() *Header { return e.head }

func (e *File) has(flag filebpf.FileFileFlags) bool { return filebpf.FileFileFlags(e.Flags)&flag != 0 }

// PathIsArgument reports that the paths are arguments of a system call, which may lead elsewhere by
// symbolic links, instead of what the kernel resolved.
func (e *File) PathIsArgument() bool { return e.has(filebpf.FileFileFlagsFILE_PATH_IS_ARGUMENT) }

// Symbolic reports that Path is the target of a symbolic link: any text.
func (e *File) Symbolic() bool { return e.has(filebpf.FileFileFlagsFILE_SYMBOLIC) }

// IsDirectory reports that it was done to a directory.
func (e *File) IsDirectory() bool { return e.has(filebpf.FileFileFlagsFILE_IS_DIRECTORY) }

// NotDeduplicated reports that the event may repeat an earlier one.
func (e *File) NotDeduplicated() bool { return e.has(filebpf.FileFileFlagsFILE_NOT_DEDUPLICATED) }

// FollowsLinks reports that the last name of the argument may be a symbolic link that was followed.
func (e *File) FollowsLinks() bool { return e.has(filebpf.FileFileFlagsFILE_FOLLOWS_LINKS) }

// OtherName reports that the file is one of those whose reads are reported, by a name that is not.
func (e *File) OtherName() bool { return e.has(filebpf.FileFileFlagsFILE_OTHER_NAME) }

// FileRepeat says how often something happened again in its time window. It is not decoded from a
// record but made of a count that the kernel kept.
type FileRepeat struct {
	Header Header
	// Kind and Access are those of the event that was repeated.
	Kind   uint16
	Access FileAccess
	Path   string
	Inode  uint64
	Count  uint64
}

// Head implements Event.
func (e *FileRepeat) Head() *Header { return &e.Header }

type fileDecoder struct {
	file File
}

// NewFile returns a decoder for the records of the tracer "file".
func NewFile() Decoder { return &fileDecoder{} }

// Decode implements Decoder.
func (d *fileDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind > KindFileOwnerChange {
		return nil, ErrUnknownKind
	}
	e, rest, err := view[filebpf.FileFileEvent](record)
	if err != nil {
		return nil, err
	}
	t := tail{rest: rest}
	d.file = File{
		FileFileEvent:  e,
		head:           header,
		Directory:      t.next(int(e.DirectoryBytes)),
		Path:           t.next(int(e.PathBytes)),
		OtherDirectory: t.next(int(e.OtherDirectoryBytes)),
		OtherPath:      t.next(int(e.OtherPathBytes)),
	}
	return &d.file, t.end()
}
