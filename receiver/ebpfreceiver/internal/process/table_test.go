// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// bootedAt is when the machine of these tests started.
var bootedAt = time.Unix(1_700_000_000, 0)

func newTable(entriesMax int) *Table {
	clock := NewClock()
	clock.SetOffset(time.Duration(bootedAt.UnixNano()))
	return NewTable(clock, entriesMax)
}

// key is a process that was started pid nanoseconds after boot.
func key(pid uint32) Key { return Key{PID: pid, StartTime: uint64(pid)} }

func kernelKey(k Key) decode.ProcessKey {
	return decode.ProcessKey{Pid: k.PID, StartTimeNs: k.StartTime}
}

func head(k Key, execID uint64) decode.Header {
	return decode.Header{Process: kernelKey(k), ExecId: execID, CgroupId: 7, Tid: k.PID}
}

func execOf(k, parent Key, execID uint64, executable string) *decode.ProcessExec {
	return &decode.ProcessExec{
		ProcessExecEvent: &processbpf.ProcessExecEvent{Header: head(k, execID), Parent: kernelKey(parent)},
		Executable:       []byte(executable),
	}
}

func forkOf(k, parent Key, execID uint64) *decode.ProcessFork {
	return &decode.ProcessFork{ProcessForkEvent: &processbpf.ProcessForkEvent{Header: head(k, execID), Parent: kernelKey(parent)}}
}

func exitOf(k Key, execID uint64, at time.Duration) *decode.ProcessExit {
	e := &decode.ProcessExit{ProcessExitEvent: &processbpf.ProcessExitEvent{Header: head(k, execID)}}
	e.Header.TimeNs = uint64(at)
	return e
}

// known is what the table says of an event of a process.
func known(t *testing.T, table *Table, k Key, execID uint64) (string, Outcome) {
	t.Helper()
	h := head(k, execID)
	p, outcome := table.Lookup(&h)
	require.NotNil(t, p)
	assert.Equal(t, k, p.Key)
	return p.Executable.Value(), outcome
}

func assertKnown(t *testing.T, table *Table, k Key, execID uint64, executable string, outcome Outcome) {
	t.Helper()
	gotExecutable, gotOutcome := known(t, table, k, execID)
	assert.Equal(t, outcome, gotOutcome)
	assert.Equal(t, executable, gotExecutable)
}

func TestTable_exec(t *testing.T) {
	table := newTable(10)
	table.Exec(execOf(key(1), Key{}, 1, "/sbin/init"))
	p := table.Exec(execOf(key(20), key(1), 5, "/usr/bin/make"))

	assert.Equal(t, key(20), p.Key)
	assert.EqualValues(t, 5, p.ExecID)
	assert.EqualValues(t, 7, p.CgroupID)
	assert.Equal(t, key(1), p.Parent)
	assert.Equal(t, "/usr/bin/make", p.Executable.Value())
	assert.Equal(t, "make", p.ExecutableName())
	assert.Equal(t, "/sbin/init", p.ParentExecutable.Value())
	assert.Equal(t, bootedAt.Add(20), p.CreationTime)
	assertKnown(t, table, key(20), 5, "/usr/bin/make", Found)
	assert.Equal(t, Stats{Entries: 2}, table.Stats())
}

func TestTable_forkInheritsTheExecutable(t *testing.T) {
	table := newTable(10)
	table.Exec(execOf(key(1), Key{}, 3, "/bin/dash"))
	child := table.Fork(forkOf(key(2), key(1), 3))
	assert.Equal(t, "/bin/dash", child.Executable.Value())
	assert.Equal(t, "/bin/dash", child.ParentExecutable.Value())
	assertKnown(t, table, key(2), 3, "/bin/dash", Found)

	// What the parent executes later is none of the child's business.
	table.Exec(execOf(key(1), Key{}, 4, "/bin/cat"))
	assertKnown(t, table, key(2), 3, "/bin/dash", Found)
	grandchild := table.Fork(forkOf(key(3), key(2), 3))
	assert.Equal(t, "/bin/dash", grandchild.Executable.Value())

	orphan := table.Fork(forkOf(key(9), key(8), 1))
	assert.Empty(t, orphan.Executable.Value())
	assert.Empty(t, orphan.ExecutableName())
	assert.Equal(t, key(8), orphan.Parent)
	assert.EqualValues(t, 1, table.Stats().ParentsMissing)
}

// A thread that execs becomes the leader of its process: the key stays, the image changes.
func TestTable_execFromThread(t *testing.T) {
	table := newTable(10)
	before := table.Exec(execOf(key(5), Key{}, 1, "/usr/bin/java"))
	event := execOf(key(5), Key{}, 2, "/bin/true")
	event.Header.Tid = 6
	table.Exec(event)
	assertKnown(t, table, key(5), 2, "/bin/true", Found)
	assert.Equal(t, 1, table.Stats().Entries)
	assert.Equal(t, "/usr/bin/java", before.Executable.Value(), "what was published is never changed")
}

