// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"bytes"
	"path"

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

// PathSource says how it is known where the paths of an event lead. A larger one is less certain.
type PathSource uint8

// Values of PathSource.
const (
	// PathOfFile is what the kernel resolved: the path of an opened file.
	PathOfFile PathSource = iota
	// PathInDirectory is a name that the process gave, in a directory that the kernel resolved.
	PathInDirectory
	// PathResolvedLater is an argument that was looked up after the call. No decoder says so.
	PathResolvedLater
	// PathArgument is what the process gave, with symbolic links that may lead elsewhere.
	PathArgument
)

// File is something that was done to a file. Header.Kind tells what.
type File struct {
	*filebpf.FileFileEvent
	head *Header
	// Directory is what Path is relative to; empty if Path is absolute.
	Directory, Path []byte
	// OtherDirectory and OtherPath are the new name, of renames and links.
	OtherDirectory, OtherPath []byte
	// Source is that of the less certain one of the paths.
	Source PathSource
}

// Head implements Event.
func (e *File) Head() *Header { return e.head }

func (e *File) has(flag filebpf.FileFileFlags) bool { return filebpf.FileFileFlags(e.Flags)&flag != 0 }

// pathIsArgument reports that the paths are arguments of a system call, instead of what the kernel resolved.
func (e *File) pathIsArgument() bool { return e.has(filebpf.FileFileFlagsFILE_PATH_IS_ARGUMENT) }

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

// PathLeadsElsewhere reports that the path may not be what it says: it has symbolic links on the way, or is one
// that was followed, or "..".
func (e *File) PathLeadsElsewhere() bool {
	if !e.pathIsArgument() || e.Symbolic() {
		return false
	}
	return e.FollowsLinks() && len(e.Path) > 0 || leadsElsewhere(e.Path)
}

// OtherPathLeadsElsewhere is PathLeadsElsewhere for the new name.
func (e *File) OtherPathLeadsElsewhere() bool {
	return e.pathIsArgument() && leadsElsewhere(e.OtherPath)
}

// WholePaths are the paths that the event is about, empty ones where they are not known as a whole. The target of a
// symbolic link is none.
func (e *File) WholePaths() (one, other string) {
	one = wholePath(e.Directory, e.Path, e.DirectoryFlags|e.PathFlags)
	other = wholePath(e.OtherDirectory, e.OtherPath, e.OtherDirectoryFlags)
	if e.Symbolic() {
		return other, ""
	}
	return one, other
}

func wholePath(directory, p []byte, flags uint8) string {
	if PathFlags(flags)&^PathDeleted != 0 || len(p) == 0 || p[0] != '/' && len(directory) == 0 {
		return ""
	}
	if p[0] == '/' {
		return path.Clean(string(p))
	}
	return path.Join(string(directory), string(p))
}

// leadsElsewhere is false for a plain name. No name at all means the directory itself.
func leadsElsewhere(p []byte) bool {
	p = bytes.TrimRight(p, "/")
	return bytes.IndexByte(p, '/') >= 0 || string(p) == "." || string(p) == ".."
}

// climb does with ".." at the beginning of a path what the kernel does: the directory has no symbolic links.
func (e *File) climb() {
	if !e.Symbolic() {
		e.Directory, e.Path = climb(e.Directory, e.Path, e.DirectoryFlags)
	}
	e.OtherDirectory, e.OtherPath = climb(e.OtherDirectory, e.OtherPath, e.OtherDirectoryFlags)
}

func climb(directory, path []byte, flags uint8) (newDirectory, newPath []byte) {
	if len(directory) == 0 || PathFlags(flags)&^PathDeleted != 0 {
		return directory, path
	}
	for {
		first, rest, more := bytes.Cut(path, []byte("/"))
		if !more || string(first) != ".." && string(first) != "." && len(first) > 0 {
			return directory, path
		}
		if string(first) == ".." {
			directory = directory[:max(1, bytes.LastIndexByte(directory, '/'))]
		}
		path = rest
	}
}

func (e *File) source() PathSource {
	switch {
	case !e.pathIsArgument():
		return PathOfFile
	case e.PathLeadsElsewhere() || e.OtherPathLeadsElsewhere():
		return PathArgument
	}
	return PathInDirectory
}

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

// NewFileRepeat makes the event of an entry of the deduplication map. firstPath is that of the first event.
func NewFileRepeat(key *filebpf.FileFileSeenKey, count *filebpf.FileSeenCount, firstPath string) *FileRepeat {
	return &FileRepeat{
		Header: repeatHeader(KindFileRepeat, ProcessKey{StartTimeNs: key.Process.StartTimeNs, Pid: key.Process.Pid}, seenCountOf(count)),
		Kind:   key.Kind, Access: FileAccess(key.Access), Path: firstPath, Inode: key.Inode, Count: count.Repeats,
	}
}

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
	if d.file.pathIsArgument() {
		d.file.climb()
	}
	d.file.Source = d.file.source()
	return &d.file, t.end()
}
