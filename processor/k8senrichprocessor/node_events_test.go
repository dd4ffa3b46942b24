// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// nodeProgram is the only program in the containers.
const nodeProgram = "busybox"

// nodeSink keeps the events of containers, and those of the containers' program wherever they are.
type nodeSink struct {
	mu  sync.Mutex
	all []nodeEvent
}

// Capabilities implements consumer.Logs.
func (*nodeSink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs implements consumer.Logs.
func (s *nodeSink) ConsumeLogs(_ context.Context, data plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range data.ResourceLogs().All() {
		resource := of.Resource().Attributes().AsRaw()
		for _, scope := range of.ScopeLogs().All() {
			for _, r := range scope.LogRecords().All() {
				program, ok := r.Attributes().Get(names.ProcessExecutableName)
				if resource[names.ContainerID] != nil || ok && program.Str() == nodeProgram {
					s.all = append(s.all, nodeEvent{r.EventName(), r.Timestamp().AsTime(), resource, r.Attributes().AsRaw()})
				}
			}
		}
	}
	return nil
}

// events returns those that came so far and that a function wants, in the order in which they came.
func (s *nodeSink) events(wanted func(nodeEvent) bool) []nodeEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []nodeEvent
	for _, e := range s.all {
		if wanted(e) {
			found = append(found, e)
		}
	}
	return found
}

// nodeEvent is a log record with its resource.
type nodeEvent struct {
	name                 string
	at                   time.Time
	resource, attributes map[string]any
}

// process tells one process from all others.
func (e nodeEvent) process() [2]any {
	return [2]any{e.attributes[names.ProcessPID], e.attributes[names.ProcessCreationTime]}
}

// says is what the containers' program was executed with, empty if the event is something else.
func (e nodeEvent) says() string {
	arguments, _ := e.attributes[names.ProcessCommandArgs].([]any)
	if e.name != names.EventProcessExec || e.attributes[names.ProcessExecutableName] != nodeProgram || len(arguments) == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintln(arguments[1:]...))
}

func (e nodeEvent) container() string {
	id, _ := e.resource[names.ContainerID].(string)
	return id
}

// side is the end of a connection that an event is of, empty if it is of none.
func (e nodeEvent) side() string {
	side, _ := e.attributes[names.ConnectionSide].(string)
	return side
}

// connection tells one connection from all others, at both of its ends.
func (e nodeEvent) connection() [4]any {
	return [4]any{
		e.attributes[names.ClientAddress], e.attributes[names.ClientPort], e.attributes[names.ServerAddress], e.attributes[names.ServerPort],
	}
}
