// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Nothing is left of an event when the next one is filled.
func TestEvent_reset(t *testing.T) {
	var event Event
	event.SetText(FieldImage, "/Bin/SH")
	assert.Equal(t, "/bin/sh", string(event.text(FieldImage, false)))
	event.SetText(FieldImage, "/Bin/LS")
	assert.Equal(t, "/bin/ls", string(event.text(FieldImage, false)))
	assert.Equal(t, "/Bin/LS", string(event.text(FieldImage, true)))
	event.SetText(FieldCommandLine, "x")
	event.Reset(FileEvent)
	assert.False(t, event.has(FieldImage))
	assert.False(t, event.has(FieldCommandLine))
	event.AddText(FieldCommandLine, "a")
	assert.Equal(t, "a", string(event.text(FieldCommandLine, true)))
}

// Arguments are joined by spaces, empty ones too, also after the value was looked at.
func TestEvent_addText(t *testing.T) {
	var event Event
	for _, argument := range []string{"LS", "", "-L"} {
		event.AddText(FieldCommandLine, argument)
		event.text(FieldCommandLine, false)
	}
	assert.Equal(t, "ls  -l", string(event.text(FieldCommandLine, false)))
}

// Values are cut at the limit, and it is told.
func TestEvent_cut(t *testing.T) {
	var event Event
	event.SetText(FieldCommandLine, strings.Repeat("a", eventValueBytesMax))
	assert.Zero(t, event.Cut())
	event.AddText(FieldCommandLine, "b")
	assert.Equal(t, 2, event.Cut())
	assert.Len(t, event.text(FieldCommandLine, false), eventValueBytesMax)
	event.Reset(ProcessCreation)
	assert.Zero(t, event.Cut())
}

// A text in a field of numbers that is none is neither less nor more than any.
func TestEvent_noNumber(t *testing.T) {
	set, report := loadTexts(map[string]string{"rule.yml": ruleText("process_creation", "s: {ProcessId|lt: 5}\nt: {ProcessId: 0}\ncondition: s or t")})
	require.Empty(t, report.Refused)
	var event Event
	event.SetText(FieldProcessID, "none")
	assert.Empty(t, set.Match(&event, nil))
	event.SetText(FieldProcessID, "4")
	assert.Equal(t, []int{0}, set.Match(&event, nil))
}

func TestEvent_lowerCase(t *testing.T) {
	for text, want := range map[string]string{"": "", "AbC": "abc", "ÄÖÜ": "äöü", "ΑΒΓ": "αβγ", "a\xffB": "a\xffb", "\xe2\x28\xa1": "\xe2\x28\xa1"} {
		assert.Equal(t, want, string(appendLower(nil, []byte(text))))
	}
}

// An event of no category, and a set without rules, match nothing.
func TestSet_empty(t *testing.T) {
	var event Event
	set, _ := Load()
	assert.Empty(t, set.Match(&event, nil))
	event.Reset(categoryCount)
	assert.Empty(t, set.Match(&event, nil))
	assert.False(t, set.Asks(categoryCount, FieldImage))
}

// A set tells what has to be set in events.
func TestSet_asks(t *testing.T) {
	set, report := loadTexts(map[string]string{
		"a.yml": ruleText("process_creation", "a: {Image|endswith: /x, CommandLine|re: y}\nb: [{ParentImage: null}, {ProcessId: 1}]\ncondition: a and not b"),
		"b.yml": ruleText("network_connection", "a: {SourceIp|fieldref: DestinationIp, SourcePort|lt: 5}\nb: {DestinationIp|cidr: 10.0.0.0/8}\ncondition: 1 of *"),
	})
	require.Empty(t, report.Refused)
	asked := map[Category][]Field{}
	for category := range categoryCount {
		for _, field := range Fields() {
			if set.Asks(category, field) {
				asked[category] = append(asked[category], field)
			}
		}
	}
	assert.Equal(t, map[Category][]Field{
		ProcessCreation:   {FieldImage, FieldCommandLine, FieldProcessID, FieldParentImage},
		NetworkConnection: {FieldDestinationIP, FieldSourceIP, FieldSourcePort},
	}, asked)
}

// The table of fields is complete, and events name attributes that Meerkat has.
func TestMappings(t *testing.T) {
	known := map[string]bool{}
	for _, list := range [][]names.Attribute{
		names.ResourceAttributes(), names.EventAttributes(), names.ProcessAttributes(), names.FileAttributes(),
		names.TCPAttributes(), names.ContainerAttributes(), names.EnrichmentAttributes(),
	} {
		for _, attribute := range list {
			known[attribute.Name] = true
		}
	}
	seen := map[string]bool{}
	for _, field := range Fields() {
		m := MappingOf(field)
		assert.NotEmpty(t, m.Name, "field %d", field)
		assert.False(t, seen[strings.ToLower(m.Name)], m.Name)
		assert.NotContains(t, neverThere, strings.ToLower(m.Name))
		assert.NotZero(t, m.Categories, m.Name)
		seen[strings.ToLower(m.Name)] = true
		for _, attribute := range m.Attributes {
			assert.True(t, known[attribute], attribute)
		}
	}
	assert.Less(t, int(fieldCount), 64, "a field has a bit of 64")
	assert.Less(t, int(categoryCount), 16, "a category has a bit of 16")
}

// Each event is of the category that the table says.
func TestCategoryOf(t *testing.T) {
	for _, m := range EventMappings() {
		category, ok := CategoryOf(m.Event, m.Access)
		assert.True(t, ok, m.Event)
		assert.Equal(t, m.Category, category, m.Event)
	}
	for _, event := range []string{names.EventProcessExit, names.EventTCPClose, ""} {
		_, ok := CategoryOf(event, "")
		assert.False(t, ok, event)
	}
	_, ok := CategoryOf(names.EventFileOpen, "")
	assert.False(t, ok, "an open that says not for what")
}
