// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"math/bits"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/redaction"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Mount is the emitter of the tracer "mount".
func Mount(r Record, event decode.Event) bool {
	e, ok := event.(*decode.Mount)
	if !ok {
		return false
	}
	name, done, tried := mountVerb(e)
	if name == "" {
		return false
	}
	r.SetEventName(name)
	attributes := r.Attributes()
	attributes.EnsureCapacity(22)
	attributes.PutStr(names.MountOperation, mountOperation(e.Operation))
	attributes.PutInt(names.MountNamespace, int64(e.MountNamespace))
	attributes.PutBool(names.MountInContainer, e.InContainer())
	reason := r.putError(e.Error)
	source := r.putMountSource(e)
	target := r.putMountTarget(e)
	if len(e.Filesystem) > 0 {
		attributes.PutStr(names.MountFilesystem, text(e.Filesystem))
	}
	r.putMountFlags(e)
	r.putFsconfig(e)
	flags := decode.PathFlags(e.SourceDirectoryFlags | e.TargetDirectoryFlags | e.PointFlags | e.RootFlags)
	if status := pathStatus(flags); status != "" {
		attributes.PutStr(names.MountPathStatus, status)
	}
	object := mountObject(e, source, target)
	r.tell(e.Head(), done+object, tried+object, reason)
	return true
}

// mountVerb returns the event's name and how a sentence tells it, done or only tried.
func mountVerb(e *decode.Mount) (name, done, tried string) {
	switch e.Header.Kind {
	case decode.KindMountMount:
		return names.EventMountMount, "mounted", "mount"
	case decode.KindMountUnmount:
		return names.EventMountUnmount, "unmounted", "unmount"
	case decode.KindMountChange:
		return names.EventMountChange, "changed the mount", "change the mount"
	case decode.KindMountMove:
		return names.EventMountMove, "moved the mount", "move the mount"
	case decode.KindMountConfigure:
		return names.EventMountConfigure, "prepared a mount", "prepare a mount"
	}
	return "", "", ""
}

// mountObject is what a sentence tells of the source and the target.
func mountObject(e *decode.Mount, source, target string) string {
	var words strings.Builder
	if source == "" && e.Header.Kind != decode.KindMountUnmount {
		source = text(e.Filesystem)
	}
	if source != "" {
		words.WriteString(" " + source)
	}
	if target != "" {
		if source != "" {
			words.WriteString(" at")
		}
		words.WriteString(" " + target)
	}
	return words.String()
}

var mountOperationNames = map[decode.MountOperation]string{
	decode.MountOperationMount:       "mount",
	decode.MountOperationUmount:      "umount",
	decode.MountOperationMoveMount:   "move_mount",
	decode.MountOperationFsopen:      "fsopen",
	decode.MountOperationFsconfig:    "fsconfig",
	decode.MountOperationFsmount:     "fsmount",
	decode.MountOperationFspick:      "fspick",
	decode.MountOperationOpenTree:    "open_tree",
	decode.MountOperationSetattr:     "mount_setattr",
	decode.MountOperationBind:        "bind",
	decode.MountOperationRemount:     "remount",
	decode.MountOperationPropagation: "propagation",
	decode.MountOperationMove:        "move",
}

func mountOperation(operation uint8) string {
	if name, known := mountOperationNames[decode.MountOperation(operation)]; known {
		return name
	}
	return "operation " + strconv.Itoa(int(operation))
}

// putMountSource adds what is mounted and returns it. Without a path the directory that was given as a
// descriptor is meant.
func (r Record) putMountSource(e *decode.Mount) string {
	source := redaction.URLPasswords(joinPath(e.SourceDirectory, e.Source))
	if len(e.SourceDirectory) == 0 { // a device, or a text that is no path
		source = redaction.URLPasswords(text(e.Source))
	}
	if source != "" {
		r.Attributes().PutStr(names.MountSource, source)
	}
	return source
}

// putMountTarget adds where it is mounted and returns it.
func (r Record) putMountTarget(e *decode.Mount) string {
	attributes := r.Attributes()
	argument := joinPath(e.TargetDirectory, e.Target)
	found := len(e.Root) > 0 && (e.ByDescriptor() || len(e.Point) > 0 && samePlace(argument, text(e.Point)))
	if found {
		attributes.PutStr(names.MountRoot, text(e.Root))
		attributes.PutInt(names.MountID, int64(e.MountId))
		if len(e.Point) > 0 {
			attributes.PutStr(names.MountTarget, text(e.Point))
			return text(e.Point)
		}
	}
	if argument == "" {
		return ""
	}
	attributes.PutStr(names.MountTarget, argument)
	attributes.PutStr(names.MountPathSource, "argument")
	return argument
}

