// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

func object(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name + ".bpf.o")
	require.NoError(t, err)
	return content
}

// observing is the manifest of testdata/observe.bpf.c.
func observing() *manifest.Manifest {
	return &manifest.Manifest{
		Name: "observe", Brief: "What is executed.",
		Programs: []manifest.Program{
			{Name: "by_clock", SamplesPerSecond: 49},
			{Name: "by_iterator", Interval: 200 * time.Millisecond},
		},
		Events: []manifest.Event{{
			Map: "events", Struct: "exec_event", Name: "test.exec", ProcessID: "who.pid", CgroupID: "who.cgroup",
			Time: &manifest.Time{Field: "time", Clock: manifest.ClockMonotonic}, Fields: []manifest.Field{{Field: "source"}},
		}},
		Metrics: []manifest.Metric{{
			Map: "tasks", Name: "test.tasks", Type: manifest.TypeGauge, Attributes: []manifest.Field{{Field: "uid"}},
		}},
	}
}

func simple(programs ...manifest.Program) *manifest.Manifest {
	return &manifest.Manifest{
		Name: "simple", Brief: "Simple.", Programs: programs,
		Metrics: []manifest.Metric{{Map: "counts", Name: "test.count", Type: manifest.TypeSum}},
	}
}

// wide are limits that allow every kind.
func wide() Limits {
	l := DefaultLimits()
	l.Attach = Kinds()
	return l
}

func TestInspect_whatAnObjectHas(t *testing.T) {
	b, err := Inspect(object(t, "observe"), observing(), DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, "Dual BSD/GPL", b.Licence())
	assert.Equal(t, []string{
		"by_btf_tracepoint (tp_btf/sched_process_exec)", "by_clock (perf_event)", "by_iterator (iter/task)",
		"by_raw_tracepoint (raw_tp/sched_process_exec)", "by_tracepoint (tracepoint/sched/sched_process_exec)",
	}, b.Programs())
	assert.Equal(t, []string{"events"}, b.rings)
	assert.Greater(t, b.MapBytes(), uint64(64<<10))
	assert.NotNil(t, b.MapSpec("tasks").Key)
	assert.NotNil(t, b.Types())
}

func TestInspect_refusesByManifest(t *testing.T) {
	for _, test := range []struct {
		worsen func(m *manifest.Manifest)
		want   string
	}{
		{func(m *manifest.Manifest) { m.Programs[0].Name = "by_watch" },
			`programs[0].name: the object has no program "by_watch"; it has by_btf_tracepoint, by_clock, by_iterator, by_raw_tracepoint, by_tracepoint`},
		{func(m *manifest.Manifest) { m.Programs[0].SamplesPerSecond = 0 },
			`program "by_clock", section "perf_event": how often it runs is not said: add it to the manifest: programs: [{name: by_clock, samples_per_second: 99}]`},
		{func(m *manifest.Manifest) { m.Programs[1].Interval = 0 },
			`program "by_iterator", section "iter/task": how often it runs is not said: add it to the manifest: programs: [{name: by_iterator, interval: 10s}]`},
		{func(m *manifest.Manifest) { m.Programs[1].Interface = "lo" },
			`program "by_iterator", section "iter/task": programs of the kind iter have no interface: remove it from the manifest`},
		{func(m *manifest.Manifest) { m.Events[0].Map = "counts" },
			`events[0].map: the map "counts" is no ring buffer but a Array: events come from BPF_MAP_TYPE_RINGBUF`},
		{func(m *manifest.Manifest) { m.Events[0].Struct = "exec" },
			`events[0].struct: the type information of the object has no struct "exec": make the compiler keep it by a variable: const struct exec *unused_exec __attribute__((unused))`},
		{func(m *manifest.Manifest) { m.Events[0].ProcessID = "who.tid" },
			`events[0].process_id: there is no field "tid" in whose; it has pid, cgroup`},
		{func(m *manifest.Manifest) { m.Events = nil },
			`ring buffer "events": no event of the manifest reads it, so its records would be lost: name it in events, or remove it`},
		{func(m *manifest.Manifest) { m.Metrics[0].Map = "events" },
			`metrics[0].map: the map "events" is a RingBuf: metrics come of hashes and arrays, also those per processor`},
		{func(m *manifest.Manifest) { m.Metrics[0].Map = "sums" },
			`metrics[0].map: the object has no map "sums"; it has .bss, counts, events, tasks`},
		{func(m *manifest.Manifest) { m.Metrics[0].Attributes[0].Field = "gid" },
			`metrics[0].attributes[0].field: there is no field "gid" in task_key; it has uid`},
		{func(m *manifest.Manifest) { m.Metrics[0].Buckets = &manifest.Buckets{Sum: "total"} },
			`metrics[0].buckets.sum: there is no field "total" in __u64; it has none`},
	} {
		m := observing()
		test.worsen(m)
		_, err := Inspect(object(t, "observe"), m, DefaultLimits())
		require.Error(t, err, test.want)
		assert.Contains(t, strings.Split(strings.TrimPrefix(err.Error(), `inspect tracer "observe": `), "\n"), test.want)
	}
}

