// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/elastic/go-seccomp-bpf/arch"
)

// A name that no architecture knows would never be served.
func TestSyscallNumbers_everyNameExists(t *testing.T) {
	for _, spec := range Specs() {
		for _, h := range spec.Hooks {
			for _, name := range h.Syscalls {
				known := false
				for _, a := range []*arch.Info{arch.X86_64, arch.AARCH64, arch.I386, arch.ARM} {
					number, ok := a.SyscallNames[name]
					known = known || ok
					assert.Less(t, number, syscallsMax, name)
				}
				assert.True(t, known, "%s: no architecture has a system call %q", spec.Name, name)
			}
		}
	}
}

func TestSyscallNumbers_ofOtherArchitectures(t *testing.T) {
	native, compat := syscallTables("riscv64")
	assert.Nil(t, native)
	assert.Nil(t, compat)
	_, _, hasNative, hasCompat := syscallNumbers("no_such_call")
	assert.False(t, hasNative || hasCompat)
}

// handlerOf is a handler whose program is that of the tracer "file": what it does is of no interest here.
func handlerOf(t *testing.T, d *Dispatcher, number uint32, syscalls ...string) (*handler, error) {
	t.Helper()
	file := load(t, File(), Settings{Dispatcher: d})
	name := file.spec.Hooks[0].Programs[0]
	require.NoError(t, file.loadPrograms(btf.NewCache(), name))
	return d.add(btf.NewCache(), file.programs[name], number, syscalls)
}

func newDispatcher(t *testing.T) *Dispatcher {
	t.Helper()
	d := &Dispatcher{}
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func chainOf(t *testing.T, d *Dispatcher, name string) [4]uint8 {
	t.Helper()
	native, _, hasNative, _ := syscallNumbers(name)
	require.True(t, hasNative)
	var inKernel struct{ Native, Compat [4]uint8 }
	require.NoError(t, d.maps[mapSyscallChains].Lookup(native, &inKernel))
	assert.Equal(t, d.chains[native].Native, inKernel.Native)
	return inKernel.Native
}

func TestDispatcher_chains(t *testing.T) {
	d := newDispatcher(t)
	last, err := handlerOf(t, d, 20, "openat", "unlinkat")
	require.NoError(t, err)
	second, err := handlerOf(t, d, 7, "openat")
	require.NoError(t, err)
	first, err := handlerOf(t, d, 3, "openat", "connect")
	require.NoError(t, err)
	assert.Equal(t, [4]uint8{3, 7, 20}, chainOf(t, d, "openat"), "ascending")
	assert.Equal(t, [4]uint8{20}, chainOf(t, d, "unlinkat"))

	_, err = handlerOf(t, d, 21, "connect", "openat")
	require.ErrorContains(t, err, "system call openat has as many handlers as it can have", "two that don't pass on")
	assert.Equal(t, [4]uint8{3}, chainOf(t, d, "connect"), "nothing of a handler that was refused is left")

	require.NoError(t, second.Close())
	assert.Equal(t, [4]uint8{3, 20}, chainOf(t, d, "openat"))
	require.NoError(t, first.Close())
	assert.NotNil(t, d.link)
	require.NoError(t, last.Close())
	assert.Nil(t, d.link, "nothing runs when nobody wants anything")
	assert.Equal(t, [4]uint8{}, chainOf(t, d, "openat"))
}

func TestDispatcher_numbers(t *testing.T) {
	d := newDispatcher(t)
	passing, err := d.reserve(true)
	require.NoError(t, err)
	keeping, err := d.reserve(false)
	require.NoError(t, err)
	assert.Less(t, passing, keeping)
	for range syscallHandlersMax/2 - 1 {
		_, err = d.reserve(false)
		require.NoError(t, err)
	}
	_, err = d.reserve(false)
	require.ErrorContains(t, err, "more than 32 handlers")
	d.release(keeping)
	again, err := d.reserve(false)
	require.NoError(t, err)
	assert.Equal(t, keeping, again)
}

func TestDispatcher_closed(t *testing.T) {
	d := &Dispatcher{}
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	_, err := Load(File(), Settings{Dispatcher: d}, zap.NewNop())
	require.ErrorIs(t, err, errDispatcherClosed)
	_, err = Load(File(), Settings{}, zap.NewNop())
	require.ErrorContains(t, err, "takes a dispatcher")
}
