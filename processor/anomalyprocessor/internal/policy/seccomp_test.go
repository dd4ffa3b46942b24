// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

func seccompOf(t *testing.T, f *Facts) *document {
	t.Helper()
	data, err := Seccomp(f, false)
	require.NoError(t, err)
	d := new(document)
	require.NoError(t, json.Unmarshal(data, d))
	again, err := Seccomp(f, false)
	require.NoError(t, err)
	require.Equal(t, string(data), string(again), "the same facts always give the same document")
	return d
}

// allows tells whether a call is allowed whatever its arguments.
func (d *document) allows(call string) bool {
	return slices.ContainsFunc(d.Syscalls, func(r rule) bool {
		return r.Action == actionAllow && len(r.Args) == 0 && slices.Contains(r.Names, call)
	})
}

// allowsSocket tells whether socket() is allowed with these arguments.
func (d *document) allowsSocket(family, kind uint64) bool {
	arguments := []uint64{family, kind}
	return slices.ContainsFunc(d.Syscalls, func(r rule) bool {
		return slices.Contains(r.Names, "socket") && !slices.ContainsFunc(r.Args, func(a argument) bool {
			switch a.Op {
			case opEqual:
				return arguments[a.Index] != a.Value
			case opNotEqual:
				return arguments[a.Index] == a.Value
			}
			return arguments[a.Index]&a.Value != a.ValueTwo
		})
	})
}

// Groups are taken away if a tracer watches and sees no use, and only then.
func TestSeccomp_groups(t *testing.T) {
	unused := seccompOf(t, known())
	for _, call := range []string{"execve", "openat", "read", "futex", "clock_gettime", "setuid", "capset"} {
		assert.True(t, unused.allows(call), call)
	}
	for _, g := range groups() {
		for _, call := range g.calls {
			assert.False(t, unused.allows(call), call)
		}
	}
	for use, call := range map[string]string{
		"ptrace_attach": "ptrace", "memory_write": "process_vm_writev", "memfd_create": "memfd_create", "bpf_load": "bpf",
		"io_uring_openat": "io_uring_enter", "umount": "umount2", "bind": "mount", "chroot": "chroot", "unshare": "unshare", "setns": "setns",
		"pivot_root": "pivot_root", "module_unload": "delete_module", "clone": "clone3", "perf_open": "perf_event_open",
	} {
		assert.False(t, unused.allows(call), call)
		assert.True(t, seccompOf(t, known(operation(use))).allows(call), call)
	}
	blind := known(capability("CAP_SYS_CHROOT"))
	blind.Tracers = 0
	d := seccompOf(t, blind)
	for call, want := range map[string]bool{
		"ptrace": true, "memfd_create": true, "chroot": true, "socketcall": true, "mount": false, "bpf": false, "io_uring_setup": false,
	} {
		assert.Equal(t, want, d.allows(call), "%s, as runtimes have it", call)
	}
	assert.Contains(t, strings.Join(d.Comment, " "), "Tracers that watched: none.")
	assert.Contains(t, strings.Join(unused.Comment, " "), "bpf, chroot, clone with namespaces, delete_module,")
}

func TestSeccomp_withCapabilities(t *testing.T) {
	assert.False(t, seccompOf(t, known()).allows("settimeofday"))
	assert.True(t, seccompOf(t, known(capability("CAP_SYS_TIME"))).allows("settimeofday"))
	admin := known(capability("CAP_SYS_ADMIN"))
	assert.True(t, seccompOf(t, admin).allows("sethostname"))
	assert.False(t, seccompOf(t, admin).allows("mount"), "that it may is not that it does")
	admin.Tracers = habit.TracerOf("injection")
	assert.True(t, seccompOf(t, admin).allows("mount"), "nobody watched")
	assert.True(t, seccompOf(t, admin).allows("clone3"))
}

func TestSeccomp_sockets(t *testing.T) {
	const raw, nonBlocking, packet, vsock = 3, 0x800, 17, 40
	unused := seccompOf(t, known())
	for _, allowed := range [][2]uint64{{familyIPv4, typeStream}, {familyIPv6, typeDatagram | nonBlocking}, {familyUnix, typeStream}, {familyNetlink, raw}} {
		assert.True(t, unused.allowsSocket(allowed[0], allowed[1]), allowed)
	}
	for _, refused := range [][2]uint64{{familyIPv4, raw}, {familyIPv6, raw | nonBlocking}, {packet, raw}, {packet, typeDatagram}, {vsock, typeStream}} {
		assert.False(t, unused.allowsSocket(refused[0], refused[1]), refused)
	}
	assert.False(t, unused.allows("socketcall"))
	used := seccompOf(t, known(habit.Habit{Kind: habit.Socket, Name: "packet", Value: "raw"}, habit.Habit{Kind: habit.Socket, Name: "inet", Value: "raw"}))
	assert.True(t, used.allowsSocket(packet, raw))
	assert.True(t, used.allowsSocket(familyIPv4, raw))
	assert.False(t, used.allowsSocket(familyIPv6, raw))
	blind := known()
	blind.Tracers = 0
	assert.True(t, seccompOf(t, blind).allowsSocket(familyIPv4, raw))
	assert.False(t, seccompOf(t, blind).allowsSocket(vsock, typeStream))
}

// The lists have no call twice, and no group's among the usual ones, which would be allowed whatever was seen.
func TestCalls(t *testing.T) {
	calls := usualCalls()
	assert.True(t, slices.IsSorted(calls))
	assert.Equal(t, slices.Compact(slices.Clone(calls)), calls)
	assert.Greater(t, len(calls), 300)
	for _, more := range withCapability() {
		for _, call := range more {
			assert.NotContains(t, calls, call)
		}
	}
	for _, g := range groups() {
		for _, call := range g.calls {
			assert.NotContains(t, calls, call)
		}
	}
	for _, special := range []string{"clone", "clone3", "socket", "socketcall", "personality"} {
		assert.NotContains(t, calls, special)
	}
}
