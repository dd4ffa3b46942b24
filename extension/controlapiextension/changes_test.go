// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/names"
)

func TestRecord(t *testing.T) {
	l := newLive(t, func(*Config) {})
	ann := controlapi.Caller{Name: "ann", Role: controlapi.RoleOperator, Via: viaToken, Address: "192.0.2.1"}
	l.Record(controlapi.Change{Caller: ann, Action: "disable", Subject: "tracer/file", From: `{"enabled":true}`, To: `{"enabled":false}`})
	l.Record(controlapi.Change{Caller: ann, Action: "disable", Subject: "tracer/tcp"})
	l.Record(controlapi.Change{Caller: ann, Action: "upload", Subject: "custom_tracer/x"})

	entries := l.log.FilterMessage("Something was changed over the control API").All()
	require.Len(t, entries, 3)
	assert.Equal(t, zap.InfoLevel, entries[0].Level)
	assert.Equal(t, map[string]any{
		"user.name": "ann", "meerkat.control.role": "operator", "meerkat.control.via": "token", "client.address": "192.0.2.1",
		"meerkat.control.action": "disable", "meerkat.control.subject": "tracer/file",
		"meerkat.control.from": `{"enabled":true}`, "meerkat.control.to": `{"enabled":false}`,
	}, entries[0].ContextMap())
	series := func(action, subject string) []attribute.KeyValue {
		return []attribute.KeyValue{
			attribute.String(names.Action, action), attribute.String(names.Subject, subject), attribute.String(names.Role, "operator"),
		}
	}
	assert.EqualValues(t, 2, l.count("otelcol.control_api.changes", series("disable", "tracer")...))
	assert.EqualValues(t, 1, l.count("otelcol.control_api.changes", series("upload", "custom_tracer")...))
	assert.Zero(t, l.count("otelcol.control_api.changes.cut"))
}

// What is very long is cut in the log, between characters, and counted.
func TestRecord_long(t *testing.T) {
	l := newLive(t, func(*Config) {})
	l.Record(controlapi.Change{Action: "set", Subject: "tracer/file", To: strings.Repeat("ä", changeLogBytesMax)})
	l.Record(controlapi.Change{Action: "set", Subject: "tracer/file", To: "a" + strings.Repeat("ä", changeLogBytesMax)})
	entries := l.log.All()
	require.Len(t, entries, 2)
	for _, entry := range entries {
		logged := entry.ContextMap()
		assert.Equal(t, true, logged["cut"])
		text := logged["meerkat.control.to"].(string)
		assert.True(t, utf8.ValidString(text))
		assert.InDelta(t, changeLogBytesMax, len(text), 1)
	}
	assert.EqualValues(t, 2, l.count("otelcol.control_api.changes.cut"))
}
