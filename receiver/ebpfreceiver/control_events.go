// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"time"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// controlEvents makes events of what is changed over the control API.
type controlEvents struct {
	session *session
	ledger  ledger
}

// controlKinds are the kinds of these events, as those of a tracer.
func controlKinds() []string { return []string{"changed"} }

// changed tells the pipeline of a change, if there is one for logs.
func (c *controlEvents) changed(change controlapi.Change) {
	if c.session.sender == nil {
		return
	}
	by := change.Caller
	event := emit.Change{
		User: by.Name, Role: by.Role.String(), Via: by.Via, Address: by.Address,
		Action: change.Action, Subject: change.Subject, From: change.From, To: change.To,
	}
	c.ledger.kinds[0].offered.Add(1)
	logs := emit.Changed(c.session.scope, c.session.host, event, time.Now())
	c.session.sender.enqueue(batch{logs: logs, counts: [kindsMax]uint64{1}, ledger: &c.ledger})
}

// accounts returns where the events have gone, as those of a tracer.
func (c *controlEvents) accounts() []account {
	return c.ledger.balance(controlKinds(), make([]tracer.Counters, len(controlKinds())))
}
