// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"os"
	"path"
	"slices"
	"strings"

	"github.com/prometheus/procfs"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// remoteFileSystems may let who looks into them wait for another machine or process.
var remoteFileSystems = []string{"autofs", "nfs", "nfs4", "cifs", "smb3", "afs", "ceph", "9p", "glusterfs", "lustre"}

// learner opens files for the tracer "file" to see: those whose reads it is to report, so that it knows them by
// any other name from the start. They are opened in the way that reads nothing of them.
type learner struct {
	remote []string // mount points
	left   int      // how many files may still be opened
}

// learnReadPaths looks at the files of the collector's own mount namespace. Others are known from their first
// read on.
func learnReadPaths(s *session, st *stream) {
	l := learner{left: learnedFilesMax, remote: remoteMounts()}
	for _, pattern := range st.config.Tracers.File.ReadPaths {
		if folder, ok := strings.CutSuffix(pattern, "/"); ok {
			l.below(folder)
			continue
		}
		l.matching("", strings.Split(strings.TrimPrefix(pattern, "/"), "/"))
	}
	if l.left == 0 {
		s.logger.Warn("More files match read_paths than are looked at: hard links to the others are known from their first read on",
			zap.Int("limit", learnedFilesMax))
	}
}

func (l *learner) open(file string) {
	if l.left == 0 {
		return
	}
	l.left--
	if fd, err := openPlain(file, unix.O_PATH); err == nil {
		_ = unix.Close(fd)
	}
}

// openPlain opens a path without symbolic links, which could lead into a remote file system.
func openPlain(file string, flags uint64) (int, error) {
	return unix.Openat2(unix.AT_FDCWD, file, &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
}

func (l *learner) list(folder string) []os.DirEntry {
	if slices.Contains(l.remote, folder) {
		return nil
	}
	fd, err := openPlain(folder+"/", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil
	}
	directory := os.NewFile(uintptr(fd), folder)
	defer directory.Close()
	// What can't be read is not learned.
	names, _ := directory.ReadDir(listedNamesMax)
	return names
}

// matching opens the files below a folder whose further elements match.
func (l *learner) matching(folder string, elements []string) {
	if slices.Contains(l.remote, folder) || l.left == 0 {
		return
	}
	if len(elements) == 0 {
		l.open(folder)
		return
	}
	if !strings.Contains(elements[0], "*") {
		l.matching(folder+"/"+elements[0], elements[1:])
		return
	}
	for _, name := range l.list(folder) {
		if fits, err := path.Match(elements[0], name.Name()); err == nil && fits {
			l.matching(folder+"/"+name.Name(), elements[1:])
		}
	}
}

// below opens all files below a folder.
func (l *learner) below(folder string) {
	for _, name := range l.list(folder) {
		if l.left == 0 {
			return
		}
		if name.IsDir() {
			l.below(folder + "/" + name.Name())
			continue
		}
		l.open(folder + "/" + name.Name())
	}
}

// remoteMounts are the places where such file systems are mounted.
func remoteMounts() []string {
	mounts, err := procfs.GetMounts()
	if err != nil {
		return nil
	}
	var remote []string
	for _, m := range mounts {
		if slices.Contains(remoteFileSystems, m.FSType) || strings.HasPrefix(m.FSType, "fuse") {
			remote = append(remote, m.MountPoint)
		}
	}
	return remote
}