// Events of a shell's child, such as the opening of a file for its output, are read after the exec that
// followed them: they travel through another ring.
func TestTable_eventsFromBeforeTheExec(t *testing.T) {
	table := newTable(10)
	table.Exec(execOf(key(1), Key{}, 3, "/bin/dash"))
	table.Fork(forkOf(key(2), key(1), 3))
	table.Exec(execOf(key(2), key(1), 4, "/bin/cat"))
	assertKnown(t, table, key(2), 3, "/bin/dash", Found)
	assertKnown(t, table, key(2), 4, "/bin/cat", Found)

	table.Exec(execOf(key(2), key(1), 5, "/bin/tac"))
	table.Exec(execOf(key(2), key(1), 6, "/bin/tee"))
	for execID, executable := range map[uint64]string{3: "/bin/dash", 4: "/bin/cat", 5: "/bin/tac", 6: "/bin/tee"} {
		assertKnown(t, table, key(2), execID, executable, Found)
	}
	table.Exit(exitOf(key(2), 6, time.Second))
	assertKnown(t, table, key(2), 3, "/bin/dash", Found)
}

func TestTable_imagesOfOneProcessAreBounded(t *testing.T) {
	table := newTable(10)
	const execs = 100
	for n := range uint64(execs) {
		table.Exec(execOf(key(2), Key{}, n, fmt.Sprintf("/bin/%d", n)))
	}
	for n := range uint64(execs) {
		if n < execs-imagesMax {
			assertKnown(t, table, key(2), n, "/bin/99", Stale)
		} else {
			assertKnown(t, table, key(2), n, fmt.Sprintf("/bin/%d", n), Found)
		}
	}
}

func TestTable_lookupOutcomes(t *testing.T) {
	table := newTable(10)
	table.Exec(execOf(key(2), Key{}, 4, "/bin/cat"))
	assertKnown(t, table, key(2), 4, "/bin/cat", Found)
	assertKnown(t, table, key(2), 5, "/bin/cat", Stale)
	assertKnown(t, table, key(2), 3, "/bin/cat", Stale)
	assertKnown(t, table, key(3), 4, "", Missing)

	h := head(key(3), 9)
	p, _ := table.Lookup(&h)
	assert.EqualValues(t, 9, p.ExecID)
	assert.EqualValues(t, 7, p.CgroupID)
	assert.Equal(t, bootedAt.Add(3), p.CreationTime)
	assert.Equal(t, 1, table.Stats().Entries, "looking up adds nothing")
}

func TestTable_executableIsAlwaysUTF8(t *testing.T) {
	table := newTable(10)
	p := table.Exec(execOf(key(2), Key{}, 1, "/tmp/\xff\xfe/evil\xc3"))
	assert.Equal(t, "/tmp/\uFFFD/evil\uFFFD", p.Executable.Value())
	child := table.Fork(forkOf(key(3), key(2), 1))
	assert.Equal(t, "/tmp/\uFFFD/evil\uFFFD", child.ParentExecutable.Value())
}

func TestTable_exitTwice(t *testing.T) {
	table := newTable(10)
	table.Exec(execOf(key(2), Key{}, 1, "/bin/cat"))
	assert.False(t, table.Exited(key(2)))

	p, first := table.Exit(exitOf(key(2), 1, time.Second))
	assert.True(t, first)
	assert.Equal(t, "/bin/cat", p.Executable.Value())
	assert.True(t, table.Exited(key(2)))

	p, first = table.Exit(exitOf(key(2), 1, time.Second))
	assert.False(t, first)
	assert.Equal(t, "/bin/cat", p.Executable.Value())
	assert.Equal(t, Stats{Entries: 1, DuplicateExits: 1}, table.Stats())
	assertKnown(t, table, key(2), 1, "/bin/cat", Found)
}

func TestTable_exitOfTheUnknown(t *testing.T) {
	table := newTable(10)
	p, first := table.Exit(exitOf(key(2), 1, time.Second))
	assert.True(t, first)
	assert.Empty(t, p.Executable.Value())
	assert.True(t, table.Exited(key(2)))
	_, first = table.Exit(exitOf(key(2), 1, time.Second))
	assert.False(t, first, "the second one is told apart even so")

	// At boot time 0 an exit is an exit, too.
	table.Exit(exitOf(key(3), 1, 0))
	assert.True(t, table.Exited(key(3)))
	assert.False(t, table.Exited(key(4)))
}

