// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/require"
)

// feeder writes records to a ring buffer from inside the kernel, as tracers do. A record starts with
// its number, from 1, and its length; the rest is the number's lowest byte.
type feeder struct {
	t     testing.TB
	ring  *ebpf.Map
	state *ebpf.Map
	// programs write one record each, by its size.
	programs map[int]*ebpf.Program
}

const (
	// recordHeadBytes are the number and the length.
	recordHeadBytes = 16
	feedBytesMax    = 192 << 10
	// noWakeup and forceWakeup are BPF_RB_NO_WAKEUP and BPF_RB_FORCE_WAKEUP.
	noWakeup    = 1
	forceWakeup = 2
)

func newFeeder(t testing.TB, ringBytes uint32) *feeder {
	t.Helper()
	ring, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: ringBytes})
	require.NoError(t, err, "these tests need the privileges to use BPF")
	t.Cleanup(func() { _ = ring.Close() })
	state, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: feedBytesMax, MaxEntries: 1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = state.Close() })
	return &feeder{t: t, ring: ring, state: state, programs: map[int]*ebpf.Program{}}
}

// feed writes number records of a size.
func (f *feeder) feed(size, number int) {
	f.t.Helper()
	program, ok := f.programs[size]
	if !ok {
		program = f.newProgram(size, noWakeup)
		f.programs[size] = program
	}
	f.run(program, number)
}

// run runs a program a number of times. The kernel could do that itself, but starts again when a signal
// comes in between.
func (f *feeder) run(program *ebpf.Program, number int) {
	f.t.Helper()
	for range number {
		result, err := program.Run(&ebpf.RunOptions{Data: make([]byte, 64)})
		require.NoError(f.t, err)
		require.Zero(f.t, result, "the ring buffer is full")
	}
}

// fed is how many records were written.
func (f *feeder) fed() int {
	f.t.Helper()
	state := make([]byte, feedBytesMax)
	require.NoError(f.t, f.state.Lookup(uint32(0), &state))
	number, _ := numberOf(state)
	return number
}

// newProgram makes a program that increments the number in the state and writes the start of the state
// to the ring.
func (f *feeder) newProgram(size int, flags int32) *ebpf.Program {
	f.t.Helper()
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.SocketFilter, License: "Dual BSD/GPL",
		Instructions: asm.Instructions{
			asm.StoreImm(asm.RFP, -4, 0, asm.Word),
			asm.LoadMapPtr(asm.R1, f.state.FD()),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -4),
			asm.FnMapLookupElem.Call(),
			asm.JEq.Imm(asm.R0, 0, "missing"),
			asm.LoadMem(asm.R1, asm.R0, 0, asm.DWord),
			asm.Add.Imm(asm.R1, 1),
			asm.StoreMem(asm.R0, 0, asm.R1, asm.DWord),
			asm.Mov.Imm(asm.R1, int32(size)),
			asm.StoreMem(asm.R0, 8, asm.R1, asm.DWord),
			asm.Mov.Reg(asm.R2, asm.R0),
			asm.LoadMapPtr(asm.R1, f.ring.FD()),
			asm.Mov.Imm(asm.R3, int32(size)),
			asm.Mov.Imm(asm.R4, flags),
			asm.FnRingbufOutput.Call(),
			asm.Return(),
			asm.Mov.Imm(asm.R0, 1).WithSymbol("missing"),
			asm.Return(),
		},
	})
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = program.Close() })
	return program
}

// fill sets what follows the head of all further records.
func (f *feeder) fill(b byte) {
	f.t.Helper()
	state := make([]byte, feedBytesMax)
	require.NoError(f.t, f.state.Lookup(uint32(0), &state))
	for i := recordHeadBytes; i < len(state); i++ {
		state[i] = b
	}
	require.NoError(f.t, f.state.Put(uint32(0), state))
}

// numberOf returns the number of a record and the length that it had when it was written.
func numberOf(record []byte) (number, length int) {
	return int(binary.NativeEndian.Uint64(record)), int(binary.NativeEndian.Uint64(record[8:]))
}
