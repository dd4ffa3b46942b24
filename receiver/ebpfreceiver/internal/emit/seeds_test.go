// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// seedsOf takes the first record of each kind.
func seedsOf(t *testing.T, records []namedRecord) map[string][]byte {
	t.Helper()
	seeds := map[string][]byte{}
	for _, r := range records {
		_, kind, _ := strings.Cut(r.step, " ")
		if _, found := seeds[kind]; !found {
			seeds[kind] = r.bytes
		}
	}
	return seeds
}

// writeSeeds writes the recorded seeds of a fuzz target, in the form that "go test" reads.
func writeSeeds(t *testing.T, folder string, seeds map[string][]byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	for name, record := range seeds {
		content := fmt.Appendf(nil, "go test fuzz v1\n[]byte(%q)\n", record)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o644))
	}
}

// execOffsets are where the kind of a record stands, and the length of an exec's first string.
func execOffsets() (kind, length int) {
	var e processbpf.ProcessExecEvent
	return int(unsafe.Offsetof(e.Header.Kind)), int(unsafe.Offsetof(e.ExecutableBytes))
}

// first returns the first record of a step's name.
func first(t *testing.T, records []namedRecord, step string) namedRecord {
	t.Helper()
	for _, r := range records {
		if r.step == step {
			return r
		}
	}
	t.Fatalf("no record of %s", step)
	return namedRecord{}
}

// keyOf is the process that an entry of a map of repeats starts with.
func keyOf(t *testing.T, entry []byte) decode.ProcessKey {
	t.Helper()
	var key decode.ProcessKey
	require.NoError(t, binary.Read(bytes.NewReader(entry), binary.NativeEndian, &key))
	return key
}

// isOf tells whether an entry of a map of repeats is of a process.
func isOf(t *testing.T, entry []byte, pid int) bool {
	t.Helper()
	return keyOf(t, entry).Pid == uint32(pid)
}
