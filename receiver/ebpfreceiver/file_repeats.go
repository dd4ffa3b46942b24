// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// fileRepeats reports how often the kernel half has seen a thing again that was reported once.
type fileRepeats struct {
	session *session
	stream  *stream
	window  time.Duration

	// paths are those of the first events, which the counts in the kernel don't have.
	mu        sync.Mutex
	paths     map[tracer.FileSeenKey]string
	pathBytes int
}

// newFileRepeats is nil if nothing is deduplicated.
func newFileRepeats(s *session, st *stream) *fileRepeats {
	f := &fileRepeats{
		session: s, stream: st,
		window: st.config.Tracers.File.DeduplicationWindow,
		paths:  map[tracer.FileSeenKey]string{},
	}
	if f.window == 0 {
		return nil
	}
	return f
}

// observe remembers the path of what is counted from now on.
func (f *fileRepeats) observe(e *decode.File) {
	if f != nil && e.Window != 0 {
		f.remember(e)
	}
}

func (f *fileRepeats) remember(e *decode.File) {
	if e.NotDeduplicated() {
		f.stream.ledger.kinds[e.Header.Kind].notDeduplicated.Add(1)
		return
	}
	var key tracer.FileSeenKey
	key.Process.StartTimeNs, key.Process.Pid = e.Header.Process.StartTimeNs, e.Header.Process.Pid
	key.Inode, key.Generation, key.Device, key.Window = e.Inode, e.Generation, e.Device, e.Window
	key.Kind, key.Access = e.Header.Kind, uint16(e.Access)
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.paths[key]; known || f.pathBytes+len(e.Path) > repeatPathBytesMax {
		return
	}
	f.paths[key] = string(e.Path)
	f.pathBytes += len(e.Path)
}

// tick reports what has been counted in windows that are over and for processes that are gone; all of
// it when last is set, after the programs were detached.
func (f *fileRepeats) tick(last bool) {
	if f == nil {
		return
	}
	current := currentWindow(f.window)
	finished := func(key *tracer.FileSeenKey) bool {
		return last || uint64(key.Window) < current ||
			f.session.identity.processes.Exited(process.Key{PID: key.Process.Pid, StartTime: key.Process.StartTimeNs})
	}
	// The end of a process may have been read before the last of what it did. Once is enough: the
	// entries that are taken are older than that.
	catchUp := sync.OnceFunc(f.stream.reader.Flush)
	made := newMadeEvents(f.session, f.stream)
	err := tracer.TakeSeen(f.stream.tracer, func(key *tracer.FileSeenKey, seen *tracer.FileSeen) bool {
		if !finished(key) {
			return false
		}
		path, known := f.takePath(*key)
		if !known {
			catchUp()
			path, _ = f.takePath(*key)
		}
		if seen.Count.Repeats > 0 && seen.Unwanted == 0 && made.add(decode.NewFileRepeat(key, &seen.Count, path)) && path == "" {
			f.stream.ledger.kinds[decode.KindFileRepeat].cut.Add(1)
		}
		return true
	})
	if err != nil {
		f.session.logger.Warn("Repeats of file events can't be read", zap.Error(err))
	}
	f.forget(uint32(current))
	made.flush()
}

// takePath returns the path of what is not counted any more, and forgets it.
func (f *fileRepeats) takePath(key tracer.FileSeenKey) (path string, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, known = f.paths[key]
	f.remove(key)
	return path, known
}

// forget drops the paths of windows that are over. Their counts have been taken; a path is left when
// its event was read only after that.
func (f *fileRepeats) forget(currentWindow uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key := range f.paths {
		if key.Window < currentWindow {
			f.remove(key)
		}
	}
}

// remove is called with mu held.
func (f *fileRepeats) remove(key tracer.FileSeenKey) {
	f.pathBytes -= len(f.paths[key])
	delete(f.paths, key)
}
