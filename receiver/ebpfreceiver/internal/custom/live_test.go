// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

const (
	patience = time.Minute
	often    = 20 * time.Millisecond
)

// roleVariable makes this test binary play a process that a test observes, instead of running tests.
const roleVariable = "MEERKAT_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "dial" {
		if err := dial(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	_ = rlimit.RemoveMemlock()
	goleak.VerifyTestMain(m)
}

// loaded is a tracer that is closed at the end.
func loaded(t *testing.T, name string, m *manifest.Manifest, l Limits) *Live {
	t.Helper()
	b, err := Inspect(object(t, name), m, l)
	require.NoError(t, err)
	live, err := Load(b, zaptest.NewLogger(t), btf.NewCache())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, live.Close()) })
	return live
}

// valueAt reads an array of numbers, also one per processor.
func valueAt(t *testing.T, m *ebpf.Map, index uint32) uint64 {
	t.Helper()
	require.NotNil(t, m)
	if m.Type() != ebpf.PerCPUArray {
		var value uint64
		require.NoError(t, m.Lookup(index, &value))
		return value
	}
	var values []uint64
	require.NoError(t, m.Lookup(index, &values))
	var sum uint64
	for _, value := range values {
		sum += value
	}
	return sum
}

// Indices of counts in testdata/observe.bpf.c.
const (
	fromTracepoint = iota
	fromRawTracepoint
	fromBTFTracepoint
	fromClock
	fromIterator
)

func TestLive_observes(t *testing.T) {
	live := loaded(t, "observe", observing(), DefaultLimits())
	assert.Equal(t, State{Status: StatusStopped}, live.State())
	require.NoError(t, live.Attach())
	state := live.State()
	assert.Equal(t, StatusRunning, state.Status, state.Reason)
	require.Len(t, state.Hooks, 5)
	assert.Contains(t, state.Hooks, HookState{Name: "raw_tp/sched_process_exec", Program: "by_raw_tracepoint"})

	reader, err := ringbuf.NewReader(live.Rings()["events"])
	require.NoError(t, err)
	defer func() { assert.NoError(t, reader.Close()) }()
	reader.SetDeadline(time.Now().Add(patience))
	child := exec.Command("/bin/true")
	require.NoError(t, child.Run())
	// The three tracepoints each report the child: a record is time, pid, padding, cgroup, source, padding.
	seen := map[uint32]bool{}
	for len(seen) < 3 {
		record, err := reader.Read()
		require.NoError(t, err)
		require.Len(t, record.RawSample, 32)
		if binary.NativeEndian.Uint32(record.RawSample[8:]) == uint32(child.Process.Pid) {
			seen[binary.NativeEndian.Uint32(record.RawSample[24:])] = true
		}
	}
	assert.Equal(t, map[uint32]bool{fromTracepoint: true, fromRawTracepoint: true, fromBTFTracepoint: true}, seen)

	counts := live.Map("counts")
	require.Eventually(t, func() bool { return valueAt(t, counts, fromClock) > 0 && valueAt(t, counts, fromIterator) > 1 }, patience, often)
	require.Eventually(t, func() bool { return live.IteratorStats()[0].Runs > 1 }, patience, often)
	iterated := live.IteratorStats()[0]
	assert.Equal(t, "by_iterator", iterated.Program)
	assert.Zero(t, iterated.Failed)
	assert.Equal(t, uint64(0), iterated.OutputBytes%uint64(len("task\n")))
	assert.NotZero(t, iterated.OutputBytes)
	assert.GreaterOrEqual(t, live.MapBytes(), uint64(64<<10))
	// What is calculated before is never below what the kernel accounts for.
	assert.GreaterOrEqual(t, live.Bundle().MapBytes(), live.MapBytes())
	checkExternsOf(t, live)
}

// The tracepoint's program keeps extern variables: the version, and whether there are cookies.
func checkExternsOf(t *testing.T, live *Live) {
	t.Helper()
	info, err := live.Map(externMap).Info()
	require.NoError(t, err)
	assert.True(t, info.Frozen(), "the verifier knows the values")
	variables := live.Map(".bss")
	require.NotNil(t, variables)
	content, err := variables.LookupBytes(uint32(0))
	require.NoError(t, err)
	offset := func(name string) uint32 { return live.Bundle().spec.Variables[name].Offset }
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	require.NoError(t, err)
	version := binary.NativeEndian.Uint64(content[offset("kernel_version"):])
	var major, minor uint64
	for i, part := range strings.SplitN(string(release), ".", 3)[:2] {
		var n uint64
		for _, digit := range strings.Split(part, "-")[0] {
			n = 10*n + uint64(digit-'0')
		}
		*[]*uint64{&major, &minor}[i] = n
	}
	assert.Equal(t, major<<8|minor, version>>8)
	atLeast515 := major > 5 || major == 5 && minor >= 15
	assert.Equal(t, atLeast515, content[offset("has_cookie")] == 1)
}