func TestInspect_refusesByLimits(t *testing.T) {
	for _, test := range []struct {
		lower func(l *Limits)
		want  string
	}{
		{func(l *Limits) { l.ObjectBytes = 100 }, "bytes, and may have 100: strip its debug information"},
		{func(l *Limits) { l.Programs = 4 }, "the object has 5 programs, and may have 4: divide the tracer, or raise the limit"},
		{func(l *Limits) { l.Maps = 3 }, "the object has 4 maps, and may have 3: divide the tracer, or raise the limit"},
		{func(l *Limits) { l.MapBytes = 64 << 10 }, `and may take 65536; the largest is "events" with`},
		{func(l *Limits) { l.Instructions = 20 }, "instructions, and may have 20: divide the tracer, or raise the limit"},
		{func(l *Limits) { l.Attach = []string{"tracepoint"} },
			`program "by_clock", section "perf_event": the kind perf_event is not allowed by configuration`},
	} {
		l := DefaultLimits()
		test.lower(&l)
		_, err := Inspect(object(t, "observe"), observing(), l)
		require.ErrorContains(t, err, test.want)
	}
}

// What changes the host is refused before the kernel sees it, even if all kinds are allowed.
func TestInspect_refusesWhatChangesTheHost(t *testing.T) {
	for variant, want := range map[string]string{
		"WRITE_USER":      "the helper bpf_probe_write_user changes processes, and custom tracers observe: remove the call",
		"SEND_SIGNAL":     "the helper bpf_send_signal changes processes, and custom tracers observe: remove the call",
		"OVERRIDE_RETURN": "the helper bpf_override_return changes the results of calls, and custom tracers observe: remove the call",
		"KFUNC":           "the kernel's function bpf_key_put is not one of those that only observe: remove the call",
		"FMOD_RET":        `section "fmod_ret/security_bprm_check": it can't be attached: custom tracers have programs of the kinds tracepoint, `,
		"LSM":             `section "lsm/file_open": it can't be attached: custom tracers have programs of the kinds tracepoint, `,
		"WRITE_CONTEXT":   "it stores through its context, which changes the registers of the process, and custom tracers observe",
		"CONFIG":          `the extern variable "CONFIG_HZ" is not known here`,

		"WRITE_CONTEXT_LATER": "it stores through its context",
	} {
		_, err := Inspect(object(t, "hostile-"+variant), simple(manifest.Program{Name: "hostile"}), wide())
		if variant == "WRITE_CONTEXT" || variant == "WRITE_CONTEXT_LATER" {
			_, err = Inspect(object(t, "hostile-"+variant), simple(manifest.Program{Name: "hostile", Binary: "/bin/true"}), wide())
		}
		assert.ErrorContains(t, err, want, variant)
	}
}

func TestInspect_refusesMaps(t *testing.T) {
	for variant, want := range map[string]string{
		"PINNED":   `map "chosen": it is pinned (LIBBPF_PIN_BY_NAME), and maps are not shared between tracers: remove the pinning`,
		"PROGRAMS": `map "chosen": tail calls are not served: call functions (__noinline) instead, and remove the map`,
		"STORAGE":  `map "chosen": the memory of a map of type TaskStorage has no bound: use BPF_MAP_TYPE_LRU_HASH, with the process, socket, inode or cgroup as key`,
		"PERF":     `map "chosen": perf buffers are not read: use a ring buffer (BPF_MAP_TYPE_RINGBUF)`,
		"ODD_RING": `map "chosen": a ring buffer of 5000 bytes can't be: set max_entries to a power of two that is a multiple of the page size`,
		"LARGE":    `the largest is "chosen" with`,
	} {
		m := simple()
		m.Metrics[0].Map = "chosen"
		_, err := Inspect(object(t, "maps-"+variant), m, wide())
		assert.ErrorContains(t, err, want, variant)
	}
}

