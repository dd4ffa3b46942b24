// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// identifying are attributes that the processor reads.
var identifying = []string{
	names.EnrichmentStatus, names.K8sDeploymentName, names.K8sNamespaceName, names.ContainerID, names.ContainerImageRepoDigests, names.CgroupPath,
	names.ProcessPID, names.ProcessCreationTime, names.ProcessParentPID, names.ProcessParentCreationTime, names.ProcessExecutablePath,
	names.ProcessParentExecutablePath, names.ProcessCommandArgs, names.ProcessUserID, names.FilePath, names.FileNewPath, names.FileAccess,
	names.ServerAddress, names.ServerPort, names.ConnectionSide, names.PeerKind, names.LogRecordUID,
	names.HostName, names.ReceiverLossTracer, names.ReceiverLossOffered, names.ReceiverLossLost, names.ProcessExecutorPID, names.ProcessFilename,
}

func hostileValues() []func(pcommon.Value) {
	return []func(pcommon.Value){
		func(v pcommon.Value) { v.SetStr("") },
		func(v pcommon.Value) { v.SetStr(strings.Repeat("a", 1<<20)) },
		func(v pcommon.Value) { v.SetStr("\xff\x00\n\x1b[2J") },
		func(v pcommon.Value) { v.SetStr("resolved") },
		func(v pcommon.Value) { v.SetStr("9999-12-31T23:59:59Z") },
		func(v pcommon.Value) { v.SetInt(-1) },
		func(v pcommon.Value) { v.SetInt(1 << 40) },
		func(v pcommon.Value) { v.SetBool(true) },
		func(v pcommon.Value) { v.SetDouble(1e300) },
		func(v pcommon.Value) { v.SetEmptyBytes().FromRaw([]byte{0}) },
		func(v pcommon.Value) { v.SetEmptySlice().AppendEmpty().SetEmptyMap().PutStr("x", "y") },
		func(pcommon.Value) {},
	}
}

// Whatever values strangers give to the attributes that are read, every record passes as it was.
func TestHostile_values(t *testing.T) {
	p := newPair(t, defaultConfig())
	p.start(t)
	sent := 0
	for _, value := range hostileValues() {
		for _, event := range []string{names.EventProcessExec, names.EventFileRename, names.EventTCPConnect, names.EventIncident, names.EventReceiverLoss,
			names.EventProcessFork, names.EventProcessExit, names.EventProcessExecFailed} {
			for _, name := range append([]string{""}, identifying...) {
				data := reverseShell("web", 7, beginning)
				resource := data.ResourceLogs().At(0)
				log := resource.ScopeLogs().At(0).LogRecords().At(0)
				log.SetEventName(event)
				for _, other := range identifying {
					if name == "" || name == other { // all of them, and each alone
						value(resource.Resource().Attributes().PutEmpty(other))
						value(log.Attributes().PutEmpty(other))
					}
				}
				before := plog.NewLogs()
				data.CopyTo(before)
				require.NoError(t, p.pipelines[1].ConsumeLogs(t.Context(), data))
				require.Equal(t, before, data)
				sent++
			}
		}
	}
	p.shutdown(t)
	assert.Equal(t, sent, p.sinks[1].LogRecordCount()-len(told(p.sinks[1].AllLogs())))
}

// told returns the incidents that the processor has made, which have its scope.
func told(batches []plog.Logs) []plog.LogRecord {
	var all []plog.LogRecord
	for _, batch := range batches {
		if scope := batch.ResourceLogs().At(0).ScopeLogs().At(0); scope.Scope().Name() == scopeName {
			all = append(all, scope.LogRecords().At(0))
		}
	}
	return all
}

// Names that an attacker has chosen can't write further lines of a log, and stay within their limits.
func TestHostile_names(t *testing.T) {
	p := newPair(t, defaultConfig())
	p.start(t)
	data := reverseShell("web", 7, beginning)
	resource := data.ResourceLogs().At(0)
	log := resource.ScopeLogs().At(0).LogRecords().At(0)
	log.Attributes().PutStr(names.ProcessExecutablePath, "/tmp/\nIncident closed\x1b[2J"+strings.Repeat("é", 1500)+"/bash")
	resource.Resource().Attributes().PutStr("huge", strings.Repeat("x", 1<<20))
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), data))
	p.shutdown(t)
	incidents := told(p.sinks[0].AllLogs())
	require.Len(t, incidents, 1)
	body := incidents[0].Body().Str()
	assert.NotContains(t, body, "\n")
	assert.NotContains(t, body, "\x1b")
	assert.Less(t, len(body), 2000)
	size := (&plog.ProtoMarshaler{}).LogsSize(p.sinks[0].AllLogs()[1])
	assert.Less(t, size, 32<<10)
}

// An attack by unique names and workloads makes no more than its bounds.
func TestHostile_flood(t *testing.T) {
	config := defaultConfig()
	config.Limits = LimitsConfig{WorkloadsMax: 8, ProfileBytesMax: 16 << 10, BytesMax: 1 << 20}
	p := newPair(t, config)
	p.start(t)
	for n := range 2000 {
		p.now = beginning.Add(time.Duration(n) * time.Second)
		require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell(strings.Repeat("w", 1+n%32), int64(1+n), p.now)))
	}
	stats := p.core.profiles.Stats()
	assert.LessOrEqual(t, stats.Profiles, 8)
	assert.LessOrEqual(t, stats.Bytes, int64(1<<20))
	assert.LessOrEqual(t, len(p.core.late.reports), lateMax)
	p.shutdown(t)
}
