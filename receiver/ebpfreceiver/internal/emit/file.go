// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// FileOptions are what the configuration says about file events.
type FileOptions struct {
	// ReadPaths are the configured patterns, by the number that events give to them.
	ReadPaths map[uint16]string
}

// File is the emitter of the tracer "file".
func File(o FileOptions) Emitter {
	return func(r Record, event decode.Event) bool {
		switch e := event.(type) {
		case *decode.File:
			if !file(r, e) {
				return false
			}
			r.putRead(e, o.ReadPaths)
			return true
		case *decode.FileRepeat:
			return fileRepeat(r, e)
		}
		return false
	}
}

// putRead says why a read is reported.
func (r Record) putRead(e *decode.File, patterns map[uint16]string) {
	if e.ReadElement == 0 {
		return
	}
	if p, ok := patterns[e.ReadElement]; ok {
		r.Attributes().PutStr(names.FileReadPath, p)
	}
	if e.OtherName() {
		r.Attributes().PutBool(names.FileOtherName, true)
	}
}

func file(r Record, e *decode.File) bool {
	name, verb := fileVerb(e.Header.Kind, decode.FileAccess(e.Access))
	if name == "" {
		return false
	}
	r.SetEventName(name)
	target := joinPath(e.Directory, e.Path)
	attributes := r.Attributes()
	attributes.EnsureCapacity(18)
	switch e.Header.Kind {
	case decode.KindFileLink:
		target = r.putLink(e)
	case decode.KindFileRename:
		attributes.PutStr(names.FileNewPath, joinPath(e.OtherDirectory, e.OtherPath))
		if flags := renameFlags(e.RenameFlags); flags != "" {
			attributes.PutStr(names.FileRenameFlags, flags)
		}
	}
	r.putPath(target)
	if target == "" {
		target = "a file"
	}
	r.Body().SetStr(r.subject(e.Head()) + " " + verb + " " + target)
	r.putFileDetails(e)
	return true
}

// putPath adds a path if it is known: an argument can't be read when its memory is gone.
func (r Record) putPath(p string) {
	if p == "" {
		return
	}
	r.Attributes().PutStr(names.FilePath, p)
	r.Attributes().PutStr(names.FileName, path.Base(p))
}

// putLink adds what a link points to and returns the path of the link itself.
func (r Record) putLink(e *decode.File) string {
	link := joinPath(e.OtherDirectory, e.OtherPath)
	if e.Symbolic() {
		r.Attributes().PutStr(names.FileSymbolicLinkTarget, text(e.Path))
		return link
	}
	r.Attributes().PutStr(names.FileNewPath, link)
	return joinPath(e.Directory, e.Path)
}

func (r Record) putFileDetails(e *decode.File) {
	attributes := r.Attributes()
	if source := pathSource(e.Source); source != "" {
		attributes.PutStr(names.FilePathSource, source)
	}
	flags := decode.PathFlags(e.PathFlags | e.DirectoryFlags | e.OtherDirectoryFlags)
	if status := pathStatus(flags); status != "" {
		attributes.PutStr(names.FilePathStatus, status)
	}
	if kind := fileType(e); kind != "" {
		attributes.PutStr(names.FileType, kind)
	}
	if e.Access != 0 {
		attributes.PutStr(names.FileAccess, accessName(decode.FileAccess(e.Access)))
	}
	if e.Inode != 0 {
		attributes.PutInt(names.FileInode, int64(e.Inode))
	}
	if e.Links > 1 && e.Mode&unix.S_IFMT == unix.S_IFREG {
		attributes.PutInt(names.FileLinks, int64(e.Links))
	}
	if e.Inode != 0 || e.Header.Kind == decode.KindFileModeChange || e.Header.Kind == decode.KindFileCreate {
		attributes.PutStr(names.FileMode, fmt.Sprintf("%04o", e.Mode&modeBits))
	}
	if e.Inode != 0 || e.Header.Kind == decode.KindFileOwnerChange {
		r.putFileOwner(e)
	}
}

func pathSource(s decode.PathSource) string {
	switch s {
	case decode.PathInDirectory:
		return "directory"
	case decode.PathResolvedLater:
		return "resolved_later"
	case decode.PathArgument:
		return "argument"
	}
	return ""
}

