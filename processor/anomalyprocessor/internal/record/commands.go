// SPDX-License-Identifier: Apache-2.0

package record

import (
	"hash/maphash"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// commands remembers the command lines of processes that were seen executing something, for rules that ask for that of the parent.
//
// Nothing else remembers them. In the receiver's table of processes, of which there is one on each host, they would take some hundred bytes for each
// process whether or not anybody asks, and each record of an exec would carry those of its parent once more. Here they cost nothing until a
// rule asks, secrets are taken out of them already, and records of any source will do. What is not known: parents that were there before the
// processor, and those that were forgotten for others.
//
// There are two generations: what is asked for goes into the younger one, and when that is full, the older one is forgotten. It is safe for
// concurrent use.
type commands struct {
	seed maphash.Seed

	mu           sync.Mutex
	young, older map[uint64]string
	bytes        int
	forgotten    uint64
}

func newCommands() *commands { return &commands{seed: maphash.MakeSeed(), young: map[uint64]string{}} }

// key of a process, 0 if it is not told.
func (c *commands) key(node string, attributes pcommon.Map, pid, created string) uint64 {
	var hash maphash.Hash
	hash.SetSeed(c.seed)
	number, at := number(attributes, pid), text(attributes, created)
	if number <= 0 || at == "" {
		return 0
	}
	_, _ = hash.WriteString(node)
	maphash.WriteComparable(&hash, number)
	_, _ = hash.WriteString(at)
	return max(hash.Sum64(), 1)
}

// fill sets the command line of the parent, if it is known, and remembers that of the process itself.
func (c *commands) fill(node string, attributes pcommon.Map, to *sigma.Event) {
	line, known := c.get(c.key(node, attributes, names.ProcessParentPID, names.ProcessParentCreationTime))
	if !known { // a fork has the command line of whom it is a fork of
		line, known = c.get(c.key(node, attributes, names.ProcessExecutorPID, names.ProcessExecutorCreationTime))
	}
	if known {
		to.SetText(sigma.FieldParentCommandLine, line)
	}
	arguments, ok := attributes.Get(names.ProcessCommandArgs)
	if key := c.key(node, attributes, names.ProcessPID, names.ProcessCreationTime); key != 0 && ok && arguments.Type() == pcommon.ValueTypeSlice {
		c.put(key, lineOf(arguments.Slice()))
	}
}

func (c *commands) get(key uint64) (string, bool) {
	if key == 0 {
		return "", false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if line, ok := c.young[key]; ok {
		return line, true
	}
	line, ok := c.older[key]
	if ok {
		delete(c.older, key)
		c.add(key, line)
	}
	return line, ok
}

func (c *commands) put(key uint64, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes -= len(c.young[key])
	delete(c.young, key)
	delete(c.older, key)
	c.add(key, line)
}

// add puts a command line into the younger generation, where it is not yet.
func (c *commands) add(key uint64, line string) {
	if len(c.young) >= commandsMax || c.bytes+len(line) > commandsBytesMax {
		c.forgotten += uint64(len(c.older))
		c.older, c.young, c.bytes = c.young, map[uint64]string{}, 0
	}
	c.young[key] = line
	c.bytes += len(line)
}

// lineOf joins arguments by one space each, as rules have the command line.
func lineOf(arguments pcommon.Slice) string {
	var b strings.Builder
	for at := range min(arguments.Len(), argumentsMax) {
		if b.Len() >= commandBytesMax {
			break
		}
		part := arguments.At(at)
		if part.Type() != pcommon.ValueTypeStr {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(part.Str()[:min(len(part.Str()), commandBytesMax-b.Len()+1)])
	}
	return b.String()
}

// Forgotten is how many command lines were forgotten for others.
func (f *Filler) Forgotten() uint64 {
	if f.commands == nil {
		return 0
	}
	f.commands.mu.Lock()
	defer f.commands.mu.Unlock()
	return f.commands.forgotten
}
