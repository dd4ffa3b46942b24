// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchRules are 150 rules for process_creation of the shapes that published ones have, in about their shares: of 122
// published rules two thirds name a program, the others search in arguments or look at the parent alone.
func benchRules() map[string]string {
	rules := map[string]string{}
	add := func(format string, arguments ...any) {
		rules[fmt.Sprintf("%03d.yml", len(rules))] = ruleText("process_creation", fmt.Sprintf(format, arguments...))
	}
	for i := range 70 {
		add("img: {Image|endswith: [/tool%da, /tool%db]}\ncli: {CommandLine|contains: [' --option%d', '/etc/file%d', ' -x%d ']}\ncondition: all of *", i, i, i, i, i)
	}
	for i := range 20 {
		add("s: {Image|endswith: [/sh, /bash, /zsh], ParentImage|endswith: [/server%da, /server%db]}\ncondition: s", i, i)
	}
	for i := range 10 {
		add("s: {Image: [/bin/copy%d, /usr/bin/copy%d], CommandLine|re: 'of=/dev/[a-z]+%d'}\ncondition: s", i, i, i)
	}
	for i := range 35 {
		add("s: {CommandLine|contains: ['evil%d.example.org', 'secret--%d', '| payload%d', '/opt/odd%d/', 'rm /var/x%d']}\ncondition: s", i, i, i, i, i)
	}
	for i := range 10 {
		add("a: {CommandLine|contains|all: [' connect%d(', 'socket%d']}\nb: [{CommandLine|endswith: '|sh%d'}, {CommandLine|contains: '| sh%d '}]\nf: {ParentImage|startswith: /opt/agent%d/}\ncondition: (a or b) and not f", i, i, i, i, i)
	}
	for i := range 5 {
		add("s: {ParentImage|startswith: /tmp/%d/}\nf: {ParentCommandLine|contains: 'ok%d'}\ncondition: s and not 1 of f*", i, i)
	}
	return rules
}

// benchEvents are ordinary programs.
func benchEvents() []map[string]any {
	return []map[string]any{
		{"Image": "/usr/bin/dash", "CommandLine": "/bin/sh -c /usr/bin/test -x /usr/local/bin/healthcheck.sh && /usr/local/bin/healthcheck.sh --timeout=5 --quiet", "ParentImage": "/usr/bin/containerd-shim-runc-v2", "ParentCommandLine": "/usr/bin/containerd-shim-runc-v2 -namespace k8s.io -id 6f1d0c2a9b3e4f50"},
		{"Image": "/usr/bin/curl", "CommandLine": "curl -fsS --max-time 3 http://127.0.0.1:8080/healthz", "ParentImage": "/usr/bin/dash", "ParentCommandLine": "/bin/sh /usr/local/bin/healthcheck.sh"},
		{"Image": "/usr/local/bin/python3.12", "CommandLine": "/usr/local/bin/python3.12 -m gunicorn --workers 4 --bind 0.0.0.0:8000 --access-logfile - application.wsgi:application", "ParentImage": "/usr/bin/tini", "ParentCommandLine": "/usr/bin/tini -- gunicorn"},
		{"Image": "/usr/bin/git", "CommandLine": "git -c core.quotepath=false log -n 1 --format=%H", "ParentImage": "/usr/bin/make", "ParentCommandLine": "make build"},
	}
}

// Fill and match an event of a program with 150 rules.
func BenchmarkMatch(b *testing.B) {
	set, report := loadTexts(benchRules())
	require.Empty(b, report.Refused)
	require.Equal(b, 150, set.Len())
	type filled struct {
		field Field
		text  string
	}
	var events [][]filled
	for _, values := range benchEvents() {
		var event []filled
		for _, field := range Fields() {
			if text, ok := values[field.String()].(string); ok {
				event = append(event, filled{field, text})
			}
		}
		events = append(events, event)
	}
	var event Event
	matched := make([]int, 0, 16)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		event.Reset(ProcessCreation)
		for _, value := range events[i%len(events)] {
			event.SetText(value.field, value.text)
		}
		matched = set.Match(&event, matched[:0])
	}
}

// Match allocates nothing. Regular expressions take memory from a pool, which the race detector empties at random, so
// they are left out here; the benchmark has some.
func TestMatch_allocatesNothing(t *testing.T) {
	rules := benchRules()
	rules["all.yml"] = ruleText("process_creation", "a: {Image|endswith: /git, CommandLine: 'git*og*', ParentImage|endswith: 'm*ke', ParentProcessId: null}\nb: {ProcessId|gt: 5}\ncondition: a and not b")
	set, report := loadTexts(rules)
	require.Empty(t, report.Refused)
	var event Event
	matched := make([]int, 0, 16)
	values := benchEvents()[3]
	all := func() {
		event.Reset(ProcessCreation)
		event.SetText(FieldImage, values["Image"].(string))
		event.AddText(FieldCommandLine, "git")
		event.AddText(FieldCommandLine, "LOG")
		event.SetText(FieldParentImage, values["ParentImage"].(string))
		event.SetNumber(FieldProcessID, 5)
		matched = set.Match(&event, matched[:0])
	}
	all()
	require.Len(t, matched, 1)
	require.Equal(t, "all.yml", set.Rule(matched[0]).File)
	require.Zero(t, testing.AllocsPerRun(100, all))
}
