// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// kernelObjects counts what of ours is in the kernel: programs and maps that this process holds.
func kernelObjects(t testing.TB) int {
	t.Helper()
	descriptors, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	count := 0
	for _, d := range descriptors {
		switch target, _ := os.Readlink(filepath.Join("/proc/self/fd", d.Name())); target {
		case "anon_inode:bpf-map", "anon_inode:bpf-prog", "anon_inode:bpf_link", "anon_inode:[perf_event]":
			count++
		}
	}
	return count
}

// kernelObject is something of BPF in the kernel.
type kernelObject struct {
	kind string // program, map or link
	id   uint32
}

// heldObjects returns the programs, maps and links that this process holds.
func heldObjects(t testing.TB) []kernelObject {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fdinfo/*")
	require.NoError(t, err)
	var held []kernelObject
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // that of the listing itself
		}
		// A link tells of its program too.
		for kind, format := range map[string]string{"program": "prog_id: %d", "map": "map_id: %d", "link": "link_id: %d"} {
			for line := range strings.Lines(string(content)) {
				var id uint32
				if n, _ := fmt.Sscanf(line, format, &id); n == 1 {
					held = append(held, kernelObject{kind, id})
				}
			}
		}
	}
	return held
}

// ownPrograms returns the BPF programs that this process holds.
func ownPrograms(t testing.TB) []ebpf.ProgramID {
	t.Helper()
	var ids []ebpf.ProgramID
	for _, o := range heldObjects(t) {
		if o.kind == "program" {
			ids = append(ids, ebpf.ProgramID(o.id))
		}
	}
	return ids
}

func inKernel(t testing.TB, id ebpf.ProgramID) bool {
	t.Helper()
	return kernelObject{"program", uint32(id)}.exists(t)
}

// exists tells whether the kernel has it. Programs and maps are not opened for that: an array of programs that is closed
// while the kernel still empties it for the last time is never freed.
func (o kernelObject) exists(t testing.TB) bool {
	t.Helper()
	var next uint32
	var err error
	switch o.kind {
	case "program":
		var id ebpf.ProgramID
		id, err = ebpf.ProgramGetNextID(ebpf.ProgramID(o.id - 1))
		next = uint32(id)
	case "map":
		var id ebpf.MapID
		id, err = ebpf.MapGetNextID(ebpf.MapID(o.id - 1))
		next = uint32(id)
	default:
		var l link.Link
		if l, err = link.NewFromID(link.ID(o.id)); err == nil {
			next = o.id
			require.NoError(t, l.Close())
		}
	}
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	return err == nil && next == o.id
}

func TestLifecycle_shutdownWithoutStart(t *testing.T) {
	_, signals := newLive(t, func(*Config) {})
	for range 2 {
		for _, signal := range signals {
			require.NoError(t, signal.Shutdown(t.Context()))
		}
	}
}

func TestLifecycle_creatingTouchesNothing(t *testing.T) {
	before := kernelObjects(t)
	newLive(t, func(*Config) {})
	assert.Equal(t, before, kernelObjects(t))
}

func TestLifecycle_nothingIsLeftBehind(t *testing.T) {
	before := kernelObjects(t)
	l := startLive(t, func(*Config) {})
	assert.Greater(t, kernelObjects(t), before)
	held := ownPrograms(t)
	require.NotEmpty(t, held)
	l.stop()
	assert.Equal(t, before, kernelObjects(t))
	// The kernel frees programs after a grace period.
	for _, id := range held {
		assert.Eventually(t, func() bool { return !inKernel(t, id) }, patience, 50*time.Millisecond)
	}
}

func TestLifecycle_twoAtOnce(t *testing.T) {
	first, second := startLive(t, only("process")), startLive(t, only("process"))
	command := exec.Command("/bin/true")
	require.NoError(t, command.Run())
	for _, l := range []*live{first, second} {
		l.one(names.EventProcessExec, byPID(command.Process.Pid))
	}
	first.stop()
	command = exec.Command("/bin/true")
	require.NoError(t, command.Run())
	second.one(names.EventProcessExec, byPID(command.Process.Pid))
}

func TestLifecycle_whatHappenedBeforeShutdownArrives(t *testing.T) {
	l := startLive(t, only("process"))
	command := exec.Command("/bin/true")
	require.NoError(t, command.Run())
	l.stop()
	l.one(names.EventProcessExec, byPID(command.Process.Pid))
	l.one(names.EventProcessExit, byPID(command.Process.Pid))
}

// A pipeline that never takes anything can't hold up the end: what waits is dropped and counted.
func TestLifecycle_shutdownWithFullQueue(t *testing.T) {
	l := startLive(t, only("process"))
	release := l.logs.hold()
	defer release()
	st := l.shared.session.tracers.running()[0]
	// Each is a batch of its own; one more is with the pipeline, and one finds no room.
	for range queueBatchesMax + 2 {
		require.NoError(t, exec.Command("/bin/true").Run())
		st.reader.Flush()
	}
	accounts, err := l.shared.session.tracers.unit(st.tracer.Name()).accounts()
	require.NoError(t, err)
	var dropped uint64
	for _, a := range accounts {
		dropped += a.Lost["queue"]
	}
	require.Positive(t, dropped)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stopped := make(chan error, len(l.stops))
	for _, stop := range l.stops {
		go func() { stopped <- stop(ctx) }()
	}
	// The batch that the pipeline sits on is the pipeline's business; everything else is not sent.
	time.AfterFunc(100*time.Millisecond, release)
	for range l.stops {
		require.NoError(t, <-stopped)
	}
	l.stops = nil
	var lost uint64
	for kind := range st.ledger.kinds {
		lost += st.ledger.kinds[kind].lostPipeline.Load()
	}
	assert.Positive(t, lost)
}

func TestLifecycle_statusOfAHealthyReceiver(t *testing.T) {
	l := startLive(t, func(*Config) {})
	assert.Nil(t, l.host.last(), "the service reports that it is well")
	l.stop()
	for _, e := range l.host.events {
		assert.NotContains(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusPermanentError}, e.Status())
	}
}