// samePlace tells whether the mount that was found can be the one that an argument led to. Where that can't
// be told by the last name, as through links in /proc, it is taken for it.
func samePlace(argument, point string) bool {
	last := path.Base(argument)
	return last == path.Base(point) || last == ".." || strings.HasPrefix(argument, "/proc/")
}

// mountFlagNames are the bits of mount() in include/uapi/linux/mount.h, from the lowest one, as mount(8) and
// mountinfo name them.
var mountFlagNames = []string{
	"ro", "nosuid", "nodev", "noexec", "sync", "remount", "mand", "dirsync", "nosymfollow", "", "noatime", "nodiratime", "bind",
	"move", "rec", "silent", "posixacl", "unbindable", "private", "slave", "shared", "relatime", "kernmount", "iversion",
	"strictatime", "lazytime",
}

var umountFlagNames = []string{"force", "detach", "expire", "nofollow"}

// mountAttributeNames are the bits of fsmount() and mount_setattr().
var mountAttributeNames = map[uint64]string{
	unix.MOUNT_ATTR_RDONLY: "ro", unix.MOUNT_ATTR_NOSUID: "nosuid", unix.MOUNT_ATTR_NODEV: "nodev", unix.MOUNT_ATTR_NOEXEC: "noexec",
	unix.MOUNT_ATTR_NOATIME: "noatime", unix.MOUNT_ATTR_STRICTATIME: "strictatime", unix.MOUNT_ATTR_NODIRATIME: "nodiratime",
	unix.MOUNT_ATTR_IDMAP: "idmap", unix.MOUNT_ATTR_NOSYMFOLLOW: "nosymfollow",
}

func mountAttributes(set uint64) []string {
	var all []string
	for ; set != 0; set &= set - 1 {
		number := bits.TrailingZeros64(set)
		name, known := mountAttributeNames[1<<number]
		if !known {
			name = "bit " + strconv.Itoa(number)
		}
		all = append(all, name)
	}
	return all
}

func (r Record) putMountFlags(e *decode.Mount) {
	var set, cleared []string
	switch decode.MountOperation(e.Operation) {
	case decode.MountOperationUmount:
		set = bitNames(e.GivenFlags, umountFlagNames)
	case decode.MountOperationSetattr, decode.MountOperationFsmount:
		set = append(mountAttributes(e.GivenFlags), bitNames(e.Propagation, mountFlagNames)...)
		cleared = mountAttributes(e.ClearedFlags)
	default:
		set = bitNames(e.GivenFlags, mountFlagNames)
	}
	if len(set) > 0 {
		r.putNames(names.MountFlags, set)
	}
	if len(cleared) > 0 {
		r.putNames(names.MountFlagsCleared, cleared)
	}
}

// fsconfigCommands are those of include/uapi/linux/mount.h, in their order.
var fsconfigCommands = []string{
	"set_flag", "set_string", "set_binary", "set_path", "set_path_empty", "set_fd", "create", "reconfigure", "create_exclusive",
}

func (r Record) putFsconfig(e *decode.Mount) {
	if decode.MountOperation(e.Operation) != decode.MountOperationFsconfig {
		return
	}
	command := "command " + strconv.Itoa(int(e.Command))
	if int(e.Command) < len(fsconfigCommands) {
		command = fsconfigCommands[e.Command]
	}
	r.Attributes().PutStr(names.MountCommand, command)
	if key := e.KeyName(); len(key) > 0 {
		r.Attributes().PutStr(names.MountKey, text(key))
	}
}

// MountCounts are the counts per workload of the tracer "mount".
func MountCounts() []Count {
	count := func(field, event string) Count {
		return Count{Field: field, Metric: names.MountOperations(), Attribute: names.MountEvent, Value: event}
	}
	return []Count{
		count("mounted", "mount"),
		count("unmounted", "unmount"),
		count("changed", "change"),
		count("moved", "move"),
		count("configured", "configure"),
	}
}
