// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// pollEvery is how often a test looks whether what it waits for is there.
const pollEvery = 200 * time.Millisecond

// event is a log record with its resource.
type event struct {
	name                 string
	at                   time.Time
	resource, attributes map[string]any
}

// readEvents reads the lines of OTLP/JSON that the file exporter has written so far; no file has no events. The last line may be
// incomplete.
func readEvents(path string) ([]event, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []event
	for line := range bytes.Lines(content[:bytes.LastIndexByte(content, '\n')+1]) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		all = append(all, eventsOf(logs)...)
	}
	return all, nil
}

func eventsOf(logs plog.Logs) []event {
	var all []event
	for _, of := range logs.ResourceLogs().All() {
		resource := of.Resource().Attributes().AsRaw()
		for _, scope := range of.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				all = append(all, event{
					name: record.EventName(), at: record.Timestamp().AsTime(), resource: resource, attributes: record.Attributes().AsRaw(),
				})
			}
		}
	}
	return all
}

// selectEvents returns the events with a name that a function wants.
func selectEvents(all []event, name string, wanted func(event) bool) []event {
	return slices.DeleteFunc(all, func(e event) bool { return e.name != name || !wanted(e) })
}
