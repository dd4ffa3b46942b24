// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"golang.org/x/sys/unix"

	injectionbpf "github.com/meerkat-otel/meerkat/bpf/injection"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func injectionEventOf(kind uint16, operation decode.InjectionOperation, change func(*decode.Injection)) *decode.Injection {
	e := &decode.Injection{InjectionInjectionEvent: &injectionbpf.InjectionInjectionEvent{Operation: uint16(operation)}}
	e.Header.Kind = kind
	if change != nil {
		change(e)
	}
	return e
}

func TestInjection_details(t *testing.T) {
	const rooted = uint16(injectionbpf.InjectionInjectionFlagsINJECTION_PATH_ROOTED)
	const argument = uint16(injectionbpf.InjectionInjectionFlagsINJECTION_PATH_IS_ARGUMENT)
	for name, c := range map[string]struct {
		event *decode.Injection
		body  string
		want  map[string]any
	}{
		"a target that is gone": {
			injectionEventOf(decode.KindInjectionProcessAccess, decode.InjectionPtraceAttach, func(e *decode.Injection) {
				e.GivenPid, e.Error = 7, int32(unix.ESRCH)
			}),
			"sh could not attach by ptrace to process 7: ESRCH",
			map[string]any{names.InjectionOperation: "ptrace_attach", names.InjectionTargetGivenPID: int64(7), names.ErrorType: "ESRCH"},
		},
		"flags without a name": {
			injectionEventOf(decode.KindInjectionMemoryFile, decode.InjectionMemfdCreate, func(e *decode.Injection) {
				e.Name, e.GivenFlags = []byte("memfd:a\xff"), 1<<4|1<<31
			}),
			"sh made the memfd a\uFFFD",
			map[string]any{
				names.InjectionOperation: "memfd_create", names.InjectionName: "a\uFFFD", names.InjectionFlags: []any{"MFD_EXEC", "0x80000000"},
			},
		},
		"an opcode that nobody knows": {
			injectionEventOf(decode.KindInjectionIOUring, decode.InjectionIOUringSubmit, func(e *decode.Injection) { e.Number = 63 }),
			"sh submitted through io_uring: 63",
			map[string]any{names.InjectionOperation: "io_uring_63"},
		},
		"directories up to the root": {
			injectionEventOf(decode.KindInjectionLoaderChange, decode.InjectionOpen, func(e *decode.Injection) {
				e.Path, e.Directories, e.Flags, e.Inode = []byte("ld.so.preload"), [3][]byte{[]byte("etc")}, rooted, 5
			}),
			"sh opened for write: /etc/ld.so.preload",
			map[string]any{
				names.InjectionOperation: "open", names.FilePath: "/etc/ld.so.preload", names.FileName: "ld.so.preload", names.FileInode: int64(5),
			},
		},
		"a relative argument, far below the root": {
			injectionEventOf(decode.KindInjectionLoaderChange, decode.InjectionRename, func(e *decode.Injection) {
				e.Path, e.Directories = []byte("../x"), [3][]byte{[]byte("c"), []byte("b"), []byte("a")}
				e.Flags = argument
			}),
			"sh renamed a file to a/b/c/../x",
			map[string]any{
				names.InjectionOperation: "rename", names.FilePath: "a/b/c/../x", names.FileName: "x",
				names.FilePathSource: "argument", names.FilePathStatus: "truncated",
			},
		},
		"a deleted file that has the name of a memfd": {
			injectionEventOf(decode.KindInjectionFilelessExec, decode.InjectionExecute, func(e *decode.Injection) {
				e.Path, e.Directories, e.Flags = []byte("memfd:x"), [3][]byte{[]byte("tmp")}, rooted
			}),
			"sh executed the deleted file /tmp/memfd:x",
			map[string]any{
				names.InjectionOperation: "execute", names.InjectionFile: "deleted", names.FilePath: "/tmp/memfd:x", names.FileName: "memfd:x",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			body, attributes := emitAlone(t, c.event, Injection)
			assert.Equal(t, c.body, body)
			assert.Equal(t, c.want, attributes)
		})
	}
}

func TestInjection_repeats(t *testing.T) {
	body, attributes := emitAlone(t, &decode.InjectionRepeat{
		Kind: decode.KindInjectionProcessAccess, Operation: decode.InjectionMemoryWrite, Object: 9, Error: int32(unix.EPERM), Count: 3,
	}, Injection)
	assert.Equal(t, "sh could not write into the memory of process 9: EPERM, 3 times more", body)
	assert.Equal(t, map[string]any{
		names.InjectionOperation: "memory_write", names.InjectionTargetPID: int64(9), names.RepeatCount: int64(3), names.ErrorType: "EPERM",
	}, attributes)
	// What was not found has no number that means anything here.
	_, attributes = emitAlone(t, &decode.InjectionRepeat{
		Kind: decode.KindInjectionProcessAccess, Operation: decode.InjectionMemoryWrite, Object: 1<<32 | 9, Count: 1,
	}, Injection)
	assert.NotContains(t, attributes, names.InjectionTargetPID)
	_, attributes = emitAlone(t, &decode.InjectionRepeat{
		Kind: decode.KindInjectionIOUring, Operation: decode.InjectionIOUringSubmit, Object: 18, Count: 1,
	}, Injection)
	assert.Equal(t, "io_uring_openat", attributes[names.InjectionOperation])
}

func TestInjection_nothingToReport(t *testing.T) {
	for name, e := range map[string]decode.Event{
		"kind":             injectionEventOf(decode.KindInjectionRepeat, decode.InjectionOpen, nil),
		"operation":        injectionEventOf(decode.KindInjectionKernelCode, 999, nil),
		"another tracer's": forkEvent(),
		"repeated kind":    &decode.InjectionRepeat{Kind: decode.KindInjectionRepeat, Operation: decode.InjectionOpen},
	} {
		r := Record{LogRecord: plog.NewLogRecord(), Who: someone("/bin/sh"), Clock: testClock()}
		require.False(t, Injection(r, e), name)
		assert.Zero(t, r.Attributes().Len(), name)
	}
}
