// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"errors"
	"io"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The kernel says what a map takes; what is calculated before may be more, by a bound.
func TestMapBytes_notBelowTheKernels(t *testing.T) {
	processors, err := Limits{}.processors()
	require.NoError(t, err)
	for _, m := range []ebpf.MapSpec{
		{Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 10_000},
		{Type: ebpf.Hash, KeySize: 5, ValueSize: 3, MaxEntries: 1, Flags: unix.BPF_F_NO_PREALLOC},
		{Type: ebpf.PerCPUHash, KeySize: 40, ValueSize: 100, MaxEntries: 3000},
		{Type: ebpf.LRUHash, KeySize: 16, ValueSize: 16, MaxEntries: 8192},
		{Type: ebpf.LRUCPUHash, KeySize: 16, ValueSize: 16, MaxEntries: 1000},
		{Type: ebpf.Array, KeySize: 4, ValueSize: 9, MaxEntries: 10_000},
		{Type: ebpf.Array, KeySize: 4, ValueSize: 5000, MaxEntries: 1, Flags: unix.BPF_F_MMAPABLE},
		{Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 256, MaxEntries: 100},
		{Type: ebpf.RingBuf, MaxEntries: 1 << 18},
		{Type: ebpf.Queue, ValueSize: 24, MaxEntries: 1000},
		{Type: ebpf.StackTrace, KeySize: 4, ValueSize: 127 * 8, MaxEntries: 1000},
		{Type: ebpf.BloomFilter, ValueSize: 8, MaxEntries: 10_000},
		{Type: ebpf.LPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 100, Flags: unix.BPF_F_NO_PREALLOC},
	} {
		live, err := ebpf.NewMap(&m)
		if errors.Is(err, ebpf.ErrNotSupported) || m.Type == ebpf.BloomFilter && err != nil {
			t.Logf("this kernel has no maps of type %s: %v", m.Type, err)
			continue
		}
		require.NoError(t, err, m.Type)
		info, err := live.Info()
		require.NoError(t, err)
		kernel, _ := info.Memlock()
		require.NoError(t, live.Close())
		calculated := mapBytes(&m, processors)
		assert.GreaterOrEqual(t, calculated, kernel, "%s", m.Type)
		if kernel > 0 && m.Type != ebpf.LPMTrie {
			assert.LessOrEqual(t, calculated, 3*kernel+16<<10, "%s", m.Type)
		}
	}
}

// Sizes come from objects of others, so none is too large to be told from one that is allowed.
func TestMapBytes_neverOverflow(t *testing.T) {
	for _, kind := range []ebpf.MapType{ebpf.Hash, ebpf.PerCPUHash, ebpf.Array, ebpf.PerCPUArray, ebpf.LPMTrie, ebpf.StackTrace, ebpf.BloomFilter, ebpf.Queue} {
		m := ebpf.MapSpec{Type: kind, KeySize: entryBytesMax, ValueSize: entryBytesMax, MaxEntries: 1<<32 - 1}
		assert.Greater(t, mapBytes(&m, 8192), uint64(defaultMapBytesMax), kind)
		assert.LessOrEqual(t, mapBytes(&m, 8192), uint64(mapBytesHighest+1<<20), kind)
	}
}

// endless is the output of an iterator, with a pause of the kernel in it.
type endless struct{ paused bool }

func (e *endless) Read(into []byte) (int, error) {
	if !e.paused {
		e.paused = true
		return 0, unix.EAGAIN
	}
	return len(into), nil
}

func TestIterator_outputIsBounded(t *testing.T) {
	it := &iterator{stop: make(chan struct{})}
	read, err := it.discard(&endless{})
	require.NoError(t, err)
	assert.Equal(t, int64(iteratorOutputBytesMax), read)
	read, err = it.discard(io.MultiReader())
	require.NoError(t, err)
	assert.Zero(t, read)
	close(it.stop)
	_, err = it.discard(readerFunc(func([]byte) (int, error) { return 0, unix.EAGAIN }))
	assert.ErrorIs(t, err, unix.EAGAIN)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(into []byte) (int, error) { return f(into) }

func TestProcessors_list(t *testing.T) {
	got, err := parseProcessors("0-2,5")
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 5}, got)
	for _, bad := range []string{"", "x", "3-1", "-1", "0-99999999", "1-"} {
		_, err := parseProcessors(bad)
		assert.Error(t, err, bad)
	}
}

func TestLimits_kinds(t *testing.T) {
	require.NoError(t, wide().Validate())
	assert.ErrorContains(t, Limits{Attach: []string{"lsm"}}.Validate(), `"lsm" is no kind of program that can be attached; there are tracepoint, `)
	assert.NotContains(t, DefaultLimits().Attach, "xdp")
	assert.Contains(t, DefaultLimits().Attach, "usdt")
}
