// SPDX-License-Identifier: Apache-2.0

//go:build linux

package tracer

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
)

func TestMain(m *testing.M) {
	// Kernels before 5.11 count maps against it; others may refuse to raise it, and need not.
	_ = rlimit.RemoveMemlock()
	goleak.VerifyTestMain(m)
}

func load(t *testing.T, spec Spec, settings Settings) *Tracer {
	t.Helper()
	if settings.Dispatcher == nil {
		settings.Dispatcher = &Dispatcher{}
		t.Cleanup(func() { require.NoError(t, settings.Dispatcher.Close()) })
	}
	tr, err := Load(spec, settings, zaptest.NewLogger(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.Close()) })
	return tr
}

// altered is the process tracer with a target that does not exist for one of its programs.
func altered(program string, hooks ...Hook) Spec {
	spec := Process()
	spec.Snapshot = ""
	spec.Hooks = hooks
	spec.Load = func() (*ebpf.CollectionSpec, error) {
		object, err := processbpf.LoadProcess()
		if err == nil {
			object.Programs[program].AttachTo = "no_such_tracepoint"
		}
		return object, err
	}
	return spec
}

func TestSpec_namesWhatTheObjectHas(t *testing.T) {
	for _, spec := range Specs() {
		t.Run(spec.Name, func(t *testing.T) {
			object, err := spec.Load()
			require.NoError(t, err)
			used := map[string]bool{spec.Snapshot: true}
			for _, hook := range spec.Hooks {
				require.NotEmpty(t, hook.Programs, hook.Name)
				for _, program := range hook.Programs {
					require.Contains(t, object.Programs, program)
					used[program] = true
				}
			}
			for program := range object.Programs {
				assert.True(t, used[program], "program %q of the object serves no hook", program)
			}
			assert.Contains(t, object.Maps, mapEvents)
			assert.Contains(t, object.Maps, mapCounters)
			assert.LessOrEqual(t, len(spec.Kinds), int(object.Maps[mapCounters].MaxEntries))
			assert.NotEmpty(t, spec.Brief)
			assert.NotEmpty(t, spec.Privileges)
		})
	}
}

func TestTracer_runsAndStops(t *testing.T) {
	for _, spec := range Specs() {
		t.Run(spec.Name, func(t *testing.T) {
			tr := load(t, spec, Settings{RingBytes: 128 << 10})
			assert.Equal(t, State{Status: StatusStopped}, tr.State())
			require.NoError(t, tr.Attach(btf.NewCache()))
			state := tr.State()
			assert.Equal(t, StatusRunning, state.Status)
			assert.Empty(t, state.Reason)
			require.Len(t, state.Hooks, len(spec.Hooks))
			attached := 0
			for i, h := range state.Hooks {
				assert.Equal(t, spec.Hooks[i].Name, h.Name)
				if spec.Hooks[i].Optional && h.Program == "" {
					assert.NotEmpty(t, h.Reason)
					continue
				}
				attached++
				assert.Contains(t, spec.Hooks[i].Programs, h.Program)
				t.Logf("%s is served by %s", h.Name, h.Program)
			}
			assert.EqualValues(t, 128<<10, tr.Ring().MaxEntries())
			assert.GreaterOrEqual(t, tr.MapBytes(), uint64(128<<10))
			assert.Len(t, tr.ProgramStats(), attached)
			require.NoError(t, tr.Detach())
			assert.Equal(t, StatusStopped, tr.State().Status)
			_, err := tr.Counters()
			require.NoError(t, err, "what was counted stays readable")
			require.NoError(t, tr.Close())
			require.NoError(t, tr.Close())
			assert.Zero(t, tr.MapBytes())
		})
	}
}

func TestTracer_fallsBack(t *testing.T) {
	first := processbpf.ProcessProgProcessExec
	tr := load(t, altered(first, hook("exec", first, processbpf.ProcessProgProcessExecRaw)), Settings{})
	require.NoError(t, tr.Attach(btf.NewCache()))
	state := tr.State()
	assert.Equal(t, StatusRunning, state.Status)
	assert.Equal(t, processbpf.ProcessProgProcessExecRaw, state.Hooks[0].Program)
	assert.Contains(t, state.Hooks[0].Reason, `program "process_exec": `, "why the better one is not used")
}

// lastChoice is the worst program of a hook. Where functions of the kernel can't be probed at all, those
// that do so are left out, and so are those for kernels that have other tracepoints.
func lastChoice(t *testing.T, kernel *btf.Spec, spec Spec, h Hook) string {
	t.Helper()
	object, err := spec.Load()
	require.NoError(t, err)
	_, err = os.Stat("/sys/kernel/tracing/kprobe_events")
	programs := slices.DeleteFunc(slices.Clone(h.Programs), func(name string) bool {
		p := object.Programs[name]
		if p.Type == ebpf.Tracing || p.Type == ebpf.RawTracepoint {
			if _, missing := kernel.AnyTypeByName("btf_trace_" + p.AttachTo); missing != nil && p.AttachType != ebpf.AttachTraceFExit {
				return true
			}
		}
		return err != nil && (p.Type == ebpf.Kprobe || p.AttachType == ebpf.AttachTraceFExit)
	})
	if h.Optional && len(programs) == 0 {
		return ""
	}
	require.NotEmpty(t, programs, h.Name)
	return programs[len(programs)-1]
}

