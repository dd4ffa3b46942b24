// SPDX-License-Identifier: Apache-2.0

package eventname_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
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

	for range 2 {
		eventname.AsAttribute(data)
	}
	assert.Equal(t, map[string]any{"a": "b", "event.name": "an.event"}, records.At(0).Attributes().AsRaw())
	assert.Equal(t, "an.event", records.At(0).EventName())
	assert.Empty(t, records.At(1).Attributes().AsRaw())
}
