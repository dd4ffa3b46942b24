// SPDX-License-Identifier: Apache-2.0

package behaviour

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is executed from memory is volatile, but for the copy of itself that a runtime executes in each container.
func TestSensitive_memory(t *testing.T) {
	for _, test := range []struct {
		path      string
		arguments []string
		want      Sensitivity
	}{
		{"/memfd:payload", []string{"payload"}, Volatile},
		{"/memfd:", nil, Volatile},
		{"memfd:payload", nil, Volatile},
		{"/memfd:runc_cloned:/proc/self/exe", []string{"runc", "init"}, Ordinary},
		{"/memfd:runc_cloned:/proc/self/exe", []string{"runc", "init", "x"}, Volatile},
		{"/memfd:runc_cloned:/proc/self/exe", []string{"x", "-l"}, Volatile},
		{"/memfd:runc_cloned:/proc/self/exe", nil, Volatile},
		{"/memfd:runc_cloned:x", []string{"runc", "init"}, Volatile},
		{"/", []string{"runc", "init"}, Ordinary}, // runc 1.1 executes itself from a mount that is gone
	} {
		e := Event{Action: Exec, Path: test.path, Arguments: test.arguments}
		assert.Equal(t, test.want, e.Sensitive(), "%s %q", test.path, test.arguments)
	}
	assert.Equal(t, Intrusion, (&Event{Action: Socket, Detail: "packet/raw"}).Sensitive())
	assert.Equal(t, Ordinary, (&Event{Action: Attempt, Detail: "curl"}).Sensitive(), "it did not happen")
}

func TestTempting(t *testing.T) {
	for path, want := range map[string]bool{"/bin/bash": true, "nc": true, "/usr/bin/wget": true, "/dev/shm/x": true, "/usr/bin/ls": false, "": false} {
		assert.Equal(t, want, Tempting(path), path)
	}
}
