// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

const (
	lineBytesMax = 1 << 20
	runsMax      = 1 << 16
)

// recorded is a line of the corpus.
type recorded struct {
	Run                             int
	Workload, Phase, Chain          string
	T                               float64
	PID, PPID                       uint32
	Exe, Parent, Kind, Object, Args string
	Evil                            int
}

// execution is one run of a workload, with its events in order.
type execution struct {
	number                 int
	workload, phase, chain string
	events                 []event
	// apart is how long after the run before it is replayed.
	apart time.Duration
	// evil are the processes of the attack, steps what they do. Only the evaluation sees them.
	evil  map[behaviour.ProcessKey]bool
	steps []step
}

// event is what is replayed, with the rules that match it.
type event struct {
	behaviour.Event
	matched []*sigma.Rule
	// note tells that it is not judged: it only says who belongs to whom.
	note bool
}

// judged is how many events of a run are judged.
func (x *execution) judged() int {
	count := 0
	for at := range x.events {
		if !x.events[at].note {
			count++
		}
	}
	return count
}

// step is a part of an attack.
type step struct {
	name     string
	decisive bool
	first    time.Time
	evil     map[behaviour.ProcessKey]bool
}

// The recorder itself is in the recording, and tells of attacks: the first process is given the script of the attack as an argument,
// and writes a note for the labels before it executes it. Whoever learned that would find all attacks.
const (
	recorderScript = "/srv/corpus/app.py"
	recorderNotes  = "/srv/corpus/truth"
)

// readCorpus reads a file, or all files of a folder.
func readCorpus(path string) ([]*execution, error) {
	info, err := os.Stat(path) //nolint:gosec // which files are read is for the caller to say
	if err != nil {
		return nil, fmt.Errorf("find the corpus: %w: say where it is with -corpus", err)
	}
	names := []string{path}
	if info.IsDir() {
		if names, err = filepath.Glob(filepath.Join(path, "*.jsonl.gz")); err != nil {
			return nil, fmt.Errorf("list the corpus: %w", err)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there are no .jsonl.gz files in %s", path)
	}
	var runs []*execution
	for _, name := range names {
		more, err := readFile(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		runs = append(runs, more...)
	}
	return runs, nil
}

func readFile(name string) (runs []*execution, err error) {
	f, err := os.Open(name) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return readLines(unpacked)
}

func readLines(r io.Reader) ([]*execution, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, lineBytesMax)
	var runs []*execution
	var made map[uint32]behaviour.ProcessKey
	for n := 1; lines.Scan(); n++ {
		var line recorded
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(runs) == 0 || runs[len(runs)-1].number != line.Run {
			if len(runs) == runsMax {
				return nil, fmt.Errorf("line %d: more than %d runs", n, runsMax)
			}
			runs = append(runs, &execution{
				number: line.Run, workload: line.Workload, phase: line.Phase, chain: line.Chain, apart: runsApart, evil: map[behaviour.ProcessKey]bool{},
			})
			made = map[uint32]behaviour.ProcessKey{}
		}
		if err := runs[len(runs)-1].add(&line, made); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return runs, lines.Err()
}

// actions are the kinds of the corpus. What it calls a write may have made the file.
var actions = map[string]behaviour.Action{
	"exec": behaviour.Exec, "read": behaviour.Read, "write": behaviour.Write, "remove": behaviour.Delete, "connect": behaviour.Connect,
	"chmod": behaviour.Attribute, "rename": behaviour.Rename,
}

// add turns a line into an event, unless it is about the recorder.
func (x *execution) add(line *recorded, made map[uint32]behaviour.ProcessKey) error {
	if line.Object == recorderNotes {
		return nil
	}
	action, ok := actions[line.Kind]
	if !ok {
		return fmt.Errorf("kind %q is not known", line.Kind)
	}
	at := time.Unix(0, int64(line.T*1e9)).UTC()
	key, ok := made[line.PID]
	if !ok {
		key = behaviour.ProcessKey{PID: line.PID, Created: at.UnixNano()}
		made[line.PID] = key
	}
	e := behaviour.Event{
		Workload: line.Workload, Time: at, Process: key, Parent: made[line.PPID], Action: action,
		Executable: known(line.Exe), ParentExecutable: known(line.Parent),
	}
	switch action {
	case behaviour.Connect:
		address, err := netip.ParseAddrPort(line.Object)
		if err != nil {
			return err
		}
		e.Address, e.Port = address.Addr(), address.Port()
	case behaviour.Exec:
		e.Path = line.Object
		if !strings.Contains(line.Args, recorderScript) {
			e.Arguments = strings.Split(line.Args, " ")
		}
	default:
		e.Path, e.Detail = line.Object, strings.TrimSpace(line.Args)
	}
	if line.Evil != 0 {
		x.evil[key] = true
	}
	x.events = append(x.events, event{Event: e})
	return nil
}

// known turns what the corpus writes for a path that it does not know into what an event has for it.
func known(path string) string {
	if path == "?" {
		return ""
	}
	return path
}
