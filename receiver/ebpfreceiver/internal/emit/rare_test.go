// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unique"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	crashbpf "github.com/meerkat-otel/meerkat/bpf/crash"
	oombpf "github.com/meerkat-otel/meerkat/bpf/oom"
	signalbpf "github.com/meerkat-otel/meerkat/bpf/signal"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// emitted is what an emitter makes of an event that no machine of ours brings about.
func emitted(t *testing.T, emit Emitter, decoder decode.Decoder, event any) map[string]any {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.NativeEndian, event))
	decoded, err := decoder.Decode(b.Bytes())
	require.NoError(t, err)
	nobody := unique.Make("")
	who := Who{Process: &process.Process{Executable: nobody, ParentExecutable: nobody}, Workload: &process.Workload{}}
	r := Record{LogRecord: plog.NewLogRecord(), Who: who}
	require.True(t, emit(r, decoded))
	all := r.Attributes().AsRaw()
	all["body"] = r.Body().Str()
	return all
}

func TestSignalName(t *testing.T) {
	for number, want := range map[int]string{
		9: "SIGKILL", 15: "SIGTERM", 32: "signal 32", 33: "signal 33", 34: "SIGRTMIN+0", 64: "SIGRTMIN+30", 0: "signal 0",
	} {
		assert.Equal(t, want, signalName(number))
	}
}

func TestSignal_values(t *testing.T) {
	for result, want := range map[decode.SignalResult]string{
		decode.SignalDelivered: "delivered", decode.SignalWithoutSender: "delivered", decode.SignalNotWanted: "ignored",
		decode.SignalOverflow: "overflow", 99: "99",
	} {
		got := emitted(t, Signal, decode.NewSignal(), signalbpf.SignalSignalEvent{Number: 10, Code: -60, Result: uint8(result)})
		assert.Equal(t, want, got[names.SignalResult])
		assert.Equal(t, "-60", got[names.SignalCode])
		assert.NotContains(t, got, names.SignalTargetPID, "nobody in particular")
	}
	for code, want := range map[int32]string{0: "SI_USER", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -4: "SI_ASYNCIO", -5: "SI_SIGIO", -6: "SI_TKILL", 7: "7"} {
		assert.Equal(t, want, signalCode(code))
	}
}

func TestOOM_constraints(t *testing.T) {
	for constraint, want := range map[decode.OOMConstraint]string{decode.OOMGlobal: "global", decode.OOMUnknown: "unknown"} {
		got := emitted(t, OOM, decode.NewOOM(), oombpf.OOMOomEvent{Constraint: uint32(constraint), AnonymousPages: 512})
		assert.Equal(t, want, got[names.OOMConstraint])
		assert.NotContains(t, got, names.OOMCgroupLimit)
		assert.Contains(t, got["body"], "because the machine ran out of memory")
	}
	got := emitted(t, OOM, decode.NewOOM(), oombpf.OOMOomEvent{Constraint: uint32(decode.OOMMemoryCgroup), FullCgroupId: 77})
	assert.EqualValues(t, 77, got[names.OOMCgroupID])
}

func TestCrash_values(t *testing.T) {
	emit := Crash(NewCrashHistory(10))
	bare := emitted(t, emit, decode.NewCrash(), crashbpf.CrashCrashEvent{Number: 31, Flags: uint16(crashbpf.CrashCrashFlagsCRASH_CORE_DUMPED)})
	assert.Equal(t, map[string]any{
		"body": "an unknown process crashed with SIGSYS", names.CrashSignal: "SIGSYS", names.CrashCoreDumped: true, names.CrashCount: int64(1),
	}, bare)
	for fault, want := range map[decode.CrashFault]string{decode.FaultNonCanonical: "non_canonical", decode.FaultOther: "other", 99: "other"} {
		got := emitted(t, emit, decode.NewCrash(), crashbpf.CrashCrashEvent{
			Number: 11, Code: 9, Fault: uint8(fault), Flags: uint16(crashbpf.CrashCrashFlagsCRASH_HAS_DETAILS | crashbpf.CrashCrashFlagsCRASH_HAS_ADDRESS),
			FaultAddress: 1 << 63,
		})
		assert.Equal(t, want, got[names.CrashFaultClass])
		assert.Equal(t, "0x8000000000000000", got[names.CrashFaultAddress])
		assert.Equal(t, "9", got[names.CrashCode], "a code that is not known")
		assert.NotContains(t, got, names.CrashModuleName)
	}
	for number, codes := range map[int]map[int32]string{
		8: {1: "FPE_INTDIV", 128: "SI_KERNEL"}, 4: {8: "ILL_BADSTK"}, 7: {1: "BUS_ADRALN"}, 5: {1: "TRAP_BRKPT"}, 31: {1: "SYS_SECCOMP"}, 6: {-6: "SI_TKILL"},
	} {
		for code, want := range codes {
			assert.Equal(t, want, crashCode(number, code))
		}
	}
}
