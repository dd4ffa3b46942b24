// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"strings"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/lookup"
)

// newFileCompanion is what works beside the tracer "file": counts of repeats, and where arguments lead.
func newFileCompanion(s *session, st *stream) *companion {
	repeats, arguments := newFileRepeats(s, st), &fileArguments{session: s}
	learnReadPaths(s, st)
	return &companion{
		observe: func(event decode.Event) fate {
			if e, ok := event.(*decode.File); ok {
				repeats.observe(e)
				arguments.observe(e)
			}
			return fateOpen
		},
		tick: func(last bool) {
			repeats.tick(last)
			if last {
				arguments.close()
			}
		},
	}
}

// fileArguments looks up where the arguments of calls lead that leave no file behind.
type fileArguments struct {
	session *session
	finder  *lookup.Finder
	refused bool // this kernel can't look up without waiting
}

func (a *fileArguments) close() {
	if a.finder == nil {
		return
	}
	if err := a.finder.Close(); err != nil {
		a.session.logger.Warn("The root directory can't be let go", zap.Error(err))
	}
	a.finder = nil
}

func (a *fileArguments) ready() bool {
	if a.finder != nil || a.refused {
		return !a.refused
	}
	var err error
	if a.finder, err = lookup.NewFinder(); err != nil {
		a.session.logger.Info("Paths that are arguments are reported as they are given", zap.Error(err))
		a.refused = true
	}
	return !a.refused
}

// observe replaces paths of the event by what they are found to mean.
func (a *fileArguments) observe(e *decode.File) {
	leads, otherLeads := e.PathLeadsElsewhere(), e.OtherPathLeadsElsewhere()
	// What a new hard link is a name of may be one of the files whose reads are reported.
	touch := e.Header.Kind == decode.KindFileLink && !e.Symbolic()
	if !leads && !otherLeads && !touch || !a.ready() {
		return
	}
	place := lookup.Place{MountNamespace: e.MountNamespace, RootInode: e.RootInode}
	root, ok := a.finder.Root(place, a.sharers(e)...)
	if !ok {
		return
	}
	defer root.Close()
	resolved := true
	if leads {
		e.Directory, e.Path, ok = resolve(root, e.Directory, e.Path, e.DirectoryFlags, e.FollowsLinks())
		resolved = resolved && ok
	}
	if otherLeads {
		e.OtherDirectory, e.OtherPath, ok = resolve(root, e.OtherDirectory, e.OtherPath, e.OtherDirectoryFlags, false)
		resolved = resolved && ok
	}
	if resolved && e.Source == decode.PathArgument {
		e.Source = decode.PathResolvedLater
	}
	if given, ok := absolute(e.Directory, e.Path); ok && touch {
		root.Touch(given)
	}
}

// sharers are processes that may have the same root as the one of the event, which may be gone already.
func (a *fileArguments) sharers(e *decode.File) []uint32 {
	pids := []uint32{e.Header.Process.Pid}
	p, _ := a.session.identity.processes.Lookup(e.Head())
	if p == nil {
		return pids
	}
	for _, ancestor := range a.session.identity.processes.Ancestors(p, ancestorsMax, nil) {
		pids = append(pids, ancestor.PID)
	}
	return pids
}

// resolve returns the directory and path that stand for what was given, unchanged if it can't be found.
func resolve(root lookup.Root, directory, path []byte, flags uint8, follow bool) (newDirectory, newPath []byte, ok bool) {
	given, ok := absolute(directory, path)
	if !ok || flags != 0 {
		return directory, path, false
	}
	found, ok := root.Resolve(given, follow)
	if !ok {
		return directory, path, false
	}
	return nil, []byte(found), true
}

// absolute joins a path with the directory that it is relative to, and leaves it otherwise as it is.
func absolute(directory, path []byte) (string, bool) {
	if len(directory) == 0 {
		return string(path), strings.HasPrefix(string(path), "/")
	}
	return string(directory) + "/" + string(path), true
}
