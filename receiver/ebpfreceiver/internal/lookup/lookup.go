// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package lookup finds out where the path arguments of a system call lead, after the call: symbolic links and ".."
// on the way are followed as the process would follow them, below its own root directory. It never waits for a
// file system: what the kernel can't tell from its memory is not found.
package lookup

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Place says in which tree a path means what it says: a mount namespace, and the directory in it that is the
// root of the process.
type Place struct {
	MountNamespace uint32
	RootInode      uint64
}

// attemptsMax is how often a path is looked up that is being changed meanwhile.
const attemptsMax = 3

// resolveCached is RESOLVE_CACHED of linux/openat2.h.
const resolveCached = 0x20

// how never asks a file system, so that none can hold up the collector, and never leaves the root that is given.
const how = resolveCached | unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS

// Finder looks paths up. It is not safe for concurrent use.
type Finder struct {
	own  Place
	root int // descriptor of the collector's own root directory
}

// NewFinder fails where the kernel can't look up without waiting: before 5.12.
func NewFinder() (*Finder, error) {
	root, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the root directory: %w", err)
	}
	f := &Finder{root: root}
	namespace, err := mountNamespace("self")
	if err == nil {
		f.own, err = placeOf(root, namespace)
	}
	if err == nil {
		_, err = below(root, ".", unix.O_PATH|unix.O_DIRECTORY)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("look up paths without waiting: %w", err)
	}
	return f, nil
}

// Close frees what the Finder holds.
func (f *Finder) Close() error { return unix.Close(f.root) }

func placeOf(root int, namespace uint32) (Place, error) {
	var stat unix.Stat_t
	err := unix.Fstat(root, &stat)
	return Place{MountNamespace: namespace, RootInode: stat.Ino}, err
}

func mountNamespace(process string) (uint32, error) {
	link, err := os.Readlink("/proc/" + process + "/ns/mnt")
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(link, "mnt:["), "]"), 10, 32)
	return uint32(number), err
}

// Root is the root directory of a place, held open. Nothing keeps it longer than an event takes: a directory that
// is held can't be unmounted.
type Root struct {
	descriptor int
	path       string // as the collector would name it
	owned      bool
}

// Root opens the root of a place by way of a process that has the same: the collector itself, or one of those
// that are named.
func (f *Finder) Root(place Place, processes ...uint32) (Root, bool) {
	if place == f.own {
		return Root{descriptor: f.root, path: "/"}, true
	}
	for _, pid := range processes {
		process := strconv.FormatUint(uint64(pid), 10)
		namespace, err := mountNamespace(process)
		if err != nil || namespace != place.MountNamespace {
			continue
		}
		descriptor, err := unix.Open("/proc/"+process+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		r := Root{descriptor: descriptor, owned: true}
		found, err := placeOf(descriptor, namespace)
		if err == nil && found == place {
			if r.path, err = pathOf(descriptor); err == nil {
				return r, true
			}
		}
		r.Close()
	}
	return Root{}, false
}

// Close lets go of the directory.
func (r Root) Close() {
	if r.owned {
		_ = unix.Close(r.descriptor)
	}
}

// Resolve returns where an absolute path leads. Its last name may be that of something which does not exist any
// more; it is followed, if it is a symbolic link, only when follow is set.
func (r Root) Resolve(p string, follow bool) (string, bool) {
	p = strings.TrimRight(p, "/")
	folder, name := path.Split(p)
	if follow || name == "." || name == ".." || name == "" {
		return r.find(p, unix.O_PATH)
	}
	found, ok := r.find(folder, unix.O_PATH|unix.O_DIRECTORY)
	if !ok {
		return "", false
	}
	return strings.TrimSuffix(found, "/") + "/" + name, true
}

// Touch opens a file in the way that reads nothing of it.
func (r Root) Touch(p string) { _, _ = r.find(p, unix.O_PATH|unix.O_NOFOLLOW) }

func (r Root) find(p string, flags uint64) (string, bool) {
	found, err := below(r.descriptor, "./"+p, flags)
	if err != nil {
		return "", false
	}
	if r.path == "/" {
		return found, true
	}
	inside, ok := strings.CutPrefix(found, r.path)
	if inside == "" {
		inside = "/"
	}
	return inside, ok && inside[0] == '/'
}

// below opens a path below a directory and returns what the kernel calls it.
func below(root int, p string, flags uint64) (string, error) {
	var descriptor int
	var err error
	for range attemptsMax {
		descriptor, err = unix.Openat2(root, p, &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: how})
		if err != unix.EAGAIN {
			break
		}
	}
	if err != nil {
		return "", err
	}
	defer unix.Close(descriptor)
	return pathOf(descriptor)
}

// deleted is what the kernel puts behind the name of what has been deleted.
const deleted = " (deleted)"

func pathOf(descriptor int) (string, error) {
	found, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(descriptor))
	if err == nil && (strings.HasSuffix(found, deleted) || !strings.HasPrefix(found, "/")) {
		return "", unix.ENOENT
	}
	return found, err
}
