// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"sync/atomic"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// kindsMax is EVENT_KINDS_MAX of bpf/include/event.h.
const kindsMax = 32

// userCounters says what became of the events of one kind after they left the kernel.
type userCounters struct {
	offered      atomic.Uint64 // made in user space
	undecodable  atomic.Uint64 // too short, too long
	aggregated   atomic.Uint64 // read, and told by another event
	filtered     atomic.Uint64 // read, and not wanted as an event
	heldBack     atomic.Uint64 // read, and more than the rate that is set
	delivered    atomic.Uint64 // taken by the pipeline
	lostQueue    atomic.Uint64 // the pipeline was too slow
	lostPipeline atomic.Uint64 // the pipeline refused them
	cut          atomic.Uint64 // delivered without a part
	// notDeduplicated were delivered although they may repeat an earlier one: there was no room to
	// remember that.
	notDeduplicated atomic.Uint64
	identityStale   atomic.Uint64 // delivered with what the process executed before
	identityNone    atomic.Uint64 // delivered without an executable
}

// identified counts an event that is delivered by how well its process is known.
func (u *userCounters) identified(outcome process.Outcome) {
	switch outcome {
	case process.Stale:
		u.identityStale.Add(1)
	case process.Missing:
		u.identityNone.Add(1)
	}
}

// ledger accounts for the events of one tracer in user space.
type ledger struct {
	kinds [kindsMax]userCounters
	// unknownKind counts records whose kind can't be told.
	unknownKind atomic.Uint64
}

// account is the balance of one kind of event: where everything that was offered has gone.
type account struct {
	Kind       string
	Offered    uint64
	Delivered  uint64
	Filtered   uint64
	Aggregated uint64
	HeldBack   uint64
	// KeptInKernel is how many of these never left the kernel.
	KeptInKernel uint64
	// Lost by stage: "ring" and "map" in the kernel, "decode", "queue" and "pipeline" here.
	Lost map[string]uint64
	// Cut counts delivered events that lack a part; NotDeduplicated those that may repeat an earlier
	// one for lack of room; IdentityStale and IdentityMissing those whose
	// process is not known well.
	Cut, NotDeduplicated, IdentityStale, IdentityMissing uint64
}

// inFlight is what was offered and has not arrived anywhere yet. When nothing happens it is zero, or
// something was lost without being counted.
func (a account) inFlight() int64 {
	arrived := a.Delivered + a.Filtered + a.Aggregated + a.HeldBack
	for _, lost := range a.Lost {
		arrived += lost
	}
	return int64(a.Offered) - int64(arrived)
}

// balance joins the kernel's counters with those kept here.
func (l *ledger) balance(kinds []string, kernel []tracer.Counters) []account {
	accounts := make([]account, len(kinds))
	for i, kind := range kinds {
		user, k := &l.kinds[i], kernel[i]
		accounts[i] = account{
			Kind:       kind,
			Offered:    k.Offered + user.offered.Load(),
			Delivered:  user.delivered.Load(),
			Filtered:   k.Filtered + user.filtered.Load(),
			Aggregated: k.Aggregated + user.aggregated.Load(),
			HeldBack:   k.HeldBack + user.heldBack.Load(),

			KeptInKernel: k.Filtered + k.Aggregated + k.HeldBack,
			Lost: map[string]uint64{
				"ring":     k.LostRing,
				"map":      k.LostMap,
				"decode":   user.undecodable.Load(),
				"queue":    user.lostQueue.Load(),
				"pipeline": user.lostPipeline.Load(),
			},
			Cut:             k.Cut + user.cut.Load(),
			NotDeduplicated: user.notDeduplicated.Load(),
			IdentityStale:   user.identityStale.Load(),
			IdentityMissing: user.identityNone.Load(),
		}
	}
	return accounts
}