func TestTable_pidIsReused(t *testing.T) {
	table := newTable(10)
	first, second := Key{PID: 5, StartTime: 100}, Key{PID: 5, StartTime: 900}
	table.Exec(execOf(first, Key{}, 1, "/bin/first"))
	table.Exit(exitOf(first, 1, 500))
	table.Fork(forkOf(second, Key{}, 1))
	table.Exec(execOf(second, Key{}, 2, "/bin/second"))

	assertKnown(t, table, first, 1, "/bin/first", Found)
	assertKnown(t, table, second, 2, "/bin/second", Found)
	assert.True(t, table.Exited(first))
	assert.False(t, table.Exited(second))
	h := head(first, 1)
	old, _ := table.Lookup(&h)
	assert.Equal(t, bootedAt.Add(100), old.CreationTime)
}

// All events of a process agree on when it was created, whatever happens to the clock meanwhile.
func TestTable_creationTimeOutlivesClockChanges(t *testing.T) {
	table := newTable(10)
	table.Fork(forkOf(key(2), Key{}, 1))
	table.clock.SetOffset(time.Duration(bootedAt.Add(time.Hour).UnixNano()))
	p := table.Exec(execOf(key(2), Key{}, 2, "/bin/cat"))
	assert.Equal(t, bootedAt.Add(2), p.CreationTime)
	p, _ = table.Exit(exitOf(key(2), 2, time.Second))
	assert.Equal(t, bootedAt.Add(2), p.CreationTime)
	assert.Equal(t, bootedAt.Add(time.Hour+3), table.Fork(forkOf(key(3), Key{}, 1)).CreationTime)
}

func TestTable_snapshotAndEventsInAnyOrder(t *testing.T) {
	table := newTable(10)
	// The snapshot has seen an exec whose event, and an earlier one, still wait in the ring.
	table.Exec(execOf(key(2), key(1), 6, "/bin/newest"))
	p := table.Exec(execOf(key(2), key(1), 5, "/bin/older"))
	assert.Equal(t, "/bin/older", p.Executable.Value(), "the event is of that image")
	assertKnown(t, table, key(2), 6, "/bin/newest", Found)
	assertKnown(t, table, key(2), 5, "/bin/older", Found)
	table.Exec(execOf(key(2), key(1), 4, "/bin/oldest"))
	assertKnown(t, table, key(2), 5, "/bin/older", Found)
	table.Exec(execOf(key(2), key(1), 6, "/bin/newest"))
	assertKnown(t, table, key(2), 6, "/bin/newest", Found)
	table.Exec(execOf(key(2), key(1), 7, "/bin/after"))
	assertKnown(t, table, key(2), 7, "/bin/after", Found)

	// A fork that the snapshot has overtaken changes nothing.
	p = table.Fork(forkOf(key(2), key(1), 3))
	assert.Equal(t, "/bin/after", p.Executable.Value())
	assert.Equal(t, 1, table.Stats().Entries)
}

func TestTable_ancestors(t *testing.T) {
	table := newTable(10)
	table.Exec(execOf(key(1), Key{}, 1, "/sbin/init"))
	table.Exec(execOf(key(2), key(1), 2, "/usr/sbin/sshd"))
	table.Exec(execOf(key(3), key(2), 3, "/bin/bash"))
	p := table.Exec(execOf(key(4), key(3), 4, "/bin/cat"))
	names := func(ancestors []*Process) (all []string) {
		for _, a := range ancestors {
			all = append(all, a.ExecutableName())
		}
		return all
	}
	assert.Equal(t, []string{"bash", "sshd", "init"}, names(table.Ancestors(p, 8, nil)))
	assert.Equal(t, []string{"bash", "sshd"}, names(table.Ancestors(p, 2, nil)))
	assert.Empty(t, table.Ancestors(p, 0, nil))
	assert.Equal(t, []string{"cat", "bash"}, names(table.Ancestors(p, 1, []*Process{p})), "appended")

	// A gap ends the chain.
	orphan := table.Exec(execOf(key(6), key(5), 1, "/bin/cat"))
	assert.Empty(t, table.Ancestors(orphan, 8, nil))
}

// Only corrupt input makes processes their own ancestors. It must not make anything endless.
func TestTable_ancestorsInACircle(t *testing.T) {
	table := newTable(10)
	self := table.Exec(execOf(key(1), key(1), 1, "/bin/self"))
	assert.Empty(t, table.Ancestors(self, 8, nil))
	table.Exec(execOf(key(2), key(3), 1, "/bin/two"))
	p := table.Exec(execOf(key(3), key(2), 1, "/bin/three"))
	assert.LessOrEqual(t, len(table.Ancestors(p, 8, nil)), 8)
}
