// SPDX-License-Identifier: Apache-2.0

package arrival

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// Arrival is a connection that was opened in an unusual way, as the process saw it that accepted it.
type Arrival struct {
	Workload string
	Process  behaviour.ProcessKey
	End      incident.End
}

// Opening is a connection that a process opened which should not be there, or in a way that is unusual.
type Opening struct {
	Workload, Executable string
	Process              behaviour.ProcessKey
	End                  incident.End
}

// Stats counts what was found, and which limits were hit.
type Stats struct {
	// Found counts connections of which both ends were seen.
	Found uint64
	// Accepted, Opened and Arrivals count what had to go for others before its time.
	Accepted, Opened, Arrivals uint64
}

// Table is safe for concurrent use. The zero value is ready.
type Table struct {
	found atomic.Uint64

	mu       sync.Mutex
	accepted []accepted // made with the first
	// opened are connections by the end that opened them; order are the same in the order in which they came.
	opened   map[netip.AddrPort]Opening
	order    []netip.AddrPort
	arrivals []Arrival
	// nextOpened and nextArrival are whose place is taken next, once all are taken.
	nextOpened, nextArrival int
	stats                   Stats
}

// accepted is a connection as the accepting end saw it. The workload is the profile's own text.
type accepted struct {
	client, server netip.AddrPort
	at             int64 // nanoseconds since 1970
	process        behaviour.ProcessKey
	workload       string
}

// Found is how many connections both ends were seen of. It tells whether there is anything new.
func (t *Table) Found() uint64 { return t.found.Load() }

// Stats returns the counts so far.
func (t *Table) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	stats := t.stats
	stats.Found = t.found.Load()
	return stats
}

// Accept takes in that a process accepted a connection, unusual or not; the text of the workload has to stay as it is. It allocates nothing unless
// the other end is known.
func (t *Table) Accept(e *behaviour.Event, workload string) {
	if !whole(e) {
		return
	}
	now := e.Time.UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.accepted == nil {
		t.accepted = make([]accepted, acceptedMax)
	}
	place := &t.accepted[hash(e.Client)%acceptedMax]
	if place.at != 0 && place.client != e.Client && near(place.at, now) {
		t.stats.Accepted++
	}
	*place = accepted{e.Client, e.Server, now, e.Process, workload}
	if known, ok := t.opened[e.Client]; ok && near(known.End.Time.UnixNano(), place.at) {
		t.arrive(place)
	}
}

// Open takes in that a connection was opened in an unusual way, or by who should not be there.
func (t *Table) Open(e *behaviour.Event) {
	if !whole(e) {
		return
	}
	now := e.Time.UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remember(e)
	if t.accepted == nil {
		return
	}
	if place := &t.accepted[hash(e.Client)%acceptedMax]; place.client == e.Client && near(place.at, now) {
		t.arrive(place)
	}
}

// remember keeps that a connection was opened, in the place of the oldest if there is no room.
func (t *Table) remember(e *behaviour.Event) {
	if t.opened == nil {
		t.opened = make(map[netip.AddrPort]Opening, openedMax)
	}
	_, known := t.opened[e.Client]
	t.opened[e.Client] = Opening{
		Workload: strings.Clone(e.Workload), Executable: clone(e.Executable), Process: e.Process,
		End: incident.End{Time: e.Time, Client: e.Client, Server: e.Server, Peer: clone(e.Peer)},
	}
	switch {
	case known:
	case len(t.order) < openedMax:
		t.order = append(t.order, e.Client)
	default:
		oldest := t.order[t.nextOpened]
		if near(t.opened[oldest].End.Time.UnixNano(), e.Time.UnixNano()) {
			t.stats.Opened++
		}
		delete(t.opened, oldest)
		t.order[t.nextOpened] = e.Client
		t.nextOpened = (t.nextOpened + 1) % openedMax
	}
}

// clone copies a text that is not too long to be kept; of one that is nothing is left.
func clone(text string) string {
	if len(text) > textBytesMax {
		return ""
	}
	return strings.Clone(text)
}

// OpenedBy returns the connections that processes of a workload opened, in the order in which they came.
func (t *Table) OpenedBy(workload string) []Opening {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []Opening
	for _, client := range t.order {
		if one := t.opened[client]; one.Workload == workload {
			all = append(all, one)
		}
	}
	return all
}

// Of returns the connections that processes of a workload accepted and whose other end was opened in an unusual way.
func (t *Table) Of(workload string) []Arrival {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []Arrival
	for at := range t.arrivals {
		if t.arrivals[at].Workload == workload {
			all = append(all, t.arrivals[at])
		}
	}
	return all
}

// arrive keeps a connection of which both ends are known, once.
func (t *Table) arrive(a *accepted) {
	for at := range t.arrivals {
		if known := &t.arrivals[at]; known.End.Client == a.client && known.Process == a.process && known.End.Time.UnixNano() == a.at {
			return
		}
	}
	one := Arrival{strings.Clone(a.workload), a.process, incident.End{Time: time.Unix(0, a.at), Client: a.client, Server: a.server}}
	t.found.Add(1)
	if len(t.arrivals) < arrivalsMax {
		t.arrivals = append(t.arrivals, one)
		return
	}
	t.stats.Arrivals++
	t.arrivals[t.nextArrival] = one
	t.nextArrival = (t.nextArrival + 1) % arrivalsMax
}

// whole tells whether both ends are known with their ports: else it could be any of several. Addresses that each network namespace has for itself
// say nothing about who is at the other end.
func whole(e *behaviour.Event) bool {
	for _, end := range [...]netip.AddrPort{e.Client, e.Server} {
		if address := end.Addr(); !address.IsValid() || end.Port() == 0 || address.IsLoopback() || address.IsUnspecified() || address.IsLinkLocalUnicast() {
			return false
		}
	}
	return true
}

func near(a, b int64) bool {
	gap := time.Duration(a - b)
	return gap <= gapMax && gap >= -gapMax
}

func hash(end netip.AddrPort) uint64 {
	var text [18]byte
	address := end.Addr().As16()
	copy(text[:], address[:])
	binary.BigEndian.PutUint16(text[16:], end.Port())
	return xxhash.Sum64(text[:])
}
