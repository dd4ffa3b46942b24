// SPDX-License-Identifier: Apache-2.0

package customemit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
)

// fill decodes a record of the struct "opened".
func fill(t *testing.T, s customemit.Settings, text string) plog.LogRecord {
	t.Helper()
	spec := object(t)
	events, err := customemit.NewEvents(parse(t, []byte(text)), spec.Types, s)
	require.NoError(t, err)
	event, err := events.Ring("records").Decode(record(t, spec, "opened_write"), started)
	require.NoError(t, err)
	log := plog.NewLogRecord()
	event.Fill(log)
	return log
}

func TestLimits_values(t *testing.T) {
	s := settings()
	s.Limits.ValuesMax = 7
	log := fill(t, s, "events: [{map: records, struct: opened, name: x, fields: [{field: sizes}, {field: tried}, {field: how}]}]")
	assert.Equal(t, map[string]any{
		"x.sizes": []any{int64(1), int64(2), int64(3)},
		"x.tried": []any{map[string]any{"address": "127.0.0.1"}},
	}, log.Attributes().AsRaw())
	assert.Equal(t, uint64(3), s.Counters.ValuesCut.Load(), "the rest of the struct, the rest of the list, and what comes behind")
}

func TestLimits_textsOfRecord(t *testing.T) {
	s := settings()
	s.Limits.RecordTextBytesMax = 7
	log := fill(t, s, "events: [{map: records, struct: opened, name: x, fields: [{field: comm}, {field: peer.address}, {field: tgid}]}]")
	assert.Equal(t, map[string]any{"x.comm": "writer", "x.peer.address": "203.0.113.9"}, log.Attributes().AsRaw())
	assert.Equal(t, uint64(1), s.Counters.ValuesCut.Load(), "the text that reaches beyond the bound is whole, and the last")
}

func TestLimits_lists(t *testing.T) {
	s := settings()
	s.Limits.Types.ElementsMax = 2
	log := fill(t, s, "events: [{map: records, struct: opened, name: x, fields: [{field: sizes}]}]")
	assert.Equal(t, map[string]any{"x.sizes": []any{int64(1), int64(2)}}, log.Attributes().AsRaw())
	assert.Equal(t, uint64(1), s.Counters.ListsCut.Load())
}

func TestLimits_texts(t *testing.T) {
	s := settings()
	s.Limits.Types.TextBytesMax = 4
	log := fill(t, s, "events: [{map: records, struct: opened, name: x, fields: [{field: comm}, {field: path, as: hex}]}]")
	assert.Equal(t, map[string]any{"x.comm": "writ", "x.path": "2f737276"}, log.Attributes().AsRaw())
	assert.Equal(t, uint64(2), s.Counters.TextsCut.Load())
}

func TestLimits_body(t *testing.T) {
	s := settings()
	s.Limits.BodyBytesMax = 10
	log := fill(t, s, "events: [{map: records, struct: opened, name: x, body: 'é {comm}é {path}'}]")
	assert.Equal(t, "é writer", log.Body().Str(), "not a part of a character")
	assert.Equal(t, uint64(1), s.Counters.TextsCut.Load())
}