func TestLive_statistics(t *testing.T) {
	statistics, err := ebpf.EnableStats(0) // BPF_STATS_RUN_TIME
	require.NoError(t, err)
	defer statistics.Close()
	live := loaded(t, "observe", observing(), DefaultLimits())
	require.NoError(t, live.Attach())
	require.NoError(t, exec.Command("/bin/true").Run())
	require.Eventually(t, func() bool {
		for _, stats := range live.ProgramStats() {
			if stats.Program == "by_tracepoint" {
				return stats.RunCount > 0 && stats.RunTime > 0
			}
		}
		return false
	}, patience, often)
	assert.Len(t, live.ProgramStats(), 5)
}

func TestLive_detachAndAttachAgain(t *testing.T) {
	live := loaded(t, "observe", observing(), DefaultLimits())
	for range 3 {
		require.NoError(t, live.Attach())
		require.NoError(t, live.Attach(), "twice is once")
		before := valueAt(t, live.Map("counts"), fromTracepoint)
		require.NoError(t, exec.Command("/bin/true").Run())
		assert.Greater(t, valueAt(t, live.Map("counts"), fromTracepoint), before)
		require.NoError(t, live.Detach())
		assert.Equal(t, StatusStopped, live.State().Status)
		kept := valueAt(t, live.Map("counts"), fromTracepoint)
		require.NoError(t, exec.Command("/bin/true").Run())
		assert.Equal(t, kept, valueAt(t, live.Map("counts"), fromTracepoint), "detached programs don't run")
	}
	require.NoError(t, live.Close())
	require.NoError(t, live.Close())
	assert.ErrorContains(t, live.Attach(), "it is closed")
	assert.Zero(t, live.MapBytes())
}

func TestLive_refusedByVerifier(t *testing.T) {
	before := openObjects(t)
	b, err := Inspect(object(t, "hostile-UNVERIFIABLE"), simple(), DefaultLimits())
	require.NoError(t, err)
	_, err = Load(b, zaptest.NewLogger(t), btf.NewCache())
	var refused *VerifierError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "hostile", refused.Program)
	assert.Regexp(t, "invalid mem access 'map_value_or_null'|invalid access to map value|outside of the allowed memory range", refused.Summary)
	assert.Contains(t, refused.Summary, "(instruction ")
	assert.Contains(t, refused.Summary, "source: return value[1000];")
	assert.Contains(t, err.Error(), `load tracer "simple": program "hostile", section "tracepoint/sched/sched_process_exec": the kernel's verifier refuses it: `)
	assert.NotContains(t, err.Error(), "\n", "the log is apart")
	assert.Contains(t, refused.Log(), "call bpf_map_lookup_elem#1")
	assert.Contains(t, refused.Log(), "processed ")
	assert.Equal(t, before, openObjects(t), "nothing is left behind")
}

func TestLive_requiredAndOptional(t *testing.T) {
	m := observing()
	broken := object(t, "observe")
	// A tracepoint that no kernel has, in the section of the program by_tracepoint.
	broken = []byte(strings.ReplaceAll(string(broken), "tracepoint/sched/sched_process_exec", "tracepoint/sched/sched_process_exit_"[:35]))
	broken = []byte(strings.ReplaceAll(string(broken), "raw_tp/sched_process_exec", "raw_tp/sched_process_xxxx"))
	before := openObjects(t)
	b, err := Inspect(broken, m, DefaultLimits())
	require.NoError(t, err)
	live, err := Load(b, zaptest.NewLogger(t), btf.NewCache())
	require.NoError(t, err)
	err = live.Attach()
	require.ErrorContains(t, err, `attach tracer "observe": program "by_raw_tracepoint", section "raw_tp/sched_process_xxxx": `)
	assert.Equal(t, before, openObjects(t), "nothing is left behind")
	assert.NoError(t, live.Close())

	m.Programs = append(m.Programs, manifest.Program{Name: "by_raw_tracepoint", Optional: true})
	if b, err = Inspect(broken, m, DefaultLimits()); err == nil {
		live, err = Load(b, zaptest.NewLogger(t), btf.NewCache())
	}
	require.NoError(t, err)
	defer func() { assert.NoError(t, live.Close()) }()
	require.NoError(t, live.Attach())
	state := live.State()
	assert.Equal(t, StatusDegraded, state.Status)
	assert.Contains(t, state.Reason, `missing program "by_raw_tracepoint", section "raw_tp/sched_process_xxxx": `)
}

func TestLive_concurrently(t *testing.T) {
	live := loaded(t, "observe", observing(), DefaultLimits())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				_ = live.Attach()
				live.State()
				live.MapBytes()
				live.ProgramStats()
				live.IteratorStats()
				assert.NoError(t, live.Detach())
			}
		})
	}
	all.Wait()
	for range 2 {
		all.Go(func() { assert.NoError(t, live.Close()) })
	}
	all.Wait()
}

// reasonFor is why a program is not attached, "" if it is.
func reasonFor(state State, section string) string {
	for _, hook := range state.Hooks {
		if hook.Name == section {
			return hook.Reason
		}
	}
	return "there is no such hook"
}
