// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reports are what the tests of the package tracer print on a kernel that refuses one program.
const reports = `vm: up
    kernel_test.go:71: tracer report: {"tracer":"tcp","hooks":1,"hooks_all":1,"map_bytes":4914864,"nanoseconds":35668833}
    kernel_test.go:85: program report: {"tracer":"tcp","hook":"state","program":"tcp_state","used":false,"instructions":0,"nanoseconds":9000000,"failure":"load program: permission denied\nas it is"}
    kernel_test.go:85: program report: {"tracer":"tcp","hook":"state","program":"tcp_state_raw","used":true,"instructions":1611,"nanoseconds":2539154}
--- PASS: TestKernel_everyProgram (1.08s)
--- FAIL: TestFile_everyOperation (1.08s)
vm: end
`

func TestPage(t *testing.T) {
	old, silent, bare := read(reports), read("vm: up\r\nvm: end\r\n"), read("")
	old.machine, silent.machine, bare.machine = machines()[0], machines()[1], machines()[5]
	old.release, old.tests = "5.10.0-46", 90*time.Second
	bare.tracers = []tracerReport{{Tracer: "tcp", HooksOf: 1, Failure: "no types"}}
	text := page([]result{*old, *silent, *bare}, "")
	for _, part := range []string{
		"| 5.10.0-46 | 5.10 amd64 | hybrid | all | FAIL | 1 | 1 (1) | 0 | 1 s | 90 s |\n",
		"broken (2)", "\n\n1. `File_everyOperation`\n2. the machine ended before its tests did\n",
		"| tracer | 5.10 amd64 | 6.1 amd64 | 5.10 without BTF amd64 |\n",
		"| `tcp` | 1 of 1, 4.9 MB, 35 ms | – | no (1) |\n\n1. no types\n",
		"### `tcp`\n\n| hook | program | 5.10 amd64 | 6.1 amd64 |\n",
		"| state | `tcp_state` | no (1) | – |\n| state | `tcp_state_raw` | **1611**, 2 ms | – |\n\n1. load program: permission denied; as it is\n",
	} {
		assert.Contains(t, text, part)
	}
	assert.NotContains(t, text, "´")
	assert.NotContains(t, text, "Not all tests")
	assert.Contains(t, page(nil, "TestKernel"), "Not all tests were run, but only those that match `Kernel`.\n")
}

// A report that is cut off is not taken for a tracer that was not tried.
func TestResult_tornReport(t *testing.T) {
	r := read(strings.Replace(reports, `"hooks":1`, `"hooks":`, 1))
	assert.ErrorContains(t, r.failure, "read the report")
	assert.True(t, r.failed())
}

func TestPage_hasEveryMachine(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("../..", pageFile))
	require.NoError(t, err)
	for _, m := range machines() {
		assert.Contains(t, string(content), " | "+m.title()+" | ", "make vm writes it")
	}
	assert.NotContains(t, string(content), "| broken", "a machine that has ended early says nothing: make vm")
}
