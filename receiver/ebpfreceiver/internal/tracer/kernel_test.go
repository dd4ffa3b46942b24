// SPDX-License-Identifier: Apache-2.0

//go:build linux

package tracer

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	syscallbpf "github.com/meerkat-otel/meerkat/bpf/syscall"
)

// tracerReport says what became of a tracer on the running kernel. Reports are for test/vm, which makes
// a page of them.
type tracerReport struct {
	Tracer string `json:"tracer"`
	// Hooks is how many are attached of HooksAll.
	Hooks    int    `json:"hooks"`
	HooksAll int    `json:"hooks_all"`
	MapBytes uint64 `json:"map_bytes"`
	// Nanoseconds is how long it took to load and attach it as a whole.
	Nanoseconds time.Duration `json:"nanoseconds"`
	Failure     string        `json:"failure,omitempty"`
}

// programReport says what became of a program that was loaded and attached alone.
type programReport struct {
	Tracer  string `json:"tracer"`
	Hook    string `json:"hook"`
	Program string `json:"program"`
	// Used tells whether the tracer as a whole takes this program.
	Used bool `json:"used"`
	// Instructions is how many the verifier has followed until it was sure.
	Instructions uint64 `json:"instructions"`
	// Nanoseconds is how long it took to load it.
	Nanoseconds time.Duration `json:"nanoseconds"`
	Failure     string        `json:"failure,omitempty"`
}

// report prints a line that test/vm understands.
func report(t *testing.T, what string, content any) {
	t.Helper()
	line, err := json.Marshal(content)
	require.NoError(t, err)
	t.Logf("%s report: %s", what, line)
}

// snapshotHook is what a tracer's iterator is reported as.
const snapshotHook = "snapshot"

// Every program of every hook is forced once, whether a better one works here or not, and every tracer
// takes the best of those that work.
func TestKernel_everyProgram(t *testing.T) {
	types := btf.NewCache()
	if hasBTF() {
		// The first to read them would pay for all.
		_, err := types.Kernel()
		require.NoError(t, err)
	}
	for _, spec := range append(Specs(), dispatcherSpec()) {
		t.Run(spec.Name, func(t *testing.T) {
			whole := attachWhole(t, types, spec)
			if !hasBTF() {
				return
			}
			tr := load(t, spec, Settings{})
			for i, h := range spec.Hooks {
				best := ""
				for _, name := range h.Programs {
					r := tryAlone(t, tr, types, h, name)
					if best == "" && r.Failure == "" {
						best = name
					}
					r.Used = name == whole.Hooks[i].Program
					report(t, "program", r)
				}
				assert.True(t, best != "" || h.Optional, "no program serves %s", h.Name)
				assert.Equal(t, best, whole.Hooks[i].Program, "the best one serves %s", h.Name)
			}
			if spec.Snapshot != "" {
				r := tryAlone(t, tr, types, Hook{Name: snapshotHook}, spec.Snapshot)
				r.Used = r.Failure == ""
				assert.Empty(t, r.Failure)
				report(t, "program", r)
			}
		})
	}
}

// dispatcherSpec describes what calls the handlers of system calls as if it were a tracer.
func dispatcherSpec() Spec {
	return Spec{
		Name: "syscall", Load: syscallbpf.LoadSyscall, Hooks: []Hook{hook("sys_exit", syscallbpf.SyscallProgSyscallExit)},
	}
}

// attachWhole attaches a tracer as the receiver does.
func attachWhole(t *testing.T, types *btf.Cache, spec Spec) State {
	t.Helper()
	started := time.Now()
	tr := load(t, spec, Settings{})
	err := tr.Attach(types)
	took := time.Since(started)
	state := tr.State()
	r := tracerReport{
		Tracer: spec.Name, HooksAll: len(spec.Hooks), MapBytes: tr.MapBytes(), Nanoseconds: took, Failure: state.Reason,
	}
	for _, h := range state.Hooks {
		if h.Program != "" {
			r.Hooks++
		}
	}
	report(t, "tracer", r)
	if hasBTF() {
		assert.NoError(t, err)
	} else {
		// A program that reads nothing of the kernel's works all the same.
		assert.NotEqual(t, StatusRunning, state.Status)
		assert.Contains(t, state.Reason, ErrNoBTF.Error())
	}
	require.NoError(t, tr.Detach())
	return state
}

// tryAlone loads a program, attaches it and detaches it again.
func tryAlone(t *testing.T, tr *Tracer, types *btf.Cache, h Hook, name string) programReport {
	t.Helper()
	r := programReport{Tracer: tr.Name(), Hook: h.Name, Program: name}
	tr.logLevel = ebpf.LogLevelStats
	started := time.Now()
	program, err := tr.program(types, name)
	r.Nanoseconds = time.Since(started)
	tr.logLevel = 0
	if err != nil {
		// The statistics have pushed the reason out of the message.
		_, err = tr.program(types, name)
		require.Error(t, err)
	} else {
		r.Instructions = verifiedInstructions(t, program)
		if h.Name == snapshotHook {
			err = closeIfOpened(tr.Snapshot(types))
		} else {
			err = closeIfOpened(tr.attachProgram(types, h, name))
		}
	}
	if err != nil {
		r.Failure = briefly(explain(err))
		assert.NotEmpty(t, r.Failure)
	}
	return r
}

func closeIfOpened(opened io.Closer, err error) error {
	if err != nil {
		return err
	}
	return opened.Close()
}

var processed = regexp.MustCompile(`(?m)^processed (\d+) insns`)

// verifiedInstructions takes the number from the verifier's statistics, since kernels before 5.16 don't
// tell it otherwise. Those that do tell the same.
func verifiedInstructions(t *testing.T, program *ebpf.Program) uint64 {
	t.Helper()
	found := processed.FindStringSubmatch(program.VerifierLog)
	require.NotNil(t, found, "the verifier's log: %q", program.VerifierLog)
	count, err := strconv.ParseUint(found[1], 10, 64)
	require.NoError(t, err)
	require.Positive(t, count)
	info, err := program.Info()
	require.NoError(t, err)
	if told, ok := info.VerifiedInstructions(); ok {
		assert.EqualValues(t, count, told)
	}
	return count
}

// A function of a module can be observed where modules have type information, and where they have none
// the reason is named. The machines of test/vm have this module loaded.
func TestKernel_moduleWithoutBTF(t *testing.T) {
	const function, module = "veth_xmit", "veth"
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: function, License: "Dual BSD/GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err == nil {
		require.NoError(t, program.Close())
	}
	_, types := os.Stat(filepath.Join(btfFolder, module))
	switch moduleOf(function) {
	case module:
		if types == nil {
			require.NoError(t, err)
			return
		}
		err = explainTarget(function, err)
		require.ErrorIs(t, err, ErrNoModuleBTF)
		assert.Equal(t, ErrNoModuleBTF.Error(), briefly(explain(err)))
	case "":
		assert.Equal(t, err, explainTarget(function, err), "there is no such module")
	}
}
