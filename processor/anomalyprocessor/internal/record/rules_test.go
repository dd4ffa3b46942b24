// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// ruleAbout loads one rule with a selection.
func ruleAbout(t testing.TB, category, selection string) *sigma.Set {
	t.Helper()
	text := "title: a\nlogsource: {product: linux, category: " + category + "}\ndetection:\n  s: {" + selection + "}\n  condition: s\n"
	set, report := sigma.Load(sigma.Source{Name: "test", Files: fstest.MapFS{"a.yml": {Data: []byte(text)}}})
	require.Empty(t, report.Refused, selection)
	return set
}

func TestFiller(t *testing.T) {
	exec := attributes{names.ProcessCommandArgs: []any{"a", "-b"}, names.ProcessUserID: 0, names.ProcessInteractive: true, names.ProcessExecutableSHA256: "ab"}
	for _, test := range []struct {
		category, selection, event string
		all                        attributes
		want                       bool
	}{
		{"process_creation", "Image: /bin/a, CommandLine: a -b, User: root, ParentImage: /bin/p", names.EventProcessExec, exec, true},
		{"process_creation", "process.interactive: true, Hashes: SHA256=ab", names.EventProcessExec, exec, true},
		{"process_creation", "k8s.namespace.name: shop, container.id: c1", names.EventProcessExec, exec, true},
		{"process_creation", "User: root", names.EventProcessExec, attributes{names.ProcessUserID: "0"}, false},
		{"process_creation", "CommandLine: a -b", names.EventProcessExec, attributes{names.ProcessCommandArgs: 7}, false},
		{"file_event", "TargetFilename: /y, SourceFilename: /x, meerkat.file.operation: rename", names.EventFileRename,
			attributes{names.FilePath: "/x", names.FileNewPath: "/y"}, true},
		{"file_event", "SourceFilename: /x", names.EventFileCreate, attributes{names.FilePath: "/x"}, false},
		{"network_connection", "DestinationIp|cidr: 10.0.0.0/8, DestinationPort: 80, Initiated: 'true'", names.EventTCPConnect,
			attributes{names.ServerAddress: "10.1.1.1", names.ServerPort: 80, names.ConnectionSide: "client"}, true},
		{"network_connection", "DestinationPort: 80", names.EventTCPClose, attributes{names.ServerPort: 80}, false},
	} {
		t.Run(test.selection, func(t *testing.T) {
			set := ruleAbout(t, test.category, test.selection)
			var e sigma.Event
			matched := NewFiller(set).Fill(resourceOf(t, shop()), logOf(t, test.event, someone(), test.all), &e) && len(set.Match(&e, nil)) == 1
			assert.Equal(t, test.want, matched)
		})
	}
}

// FuzzRead reads whatever a stranger may send as OTLP, to both kinds of events.
func FuzzRead(f *testing.F) {
	for _, event := range []string{names.EventProcessExec, names.EventFileRename, names.EventTCPConnect, "", "x"} {
		logs := plog.NewLogs()
		resource := logs.ResourceLogs().AppendEmpty()
		resourceOf(f, shop()).CopyTo(resource.Resource())
		logOf(f, event, someone(), attributes{names.FilePath: "/x", names.FileNewPath: strings.Repeat("y", 99), names.ServerAddress: "fe80::1%a"}).
			CopyTo(resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
		seed, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
		require.NoError(f, err)
		f.Add(seed)
	}
	set := ruleAbout(f, "process_creation", "Image: /bin/a, CommandLine: a, User: root, Hashes: SHA256=ab, process.interactive: true, ProcessId: 7")
	filler := NewFiller(set)
	f.Fuzz(func(t *testing.T, data []byte) {
		received, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err != nil {
			t.Skip()
		}
		r := NewReader()
		var e behaviour.Event
		var forRules sigma.Event
		for _, resource := range received.ResourceLogs().All() {
			r.SetResource(resource.Resource())
			for _, scope := range resource.ScopeLogs().All() {
				for _, log := range scope.LogRecords().All() {
					if r.Read(log, &e) == Read {
						require.NoError(t, e.Validate())
					}
					if filler.Fill(resource.Resource(), log, &forRules) {
						set.Match(&forRules, nil)
					}
				}
			}
		}
	})
}
