// SPDX-License-Identifier: Apache-2.0

package sigma

import "github.com/meerkat-otel/meerkat/internal/names"

// Category is the kind of event that a rule is about (specification, "Sigma Taxonomy", "Linux Folder").
type Category uint8

// Categories. The first three are those of the published rules for Linux. The others are in the taxonomy for other
// products only; here they are what Meerkat can tell besides, with the nearest of its names.
const (
	ProcessCreation Category = iota
	FileEvent
	NetworkConnection
	FileAccess
	FileChange
	FileDelete

	categoryCount
)

var categoryNames = [categoryCount]string{
	"process_creation", "file_event", "network_connection", "file_access", "file_change", "file_delete",
}

// String is the category as rules have it.
func (c Category) String() string {
	if c < categoryCount {
		return categoryNames[c]
	}
	return "unknown"
}

// Categories is the number of categories, which are counted from 0.
func Categories() Category { return categoryCount }

func categoryOf(name string) (Category, bool) {
	for category, known := range categoryNames {
		if name == known {
			return Category(category), true
		}
	}
	return 0, false
}

// EventMapping says which of Meerkat's events belong to a category.
type EventMapping struct {
	Category Category
	// Event is the name of the event.
	Event string
	// Access is the value of the attribute meerkat.file.access that it has to have, if that matters.
	Access string
	// Remark is what a writer of rules has to know, in one sentence.
	Remark string
}

// EventMappings lists all events that rules can be about.
func EventMappings() []EventMapping {
	return []EventMapping{
		{ProcessCreation, names.EventProcessExec, "", "A program is executed; a fork alone is no such event."},
		{FileEvent, names.EventFileCreate, "", "A file, directory or device node is created."},
		{FileEvent, names.EventFileOpen, "write", "A file is opened for writing."},
		{FileEvent, names.EventFileRename, "", "`TargetFilename` is the new name."},
		{FileEvent, names.EventFileLink, "", "`TargetFilename` is the new name."},
		{NetworkConnection, names.EventTCPConnect, "", "Attempts that failed have `error.type`."},
		{NetworkConnection, names.EventTCPAccept, "", "`Initiated` is false."},
		{NetworkConnection, names.EventUDPStart, "", "The first datagram of a flow."},
		{FileAccess, names.EventFileOpen, "read", "Only of paths that the receiver is told to watch (`read_paths`)."},
		{FileChange, names.EventFileModeChange, "", "`file.mode` is the new mode."},
		{FileChange, names.EventFileOwnerChange, "", "The owner or group is changed."},
		{FileDelete, names.EventFileDelete, "", "A file or directory is deleted."},
	}
}

// CategoryOf tells which category an event belongs to, by its name and its attribute meerkat.file.access (empty if it
// has none); false if rules are not about such events.
func CategoryOf(event, access string) (Category, bool) {
	switch event {
	case names.EventProcessExec:
		return ProcessCreation, true
	case names.EventFileCreate, names.EventFileRename, names.EventFileLink:
		return FileEvent, true
	case names.EventFileOpen:
		if access == "read" {
			return FileAccess, true
		}
		return FileEvent, access == "write"
	case names.EventTCPConnect, names.EventTCPAccept, names.EventUDPStart:
		return NetworkConnection, true
	case names.EventFileModeChange, names.EventFileOwnerChange:
		return FileChange, true
	case names.EventFileDelete:
		return FileDelete, true
	}
	return 0, false
}
