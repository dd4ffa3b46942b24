// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// tally is how often each kind of event of a load stands in what the collector has written.
type tally struct {
	counts map[string]int // repeats included
	// seen are the records so far, by what tells them apart. A record that is there twice was
	// delivered twice.
	seen    map[uint64]struct{}
	doubled int
}

func newTally() *tally { return &tally{counts: map[string]int{}, seen: map[uint64]struct{}{}} }

// evidence finds the records of loads in the files that the collector writes. The collector's own
// counters can't tell a load's events from those of others, and would not show an event that was
// delivered twice while another was not; this does.
type evidence struct {
	directory string
	seed      maphash.Seed
	// offsets are up to where files were read, by inode: a file that is full is renamed.
	offsets map[uint64]int64

	byDirectory map[string]*tally // of the executable, or the file
	byPID       map[int64]*tally  // of who opened a file of the pool
	byPort      map[int64]*tally  // that was connected to
	pool        string
	records     int // that were read, of whomever
}

func newEvidence(directory, pool string) *evidence {
	return &evidence{
		directory: directory, pool: pool, seed: maphash.MakeSeed(), offsets: map[uint64]int64{},
		byDirectory: map[string]*tally{}, byPID: map[int64]*tally{}, byPort: map[int64]*tally{},
	}
}

// read takes in what was written since the last call. Files that nothing is added to any more are
// deleted afterwards.
func (e *evidence) read() error {
	files, err := filepath.Glob(filepath.Join(e.directory, "events*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := e.readFile(file); err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
	}
	return nil
}

// currentFile is the name of the file that is written to; others are full.
const currentFile = "events.json"

func (e *evidence) readFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil {
		inode := info.Sys().(*syscall.Stat_t).Ino
		var read int64
		if _, err = file.Seek(e.offsets[inode], io.SeekStart); err == nil {
			read, err = e.readLines(file)
		}
		e.offsets[inode] += read
		// The file may have been renamed since it was opened under this name.
		if filepath.Base(path) != currentFile {
			delete(e.offsets, inode)
			err = errors.Join(err, os.Remove(path))
		}
	}
	return errors.Join(err, file.Close())
}

// readLines returns how many bytes of complete lines there were.
func (e *evidence) readLines(r io.Reader) (int64, error) {
	var read int64
	lines := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return read, err
		}
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return read, err
		}
		read += int64(len(line))
		e.take(logs)
	}
}

func (e *evidence) take(logs plog.Logs) {
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				e.records++
				e.takeRecord(record)
			}
		}
	}
}

func (e *evidence) takeRecord(record plog.LogRecord) {
	attributes := record.Attributes()
	pid := integer(attributes, names.ProcessPID)
	var t *tally
	var object string
	event := strings.TrimPrefix(record.EventName(), "meerkat.")
	switch record.EventName() {
	case names.EventProcessExec, names.EventProcessExit:
		object = text(attributes, names.ProcessExecutablePath)
		t = e.byDirectory[filepath.Dir(object)]
	case names.EventFileOpen:
		object = text(attributes, names.FilePath)
		if filepath.Dir(object) == e.pool {
			t = e.byPID[pid]
		} else {
			t = e.byDirectory[filepath.Dir(object)]
		}
	case names.EventTCPConnect, names.EventTCPAccept, names.EventTCPClose:
		object = fmt.Sprint(text(attributes, names.ConnectionSide), integer(attributes, names.ClientPort))
		t = e.byPort[integer(attributes, names.ServerPort)]
	}
	if t == nil {
		return
	}
	t.counts[event] += int(max(1, integer(attributes, names.RepeatCount)))
	id := maphash.Comparable(e.seed, [4]any{event, pid, object, int64(record.Timestamp())})
	if _, again := t.seen[id]; again {
		t.doubled++
	}
	t.seen[id] = struct{}{}
}

func integer(attributes pcommon.Map, key string) int64 {
	value, ok := attributes.Get(key)
	if !ok {
		return 0
	}
	return value.Int()
}

func text(attributes pcommon.Map, key string) string {
	value, ok := attributes.Get(key)
	if !ok {
		return ""
	}
	return value.Str()
}

// expect has the events of a load counted from now on. Ports are known only when it has begun, and
// nothing is read before it has ended.
func (e *evidence) expect(k kind, directory string, pids, ports []int) *tally {
	t := newTally()
	switch k {
	case kindExec, kindOpenSame:
		e.byDirectory[directory] = t
	case kindOpenNew:
		for _, pid := range pids {
			e.byPID[int64(pid)] = t
		}
	case kindConnect:
		for _, port := range ports {
			e.byPort[int64(port)] = t
		}
	}
	return t
}

// check compares what a load did with what stands in the files.
type check struct {
	Event   string `json:"event"`
	Done    int    `json:"done"`
	Found   int    `json:"found"`
	Doubled int    `json:"doubled"`
	// Lost is what the collector says that it lost of that kind, of whomever, or held back.
	Lost int64 `json:"lost"`
}

// unexplained is how many events are neither there nor counted as lost, or are there too often.
func (c check) unexplained() int64 {
	missing := int64(c.Done - c.Found)
	if missing >= 0 {
		return max(0, missing-c.Lost) + int64(c.Doubled)
	}
	return -missing
}

func (t *tally) check(k kind, done int, b balance) []check {
	var checks []check
	each := k.events()
	for event, n := range each {
		c := check{Event: event, Done: n * done, Found: t.counts[event], Lost: b[event].lost() + b[event].HeldBack}
		// A report of repeats that was lost stands for many.
		tracer, _, _ := strings.Cut(event, ".")
		c.Lost += b[tracer+".repeat"].lost() * int64(done)
		checks = append(checks, c)
	}
	slices.SortFunc(checks, func(a, b check) int { return strings.Compare(a.Event, b.Event) })
	checks[0].Doubled = t.doubled
	return checks
}
