// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"golang.org/x/tools/txtar"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/redaction"
)

// forEach calls do with every record that a scenario expects.
func forEach(t testing.TB, archive *txtar.Archive, do func(resource pcommon.Map, record plog.LogRecord)) {
	t.Helper()
	for _, step := range archive.Files {
		if !strings.HasSuffix(step.Name, " logs") {
			continue
		}
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(step.Data)
		require.NoError(t, err, step.Name)
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					do(resource.Resource().Attributes(), record)
				}
			}
		}
	}
}

// eachGolden calls do with every record that any scenario expects.
func eachGolden(t testing.TB, do func(resource pcommon.Map, record plog.LogRecord)) {
	t.Helper()
	for _, path := range scenarioPaths(t) {
		forEach(t, readScenario(t, path), do)
	}
}

func describedEvents() []names.Event {
	var all []names.Event
	for _, tracer := range names.Tracers() {
		all = append(all, tracer.Events...)
	}
	return all
}

// Every event that package names describes is shown by a scenario, and none else is.
func TestGolden_everyEvent(t *testing.T) {
	shown := map[string]bool{}
	eachGolden(t, func(_ pcommon.Map, record plog.LogRecord) { shown[record.EventName()] = true })
	described := map[string]bool{}
	for _, event := range describedEvents() {
		described[event.Name] = true
	}
	assert.Equal(t, described, shown)
}

// described maps attributes to their types.
func described(groups ...[]names.Attribute) map[string]names.Type {
	types := map[string]names.Type{}
	for _, group := range groups {
		for _, attribute := range group {
			types[attribute.Name] = attribute.Type
		}
	}
	return types
}

// Every attribute is described, and has the type that is written there.
func TestGolden_everyAttributeIsDescribed(t *testing.T) {
	ofResource := described(slices.Concat(names.ResourceAttributes(), names.ContainerAttributes()))
	ofEvents := described(names.EventAttributes())
	for _, tracer := range names.Tracers() {
		maps.Copy(ofEvents, described(tracer.Attributes))
	}
	check := func(types map[string]names.Type, attributes pcommon.Map) {
		for name, value := range attributes.All() {
			if strings.HasPrefix(name, names.ProcessEnvironmentPrefix) {
				name = names.ProcessEnvironmentPrefix + "<key>"
			}
			if assert.Contains(t, types, name) {
				assert.Equal(t, types[name], typeOf(value), name)
			}
		}
	}
	eachGolden(t, func(resource pcommon.Map, record plog.LogRecord) {
		check(ofResource, resource)
		check(ofEvents, record.Attributes())
	})
}

func typeOf(v pcommon.Value) names.Type {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return names.String
	case pcommon.ValueTypeInt:
		return names.Int
	case pcommon.ValueTypeDouble:
		return names.Double
	case pcommon.ValueTypeBool:
		return names.Bool
	case pcommon.ValueTypeSlice:
		return names.StringArray
	}
	return names.Type(v.Type().String())
}

// The descriptions of the events list the attributes that each has beyond those that all may have.
func TestGolden_attributesStandInTheirEvent(t *testing.T) {
	common := described(names.EventAttributes())
	listed := map[string]map[string]bool{}
	for _, event := range describedEvents() {
		listed[event.Name] = map[string]bool{}
		for _, attribute := range event.Attributes {
			listed[event.Name][attribute] = true
		}
	}
	missing := map[string]bool{}
	eachGolden(t, func(_ pcommon.Map, record plog.LogRecord) {
		for name := range record.Attributes().All() {
			if strings.HasPrefix(name, names.ProcessEnvironmentPrefix) {
				name = names.ProcessEnvironmentPrefix + "<key>"
			}
			if _, ok := common[name]; !ok && !listed[record.EventName()][name] {
				missing[record.EventName()+": "+name] = true
			}
		}
	})
	assert.Empty(t, missing)
}

// What all records have in common, as the design has it.
func TestGolden_form(t *testing.T) {
	eachGolden(t, func(resource pcommon.Map, record plog.LogRecord) {
		assert.NotZero(t, record.Timestamp())
		assert.Greater(t, record.ObservedTimestamp(), record.Timestamp())
		assert.Equal(t, plog.SeverityNumberInfo, record.SeverityNumber())
		assert.Empty(t, record.SeverityText())
		assert.NotEmpty(t, record.Body().Str())
		assert.NotContains(t, record.Body().Str(), "\n")
		for _, attributes := range []pcommon.Map{resource, record.Attributes()} {
			seen := map[string]bool{}
			for name := range attributes.All() {
				assert.False(t, seen[name], "%s comes twice", name)
				seen[name] = true
			}
		}
	})
}

// Secrets that the scenarios' commands have in their arguments appear nowhere.
func TestGolden_noSecrets(t *testing.T) {
	redacted := 0
	eachGolden(t, func(_ pcommon.Map, record plog.LogRecord) {
		all := fmt.Sprint(record.Body().Str(), record.Attributes().AsRaw())
		assert.NotContains(t, all, "hunter2")
		redacted += strings.Count(all, redaction.Redacted)
	})
	assert.Positive(t, redacted)
}

// A process is told by its pid and the time of its creation, so every event has to give the same time,
// be it its own or that of a child.
func TestGolden_processesAgree(t *testing.T) {
	for _, path := range scenarioPaths(t) {
		if strings.Contains(path, "clock_jump") {
			continue
		}
		times := map[int64]any{}
		agree := func(pid, created any) {
			if pid == nil || created == nil {
				return
			}
			if known, ok := times[pid.(int64)]; ok {
				assert.Equal(t, known, created, "%s: process %d", path, pid)
			}
			times[pid.(int64)] = created
		}
		forEach(t, readScenario(t, path), func(_ pcommon.Map, record plog.LogRecord) {
			raw := record.Attributes().AsRaw()
			agree(raw[names.ProcessPID], raw[names.ProcessCreationTime])
			agree(raw[names.ProcessParentPID], raw[names.ProcessParentCreationTime])
		})
		assert.NotEmpty(t, times)
	}
}
