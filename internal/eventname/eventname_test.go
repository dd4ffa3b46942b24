// SPDX-License-Identifier: Apache-2.0

package eventname_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/eventname"
)

func TestAsAttribute(t *testing.T) {
	data := plog.NewLogs()
	records := data.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	event := records.AppendEmpty()
	event.SetEventName("an.event")
	event.Attributes().PutStr("a", "b")
	records.AppendEmpty().Body().SetStr("no event")
	data.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()

	var sink consumertest.LogsSink
	c := eventname.AsAttribute(&sink)
	assert.True(t, c.Capabilities().MutatesData)
	for range 2 {
		require.NoError(t, c.ConsumeLogs(t.Context(), data))
	}
	got := sink.AllLogs()[1].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	assert.Equal(t, map[string]any{"a": "b", "event.name": "an.event"}, got.At(0).Attributes().AsRaw())
	assert.Equal(t, "an.event", got.At(0).EventName())
	assert.Empty(t, got.At(1).Attributes().AsRaw())
	failing := eventname.AsAttribute(consumertest.NewErr(assert.AnError))
	assert.ErrorIs(t, failing.ConsumeLogs(t.Context(), data), assert.AnError)
}
