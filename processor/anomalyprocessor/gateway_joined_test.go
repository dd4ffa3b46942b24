// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// joinedRecord is an incident that an agent has joined of others.
func joinedRecord(id string) plog.Logs {
	data := incidentRecord("a", id)
	data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutEmptySlice(names.IncidentJoined)
	return data
}

// What an agent has joined goes on, unless the gateway has joined the same; then it tells of that itself.
func TestGateway_joinedByAnAgent(t *testing.T) {
	p := newGatewayPipe(t, createDefaultConfig().(*Config))
	p.start(t)
	require.NoError(t, p.ConsumeLogs(t.Context(), joinedRecord("elsewhere")))
	assert.Equal(t, 1, p.sink.LogRecordCount())
	require.NoError(t, p.ConsumeLogs(t.Context(), incidentRecord("x", "i1")))
	require.NoError(t, p.ConsumeLogs(t.Context(), incidentRecord("y", "i2")))
	require.Len(t, p.core.book.Chains(), 1)
	p.sink.Reset()
	require.NoError(t, p.ConsumeLogs(t.Context(), joinedRecord(p.core.book.Chains()[0].ID)))
	assert.Zero(t, p.sink.LogRecordCount())
	assert.EqualValues(t, 1, p.core.tally.dropped.Load())
	require.NoError(t, p.Shutdown(t.Context()))
}

// What an agent has joined an incident into stays with it, as long as the gateway knows nothing else.
func TestGateway_keepsWhatAnAgentJoined(t *testing.T) {
	p := newGatewayPipe(t, createDefaultConfig().(*Config))
	p.start(t)
	data := incidentRecord("x", "i1")
	data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr(names.IncidentChainID, "chain")
	require.NoError(t, p.ConsumeLogs(t.Context(), data))
	log := p.sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	chain, _ := log.Attributes().Get(names.IncidentChainID)
	assert.Equal(t, "chain", chain.Str())
	require.NoError(t, p.Shutdown(t.Context()))
}