// Each hook's last choice works too: it is there for kernels that refuse the better ones.
func TestTracer_lastChoices(t *testing.T) {
	kernel, err := btf.LoadKernelSpec()
	require.NoError(t, err)
	for _, spec := range Specs() {
		t.Run(spec.Name, func(t *testing.T) {
			var hooks []Hook
			for _, h := range spec.Hooks {
				if last := lastChoice(t, kernel, spec, h); last != "" {
					h.Programs = []string{last}
					hooks = append(hooks, h)
				}
			}
			spec.Hooks = hooks
			tr := load(t, spec, Settings{})
			require.NoError(t, tr.Attach(btf.NewCache()))
			state := tr.State()
			assert.Equal(t, StatusRunning, state.Status, state.Reason)
			if spec.Snapshot != "" {
				output, err := tr.Snapshot(btf.NewCache())
				require.NoError(t, err)
				require.NoError(t, output.Close())
			}
		})
	}
}

func TestTracer_hookThatDoesNotExist(t *testing.T) {
	missing := processbpf.ProcessProgProcessExecRaw
	tr := load(t, altered(missing,
		hook("exec", missing), hook("fork", processbpf.ProcessProgProcessForkRaw)), Settings{})
	require.NoError(t, tr.Attach(btf.NewCache()), "the other hook works")
	state := tr.State()
	assert.Equal(t, StatusDegraded, state.Status)
	assert.True(t, strings.HasPrefix(state.Reason, `missing exec: program "process_exec_raw": attach to "no_such_tracepoint": `), state.Reason)
	assert.Empty(t, state.Hooks[0].Program)
	assert.NotEmpty(t, state.Hooks[1].Program)
}

func TestTracer_noHookAtAll(t *testing.T) {
	missing := processbpf.ProcessProgProcessExecRaw
	tr := load(t, altered(missing, hook("exec", missing)), Settings{})
	err := tr.Attach(btf.NewCache())
	require.ErrorContains(t, err, `tracer "process": no hook could be attached: program "process_exec_raw": `)
	assert.Equal(t, StatusFailed, tr.State().Status)
}

func TestLoad_refusesUnknownMap(t *testing.T) {
	_, err := Load(Process(), Settings{Dispatcher: &Dispatcher{}, MapEntries: map[string]uint32{"absent": 1}}, zap.NewNop())
	require.EqualError(t, err, `configure tracer "process": there is no map "absent"`)
}

func TestLoad_refusesConstantOfAnotherType(t *testing.T) {
	constants := map[string]any{processbpf.ProcessVarArgumentsBytesMax: "far too long"}
	_, err := Load(Process(), Settings{Dispatcher: &Dispatcher{}, Constants: constants}, zap.NewNop())
	require.ErrorContains(t, err, `configure tracer "process": set "arguments_bytes_max": `)
}

func TestTracer_snapshotListsThisProcess(t *testing.T) {
	tr := load(t, Process(), Settings{})
	output, err := tr.Snapshot(btf.NewCache())
	require.NoError(t, err)
	defer output.Close()
	var first [4]byte
	_, err = output.Read(first[:])
	require.NoError(t, err)
	assert.NotZero(t, first)
}

func TestExplain_saysWhatToDo(t *testing.T) {
	assert.NoError(t, explain(nil))
	assert.NoError(t, explainTracepoint(nil))
	require.ErrorIs(t, explain(os.ErrPermission), os.ErrPermission)
	for _, err := range []error{ErrNoBTF, ErrNoModuleBTF, ErrNoPermission, ErrNoTracefs, ErrTracefsNotReadable, ErrPerfEventParanoid, ErrLockdown} {
		assert.Contains(t, err.Error(), ": ", "what is wrong, then what to do")
	}
}

// A hook that need not be there makes nobody worry when it isn't.
func TestTracer_optionalHook(t *testing.T) {
	missing := processbpf.ProcessProgProcessExecRaw
	fork := hook("fork", processbpf.ProcessProgProcessForkRaw)
	tr := load(t, altered(missing, optional(hook("exec", missing)), fork), Settings{})
	require.NoError(t, tr.Attach(btf.NewCache()))
	state := tr.State()
	assert.Equal(t, StatusRunning, state.Status)
	assert.Empty(t, state.Reason)
	assert.Contains(t, state.Hooks[0].Reason, "no_such_tracepoint")
	assert.Len(t, tr.ProgramStats(), 1)
}

// System calls that the settings leave out don't reach the handler.
func TestTracer_withoutSyscalls(t *testing.T) {
	d := &Dispatcher{}
	tr, err := Load(Injection(), Settings{Dispatcher: d, WithoutSyscalls: InjectionMemoryCalls()}, zap.NewNop())
	require.NoError(t, err)
	require.NoError(t, tr.Attach(btf.NewCache()))
	chain := func(name string) [4]uint8 {
		native, _, found, _ := syscallNumbers(name)
		require.True(t, found, name)
		return d.chains[native].Native
	}
	assert.Zero(t, chain("mprotect"))
	assert.NotZero(t, chain("ptrace"))
	require.NoError(t, tr.Close())
	require.NoError(t, d.Close())
}
