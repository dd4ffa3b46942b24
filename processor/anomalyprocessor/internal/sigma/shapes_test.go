// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Rules of the shapes in which rules are published are understood.
func TestShapes(t *testing.T) {
	set, report := Load(Source{"shapes", os.DirFS("testdata/shapes")})
	require.Empty(t, report.Refused)
	long := strings.Repeat("a", 60) + ".sh"
	cases := map[string][]struct {
		want   bool
		values map[string]any
	}{
		"filters.yml": {
			{true, map[string]any{"Image": "/opt/backup-3.1/bin", "CommandLine": "x --everything /srv/a"}},
			{true, map[string]any{"Image": "/bin/restore", "CommandLine": "restore --everything /srv/a", "ParentImage": "/bin/sh"}},
			{false, map[string]any{"Image": "/bin/restore", "CommandLine": "restore --everything /srv/a", "ParentImage": "/bin/scheduler"}},
			{false, map[string]any{"Image": "/bin/restore", "CommandLine": "restore --everything /srv/a", "ParentImage": "/opt/agent/x"}},
			{false, map[string]any{"Image": "/bin/backup", "CommandLine": "backup --everything /srv/", "ParentCommandLine": "/var/lib/upgrade/x configure"}},
		},
		"folded.yml": {
			{true, map[string]any{"Image": "/bin/stat", "CommandLine": "stat -Li -d /"}},
			{true, map[string]any{"Image": "/usr/bin/gawk", "CommandLine": "gawk 1 /proc/self/maps"}},
			{false, map[string]any{"Image": "/bin/stat", "CommandLine": "stat -i /"}},
			{false, map[string]any{"Image": "/usr/bin/less", "CommandLine": "less /proc/self/maps"}},
		},
		"maps.yml": {
			{true, map[string]any{"Image": "/bin/lua", "CommandLine": "lua -e require 'a'; os.execute('b')"}},
			{true, map[string]any{"Image": "/bin/lua", "CommandLine": "lua -e x |sh"}},
			{false, map[string]any{"Image": "/bin/lua", "CommandLine": "lua -e require 'a'"}},
		},
		"expressions.yml": {
			{true, map[string]any{"TargetFilename": "/tmp/" + long}},
			{false, map[string]any{"TargetFilename": "/root/.cache/" + long}},
			{false, map[string]any{"TargetFilename": "/tmp/" + long, "Image": "/usr/bin/dpkg"}},
			{false, map[string]any{"TargetFilename": "/tmp/" + long + ".txt"}},
		},
		"ports.yml": {
			{true, map[string]any{"Initiated": true, "DestinationPort": 31337, "DestinationIp": "203.0.113.9"}},
			{false, map[string]any{"Initiated": false, "DestinationPort": 31337, "DestinationIp": "203.0.113.9"}},
			{false, map[string]any{"Initiated": true, "DestinationPort": 1338, "DestinationIp": "::1"}},
			{false, map[string]any{"Initiated": true, "DestinationPort": 1338, "DestinationIp": "203.0.113.9", "DestinationHostname": "a.example.org"}},
		},
		"double.yml": {
			{true, map[string]any{"Image": "/bin/tool", "CommandLine": `tool write 1 > /sys/kernel/"quoted"`}},
			{true, map[string]any{"Image": "/bin/tool", "CommandLine": "tool write 1 > /sys/kernel/it's"}},
			{false, map[string]any{"Image": "/bin/tool", "CommandLine": "tool write 1 > /sys/kernel/x"}},
		},
	}
	require.Equal(t, len(cases), set.Len())
	var event Event
	for number := range set.Len() {
		rule := set.Rule(number)
		for _, c := range cases[rule.File] {
			fill(t, &event, rule.Category.String(), c.values)
			matched := set.Match(&event, nil)
			assert.Equal(t, c.want, len(matched) == 1 && matched[0] == number, "%s: %v", rule.File, c.values)
		}
	}
}

// Goroutines with events of their own share a set.
func TestSet_concurrent(t *testing.T) {
	set, report := loadTexts(benchRules())
	require.Empty(t, report.Refused)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			var event Event
			for range 100 {
				for _, values := range benchEvents() {
					fill(t, &event, "process_creation", values)
					assert.Empty(t, set.Match(&event, nil))
				}
			}
		})
	}
	group.Wait()
}
