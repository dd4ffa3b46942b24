// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// ordinary is a batch of executions as the receiver describes them, none of them unusual once they are known.
func ordinary(records int) plog.Logs {
	data := reverseShell("web", 7, beginning)
	logs := data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	logs.RemoveIf(func(plog.LogRecord) bool { return true })
	for n := range records {
		log := logs.AppendEmpty()
		log.SetEventName(names.EventProcessExec)
		log.SetTimestamp(pcommon.NewTimestampFromTime(beginning.Add(time.Duration(n) * time.Millisecond)))
		attributes := log.Attributes()
		attributes.PutStr(names.ProcessExecutablePath, "/usr/bin/convert")
		attributes.PutStr(names.ProcessExecutableName, "convert")
		attributes.PutInt(names.ProcessPID, int64(1000+n))
		attributes.PutStr(names.ProcessCreationTime, "2026-01-05T12:00:00.123456789Z")
		attributes.PutInt(names.ProcessParentPID, 100)
		attributes.PutStr(names.ProcessParentCreationTime, "2026-01-05T11:00:00.123456789Z")
		attributes.PutStr(names.ProcessParentExecutablePath, "/usr/sbin/nginx")
		attributes.PutStr(names.ProcessWorkingDirectory, "/srv")
		attributes.PutInt(names.ProcessUserID, 1000)
		attributes.PutBool(names.ProcessInteractive, false)
		arguments := attributes.PutEmptySlice(names.ProcessCommandArgs)
		for _, argument := range []string{"convert", "-resize", "100x100", "/srv/in.png", "/srv/out.png"} {
			arguments.AppendEmpty().SetStr(argument)
		}
	}
	return data
}

// BenchmarkJudge is about what is known: one operation is one event.
func BenchmarkJudge(b *testing.B) {
	const records = 500
	for name, change := range map[string]func(*Config){"rules": func(*Config) {}, "no_rules": func(c *Config) { c.Rules.Builtin = false }} {
		b.Run(name, func(b *testing.B) {
			config := defaultConfig()
			change(config)
			p := newPair(b, config)
			p.start(b)
			data := ordinary(records)
			core := p.core
			core.judge(p.pipelines[0], data)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += records {
				core.judge(p.pipelines[0], data)
			}
			b.StopTimer()
			p.shutdown(b)
		})
	}
}

// What is known is judged without any allocation. Rules are apart: regular expressions take their memory from a pool, which the race detector
// empties at random.
func TestJudge_allocatesNothing(t *testing.T) {
	config := defaultConfig()
	config.Rules.Builtin = false
	p := newPair(t, config)
	p.start(t)
	data := ordinary(100)
	memory := newScratch()
	p.core.judgeWith(memory, p.pipelines[0], data)
	require.Zero(t, testing.AllocsPerRun(20, func() { p.core.judgeWith(memory, p.pipelines[0], data) }))
	p.shutdown(t)
}
