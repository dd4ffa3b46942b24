// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "file".
const (
	EventFileOpen        = "meerkat.file.open"
	EventFileCreate      = "meerkat.file.create"
	EventFileRename      = "meerkat.file.rename"
	EventFileDelete      = "meerkat.file.delete"
	EventFileLink        = "meerkat.file.link"
	EventFileModeChange  = "meerkat.file.mode_change"
	EventFileOwnerChange = "meerkat.file.owner_change"
)

// Attributes and metrics of files.
const (
	FilePath               = "file.path"
	FileName               = "file.name"
	FileInode              = "file.inode"
	FileMode               = "file.mode"
	FileOwnerID            = "file.owner.id"
	FileGroupID            = "file.group.id"
	FileSymbolicLinkTarget = "file.symbolic_link.target_path"
	FileAccess             = "meerkat.file.access"
	FileType               = "meerkat.file.type"
	FilePathSource         = "meerkat.file.path_source"
	FilePathStatus         = "meerkat.file.path_status"
	FileNewPath            = "meerkat.file.new_path"
	FileRenameFlags        = "meerkat.file.rename_flags"
	FileLinks              = "meerkat.file.links"
	FileReadPath           = "meerkat.file.read_path"
	FileOtherName          = "meerkat.file.other_name"

	MetricFileOperations = "meerkat.file.operations"
	FileOperation        = "meerkat.file.operation"
)

// FileEvents describes the events of the tracer "file".
func FileEvents() []Event {
	object := []string{FilePath, FileName, FilePathStatus, FileType}
	known := append([]string{FileInode, FileMode, FileOwnerID, FileGroupID, FileLinks}, object...)
	argument := append([]string{FilePathSource}, object...)
	with := func(base []string, more ...string) []string { return append(append([]string(nil), base...), more...) }
	return []Event{
		{EventFileOpen, "A file is opened for writing, or one of the configured paths for reading.", with(known, FileAccess, FileReadPath, FileOtherName)},
		{EventFileCreate, "A file, directory or device node is created.", with(known, FileAccess, FilePathSource)},
		{EventFileRename, "A file or directory is renamed.", with(argument, FileNewPath, FileRenameFlags)},
		{EventFileDelete, "A file or directory is deleted.", argument},
		{EventFileLink, "A hard link or symbolic link is made.", with(argument, FileNewPath, FileSymbolicLinkTarget)},
		{EventFileModeChange, "A file's mode is changed. `file.mode` is the new one.", with(known, FilePathSource)},
		{EventFileOwnerChange, "A file's owner or group is changed. `file.owner.id` and `file.group.id` are the new ones.", with(known, FilePathSource)},
	}
}

// FileAttributes describes the attributes of file events.
func FileAttributes() []Attribute {
	return []Attribute{
		{FilePath, String, "Path, as the process sees it."},
		{FileName, String, "Last element of the path."},
		{FileInode, Int, "Inode number, where the file itself was seen."},
		{FileMode, String, "Permission bits in octal."},
		{FileOwnerID, String, "User id of the owner."},
		{FileGroupID, String, "Group id of the owner."},
		{FileSymbolicLinkTarget, String, "What a new symbolic link points to, as given."},
		{FileAccess, String, "What the file was opened for: `read` or `write`, which may include reading."},
		{FileType, String, "`directory`, `block_device`, `character_device`, `pipe` or `socket`; absent for regular files and where it is not known."},
		{FilePathSource, String, "Absent if the kernel resolved the path. Otherwise the path is of an operation that leaves no file behind, and another thread could have changed the argument meanwhile. `directory`: the name that the process gave, in a directory that the kernel resolved. `resolved_later`: looked up by the collector just after the operation, below the root directory of the process; what was changed on the way between the two is seen as it is then. `argument`: as the process gave it, symbolic links and `..` on the way not resolved."},
		{FilePathStatus, String, "Present when the path needs care: `truncated` lacks its beginning, `deleted` is the name that the file had, `unreachable` lies outside the process's root directory."},
		{FileNewPath, String, "The new name, of renames and links."},
		{FileRenameFlags, String, "Flags of the rename, joined by `|`: `NOREPLACE`, `EXCHANGE` (then both names exist, before and after), `WHITEOUT`."},
		{FileLinks, Int, "Number of names (hard links) that a regular file has, if more than one."},
		{FileReadPath, String, "Which of the configured `read_paths` asks for the event; of reads."},
		{FileOtherName, Bool, "True if the file was once seen under a name that `meerkat.file.read_path` matches, and is read by another one now: a hard link, a new name, another place where it is mounted."},
	}
}

// FileOperations counts changes to files, by operation.
func FileOperations() Metric {
	return Metric{MetricFileOperations, "{operation}", "Changes to files.", []string{FileOperation}}
}

// FileMetrics describes the counts per workload of the tracer "file".
func FileMetrics() []Metric {
	return []Metric{FileOperations()}
}
