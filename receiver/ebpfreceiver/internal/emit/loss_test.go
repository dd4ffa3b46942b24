// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func TestLost(t *testing.T) {
	at := bootedAt.Add(time.Minute)
	logs := Lost(testScope, testHost, []Loss{
		{Tracer: "file", Offered: 100, Lost: 7, Stages: []string{"ring", "queue", "ring"}, Since: bootedAt},
		{Tracer: "tcp", Offered: 1, Lost: 1, Stages: []string{"pipeline"}, Since: bootedAt.Add(-time.Minute)},
	}, at)
	require.Equal(t, 1, logs.ResourceLogs().Len())
	resource := logs.ResourceLogs().At(0)
	assert.Equal(t, map[string]any{names.HostName: "node1", names.HostID: "0123", names.HostArch: "amd64", names.OSType: "linux"},
		resource.Resource().Attributes().AsRaw())
	records := resource.ScopeLogs().At(0).LogRecords()
	require.Equal(t, 2, records.Len())
	first := records.At(0)
	assert.Equal(t, names.EventReceiverLoss, first.EventName())
	assert.Equal(t, at, first.Timestamp().AsTime())
	assert.Equal(t, "7 of 100 events of the tracer file were lost", first.Body().Str())
	for i, want := range []map[string]any{
		{names.ReceiverLossTracer: "file", names.ReceiverLossOffered: int64(100), names.ReceiverLossLost: int64(7),
			names.ReceiverLossStages: []any{"queue", "ring"}, names.ReceiverLossInterval: 60.0},
		{names.ReceiverLossTracer: "tcp", names.ReceiverLossOffered: int64(1), names.ReceiverLossLost: int64(1),
			names.ReceiverLossStages: []any{"pipeline"}, names.ReceiverLossInterval: 120.0},
	} {
		raw := records.At(i).Attributes().AsRaw()
		assert.Regexp(t, uidForm, raw[names.LogRecordUID])
		delete(raw, names.LogRecordUID)
		assert.Equal(t, want, raw)
	}
}
