// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"

	crashbpf "github.com/meerkat-otel/meerkat/bpf/crash"
)

func TestDecode_signal(t *testing.T) {
	e := decodeGood(t, "send").(*Signal)
	assert.Equal(t, otherHeader(), *e.Other())
	assert.Equal(t, []int64{-6, 15}, []int64{int64(e.Code), int64(e.Number)})
	assert.Equal(t, SignalAcrossUsers|SignalToInit, SignalCrossing(e.Crossings))
	assert.Equal(t, SignalCaught, SignalHandling(e.Handling))
	assert.Equal(t, SignalNotWanted, SignalResult(e.Result))
}

func TestDecode_oom(t *testing.T) {
	e := decodeGood(t, "kill").(*OOMKill)
	assert.Equal(t, otherHeader(), *e.Other())
	assert.EqualValues(t, 41, e.OtherCgroup())
	assert.Equal(t, []uint64{42, 43, 44, 45, 46, 47, 48, 49}, []uint64{
		e.LimitPages, e.UsagePages, e.AnonymousPages, e.FilePages, e.SharedPages, e.SwapPages, e.PageTableBytes, e.VirtualPages,
	})
	assert.EqualValues(t, -50, e.ScoreAdjustment)
	assert.Equal(t, OOMMemoryCgroup, OOMConstraint(e.Constraint))
}

func TestDecode_crash(t *testing.T) {
	e := decodeGood(t, "crash exit").(*Crash)
	assert.Equal(t, []uint64{41, 42, 43, 44, 1, 11}, []uint64{
		e.FaultAddress, e.Instruction, e.ModuleOffset, e.ModuleInode, uint64(e.Code), uint64(e.Number),
	})
	assert.Equal(t, FaultNull, CrashFault(e.Fault))
	assert.Equal(t, AccessWrite, CrashAccess(e.Access))
	assert.Equal(t, "lib", string(UntilNUL(e.Module[:])))
	for flags, want := range map[crashbpf.CrashCrashFlags][3]bool{
		0: {},
		crashbpf.CrashCrashFlagsCRASH_HAS_DETAILS: {0: true},
		crashbpf.CrashCrashFlagsCRASH_HAS_ADDRESS: {1: true},
		crashbpf.CrashCrashFlagsCRASH_CORE_DUMPED: {2: true},
	} {
		e.Flags = uint16(flags)
		assert.Equal(t, want, [3]bool{e.HasDetails(), e.HasAddress(), e.CoreDumped()}, "%d", flags)
	}
}
