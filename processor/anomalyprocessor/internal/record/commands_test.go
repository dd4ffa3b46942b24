// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// asked are records of execs, one after the other, for rules that ask for the command line of the parent.
type asked struct {
	t      testing.TB
	set    *sigma.Set
	filler *Filler
}

func newAsked(t testing.TB) *asked {
	t.Helper()
	set := ruleAbout(t, "process_creation", "ParentCommandLine|contains: 'serve --all'")
	return &asked{t, set, NewFiller(set)}
}

// exec tells whether the rule matches.
func (a *asked) exec(node string, all attributes) bool {
	a.t.Helper()
	var e sigma.Event
	require.True(a.t, a.filler.Fill(resourceOf(a.t, attributes{names.HostName: node}), logOf(a.t, names.EventProcessExec, all), &e))
	return len(a.set.Match(&e, nil)) == 1
}

func process(pid int, created string, parent int, parentCreated string, arguments ...any) attributes {
	return attributes{
		names.ProcessPID: pid, names.ProcessCreationTime: created, names.ProcessParentPID: parent, names.ProcessParentCreationTime: parentCreated,
		names.ProcessCommandArgs: arguments,
	}
}

func TestFiller_parentCommandLine(t *testing.T) {
	a := newAsked(t)
	assert.False(t, a.exec("h", process(20, "c20", 10, "c10", "sh")), "the parent was not seen")
	assert.False(t, a.exec("h", process(10, "c10", 1, "c1", "server", "serve", "--all")))
	assert.True(t, a.exec("h", process(20, "c20", 10, "c10", "sh")))
	assert.False(t, a.exec("i", process(20, "c20", 10, "c10", "sh")), "another host")
	assert.False(t, a.exec("h", process(20, "c20", 10, "c11", "sh")), "another process with that pid")
	assert.False(t, a.exec("h", process(21, "c21", 20, "c20", "sh")), "it is the parent's parent")

	fork := process(31, "c31", 30, "c30", "sh")
	fork[names.ProcessExecutorPID], fork[names.ProcessExecutorCreationTime] = 10, "c10"
	assert.True(t, a.exec("h", fork), "the parent is a fork of the server")

	assert.False(t, a.exec("h", process(10, "c10", 1, "c1", "other")))
	assert.False(t, a.exec("h", process(22, "c22", 10, "c10", "sh")), "the parent has executed something else since")
	assert.Zero(t, a.filler.Forgotten())
}

// Without a rule that asks, nothing is remembered.
func TestFiller_remembersNothingUnasked(t *testing.T) {
	filler := NewFiller(ruleAbout(t, "process_creation", "CommandLine: x"))
	assert.Nil(t, filler.commands)
	assert.Zero(t, filler.Forgotten())
}

func TestFiller_parentCommandLineOfStrangers(t *testing.T) {
	a := newAsked(t)
	for _, all := range []attributes{
		{}, {names.ProcessPID: "10", names.ProcessCreationTime: "c"}, {names.ProcessPID: -1, names.ProcessCreationTime: "c", names.ProcessCommandArgs: []any{"a"}},
		{names.ProcessPID: 1, names.ProcessCreationTime: "c", names.ProcessCommandArgs: "a"}, {names.ProcessPID: 1, names.ProcessCreationTime: 7},
		{names.ProcessPID: 1, names.ProcessCreationTime: "c", names.ProcessCommandArgs: []any{7, nil, true}},
	} {
		assert.False(t, a.exec("h", all), "%v", all)
	}
}

// A server that is asked for is not forgotten, however much is executed; what nobody asks for is, and the memory is bounded.
func TestCommands_bounded(t *testing.T) {
	a := newAsked(t)
	a.exec("h", process(10, "c10", 1, "c1", "server", "serve", "--all"))
	long := strings.Repeat("x", commandBytesMax)
	for n := range 5 * commandsMax {
		if n%100 == 0 {
			require.True(t, a.exec("h", process(20, "c20", 10, "c10", "sh")), n)
		}
		a.exec("h", process(100+n, fmt.Sprint(n), 1, "c1", long, "y"))
	}
	c := a.filler.commands
	assert.Positive(t, a.filler.Forgotten())
	assert.LessOrEqual(t, c.bytes, commandsBytesMax)
	sum := 0
	for _, line := range c.young {
		sum += len(line)
	}
	assert.Equal(t, sum, c.bytes)
	for n := range 5 * commandsMax {
		a.exec("h", process(100+n, fmt.Sprint(n), 1, "c1", "y"))
	}
	assert.LessOrEqual(t, len(c.young), commandsMax)
	assert.LessOrEqual(t, len(c.older), commandsMax)
	assert.False(t, a.exec("h", process(20, "c20", 10, "c10", "sh")))
}

func TestCommands_concurrent(t *testing.T) {
	a := newAsked(t)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for n := range 200 {
				a.exec("h", process(n%7+1, "c", (n+worker)%7+1, "c", "server", "serve", "--all"))
			}
		})
	}
	all.Wait()
	assert.LessOrEqual(t, len(a.filler.commands.young), 7)
}

func TestLineOf(t *testing.T) {
	list := pcommon.NewSlice()
	require.NoError(t, list.FromRaw([]any{"a", 7, "b c", ""}))
	assert.Equal(t, "a b c ", lineOf(list))
	require.NoError(t, list.FromRaw([]any{strings.Repeat("x", 3*commandBytesMax), "y"}))
	assert.LessOrEqual(t, len(lineOf(list)), commandBytesMax+1)
}

// BenchmarkFiller_exec fills execs for a rule about the parent's command line, and for one that asks only for the process's own.
func BenchmarkFiller_exec(b *testing.B) {
	for _, selection := range []string{"CommandLine|contains: 'serve --all'", "ParentCommandLine|contains: 'serve --all'"} {
		b.Run(selection[:strings.IndexByte(selection, '|')], func(b *testing.B) {
			filler := NewFiller(ruleAbout(b, "process_creation", selection))
			resource := resourceOf(b, attributes{names.HostName: "h"})
			log := logOf(b, names.EventProcessExec, process(20, "2026-01-05T11:00:00.5Z", 20, "2026-01-05T11:00:00.5Z", "server", "serve", "--all"))
			var e sigma.Event
			b.ReportAllocs()
			for b.Loop() {
				filler.Fill(resource, log, &e)
			}
		})
	}
}