func TestInspect_riskyKindsAreOff(t *testing.T) {
	m := networkManifest("lo", "")
	_, err := Inspect(object(t, "network"), m, DefaultLimits())
	require.ErrorContains(t, err, `program "at_xdp", section "xdp": the kind xdp is not allowed: its programs decide by what they return whether packets go on; `+
		"allow it by configuration if you trust the object")
	require.ErrorContains(t, err, `program "at_ingress", section "tcx/ingress": the kind tc is not allowed`)
	require.ErrorContains(t, err, `program "at_cgroup", section "cgroup_skb/egress": the kind cgroup_skb is not allowed`)
	require.ErrorContains(t, err, `program "at_connect", section "cgroup/connect4": the kind cgroup_sock_addr is not allowed`)
	require.ErrorContains(t, err, `program "at_create", section "cgroup/sock_create": the kind cgroup_sock is not allowed`)
	_, err = Inspect(object(t, "network"), m, wide())
	require.NoError(t, err)
	m.Programs = nil
	_, err = Inspect(object(t, "network"), m, wide())
	require.ErrorContains(t, err, `program "at_xdp", section "xdp": no network interface is named: add it to the manifest: programs: [{name: at_xdp, interface: eth0}]`)
}

func TestInspect_probes(t *testing.T) {
	name := "probes-" + runtime.GOARCH
	m := probesManifest("")
	_, err := Inspect(object(t, name), m, DefaultLimits())
	require.ErrorContains(t, err, `program "at_function", section "uprobe/called": no binary is named by an absolute path: `+
		"add it to the manifest: programs: [{name: at_function, binary: /usr/bin/...}]")
	b, err := Inspect(object(t, name), probesManifest("/bin/true"), DefaultLimits())
	require.NoError(t, err)
	for _, p := range b.programs {
		if p.Name == "at_probe" {
			assert.Equal(t, "meerkat:reached", p.target)
			assert.Equal(t, "/bin/true", p.Binary)
		}
	}
}

func networkManifest(device, cgroup string) *manifest.Manifest {
	m := simple(
		manifest.Program{Name: "at_xdp", Interface: device}, manifest.Program{Name: "at_ingress", Interface: device},
		manifest.Program{Name: "at_egress", Interface: device}, manifest.Program{Name: "at_cgroup", Cgroup: cgroup},
		manifest.Program{Name: "at_connect", Cgroup: cgroup}, manifest.Program{Name: "at_create", Cgroup: cgroup},
	)
	m.Metrics[0].Map = "packets"
	return m
}

func probesManifest(binary string) *manifest.Manifest {
	m := simple(
		manifest.Program{Name: "at_function", Binary: binary}, manifest.Program{Name: "at_return", Binary: binary},
		manifest.Program{Name: "at_probe", Binary: binary}, manifest.Program{Name: "at_kprobe", Optional: true},
		manifest.Program{Name: "at_fentry", Optional: true},
	)
	m.Metrics[0].Map = "runs"
	return m
}

func TestInspect_notAnObject(t *testing.T) {
	for _, content := range [][]byte{nil, []byte("\x7fELF"), make([]byte, 4096), object(t, "observe")[:200]} {
		_, err := Inspect(content, simple(), DefaultLimits())
		assert.Error(t, err)
	}
	own, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	_, err = Inspect(own[:1<<20], simple(), DefaultLimits())
	require.ErrorContains(t, err, "it is no compiled eBPF object for this machine")
}

func TestInspect_compiledWithoutTypes(t *testing.T) {
	_, err := Inspect(bytes.ReplaceAll(object(t, "observe"), []byte(".BTF\x00"), []byte(".XTF\x00")), simple(), DefaultLimits())
	require.EqualError(t, err, `inspect tracer "`+simple().Name+`": the object has no type information (BTF): compile it with -g`)
}