// renameFlags names the flags of a rename as the manual does, without RENAME_ before them.
func renameFlags(flags uint8) string {
	var all []string
	for _, f := range []struct {
		flag uint8
		name string
	}{{unix.RENAME_NOREPLACE, "NOREPLACE"}, {unix.RENAME_EXCHANGE, "EXCHANGE"}, {unix.RENAME_WHITEOUT, "WHITEOUT"}} {
		if flags&f.flag != 0 {
			all = append(all, f.name)
		}
	}
	return strings.Join(all, "|")
}

// fileType names what is not a regular file, as far as that is known.
func fileType(e *decode.File) string {
	if e.IsDirectory() {
		return "directory"
	}
	switch e.Mode & unix.S_IFMT {
	case unix.S_IFBLK:
		return "block_device"
	case unix.S_IFCHR:
		return "character_device"
	case unix.S_IFIFO:
		return "pipe"
	case unix.S_IFSOCK:
		return "socket"
	}
	return ""
}

// modeBits are permissions with set-user-id, set-group-id and sticky.
const modeBits = 0o7777

// unchangedID is what chown takes for "leave it as it is".
const unchangedID = 1<<32 - 1

func (r Record) putFileOwner(e *decode.File) {
	if e.OwnerUid != unchangedID {
		r.Attributes().PutStr(names.FileOwnerID, strconv.FormatUint(uint64(e.OwnerUid), 10))
	}
	if e.OwnerGid != unchangedID {
		r.Attributes().PutStr(names.FileGroupID, strconv.FormatUint(uint64(e.OwnerGid), 10))
	}
}

// fileVerb returns the event's name and how a sentence tells it.
func fileVerb(kind uint16, access decode.FileAccess) (name, verb string) {
	switch kind {
	case decode.KindFileOpen:
		if access == decode.FileRead {
			return names.EventFileOpen, "opened for read:"
		}
		return names.EventFileOpen, "opened for write:"
	case decode.KindFileCreate:
		return names.EventFileCreate, "created"
	case decode.KindFileRename:
		return names.EventFileRename, "renamed"
	case decode.KindFileDelete:
		return names.EventFileDelete, "deleted"
	case decode.KindFileLink:
		return names.EventFileLink, "linked"
	case decode.KindFileModeChange:
		return names.EventFileModeChange, "changed the mode of"
	case decode.KindFileOwnerChange:
		return names.EventFileOwnerChange, "changed the owner of"
	}
	return "", ""
}

func accessName(a decode.FileAccess) string {
	if a == decode.FileRead {
		return "read"
	}
	return "write"
}

// joinPath puts a path behind the directory that it is relative to. A path with ".." stays as it was
// given: where that leads depends on symbolic links.
func joinPath(directory, given []byte) string {
	p := text(given)
	if len(directory) > 0 {
		p = strings.TrimSuffix(text(directory), "/") + "/" + p
	}
	if p == "" || strings.Contains("/"+p+"/", "/../") {
		return p
	}
	return path.Clean(p)
}

func fileRepeat(r Record, e *decode.FileRepeat) bool {
	name, verb := fileVerb(e.Kind, e.Access)
	if name == "" {
		return false
	}
	r.SetEventName(name)
	attributes := r.Attributes()
	what := text([]byte(e.Path))
	r.putPath(what)
	if what == "" {
		what = fmt.Sprintf("the file with inode %d", e.Inode)
	}
	if e.Access != 0 {
		attributes.PutStr(names.FileAccess, accessName(e.Access))
	}
	attributes.PutInt(names.FileInode, int64(e.Inode))
	attributes.PutInt(names.RepeatCount, int64(e.Count))
	r.Body().SetStr(fmt.Sprintf("%s %s %s, %d times more", r.subject(&e.Header), verb, what, e.Count))
	return true
}

// FileCounts are the counts per workload of the tracer "file".
func FileCounts() []Count {
	count := func(field, operation string) Count {
		return Count{Field: field, Metric: names.FileOperations(), Attribute: names.FileOperation, Value: operation}
	}
	return []Count{
		count("opened_for_write", "open"),
		count("created", "create"),
		count("renamed", "rename"),
		count("deleted", "delete"),
		count("linked", "link"),
		count("mode_changed", "mode_change"),
		count("owner_changed", "owner_change"),
	}
}
