// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

func TestFolds(t *testing.T) {
	server, shell, evil, other := behaviour.ProcessKey{PID: 1}, behaviour.ProcessKey{PID: 2}, behaviour.ProcessKey{PID: 3}, behaviour.ProcessKey{PID: 4}
	run := &execution{evil: map[behaviour.ProcessKey]bool{shell: true, evil: true}, events: []event{
		{Event: behaviour.Event{Process: shell, Parent: server}}, {Event: behaviour.Event{Process: evil, Parent: shell}}, {Event: behaviour.Event{Process: other}},
	}}
	attack, nothing, quiet := &incident.Incident{Nodes: []incident.Node{{Process: shell}}}, &incident.Incident{Nodes: []incident.Node{{Process: other}}}, &incident.Incident{}
	f := &folds{}
	f.count(outcome{run: run, raised: []*incident.Incident{attack, nothing}, surprising: []surprise{
		{shell, attack}, {evil, attack}, // told
		{evil, quiet}, {evil, nil}, {shell, nothing}, // lost
		{other, nothing}, {other, quiet}, {server, nil}, // dropped
		{other, attack}, {server, attack},
	}})
	assert.Equal(t, &folds{told: 2, lost: 3, dropped: 3, cluttering: 1, above: 1}, f)
	assert.Equal(t, "2 + 1 + 1, 3 + 3", f.String())
}
