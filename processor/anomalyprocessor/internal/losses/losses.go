// SPDX-License-Identifier: Apache-2.0

// Package losses keeps how much of what happened on hosts was not seen lately, as receivers tell it.
//
// It knows no OTLP, and decides nothing: what is not seen is no reason for an incident, nor against one.
package losses

import (
	"sync"
	"time"
)

const (
	// Window is for how long a loss counts.
	Window = 10 * time.Minute
	// minutes are the parts in which a window is kept.
	minutes = int64(Window / time.Minute)
	// hostsMax bounds the hosts that are known; the one that was told of longest ago is forgotten for another.
	hostsMax = 4096
	// tracersMax bounds the tracers of a host; further ones are not kept. Both are counted.
	tracersMax = 48
	// textBytesMax bounds names of hosts and tracers.
	textBytesMax = 256
	// countMax is more than there can be in a window, so that sums don't overflow.
	countMax = 1 << 40
)

// Loss is how many events of a tracer there were, and how many of them were lost.
type Loss struct {
	Tracer        string
	Offered, Lost int64
}

// Hosts are hosts that lost events. The zero value is none. It is safe for concurrent use.
type Hosts struct {
	mu    sync.Mutex
	hosts map[string]*host
	// dropped counts hosts that were forgotten for others, and tracers that had no room.
	dropped uint64
}

// host has its tracers with what was lost in each of the last minutes.
type host struct {
	latest  int64
	tracers map[string]*[minutes]part
}

type part struct{ minute, offered, lost int64 }

// Add takes in a loss of a host, and tells whether it can be one.
func (h *Hosts) Add(name string, loss Loss, now time.Time) bool {
	if loss.Lost <= 0 || loss.Offered < 0 || name == "" || loss.Tracer == "" || len(name) > textBytesMax || len(loss.Tracer) > textBytesMax {
		return false
	}
	minute := now.Unix() / 60
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.host(name)
	at.latest = minute
	parts := at.tracers[loss.Tracer]
	if parts == nil {
		if len(at.tracers) >= tracersMax {
			h.dropped++
			return true
		}
		parts = new([minutes]part)
		at.tracers[loss.Tracer] = parts
	}
	p := &parts[minute%minutes]
	if p.minute != minute {
		*p = part{minute: minute}
	}
	p.lost = min(p.lost+min(loss.Lost, countMax), countMax)
	p.offered = min(p.offered+min(max(loss.Offered, loss.Lost), countMax), countMax)
	return true
}

// host returns a host, which is made known if it was not.
func (h *Hosts) host(name string) *host {
	if h.hosts == nil {
		h.hosts = map[string]*host{}
	}
	if at, ok := h.hosts[name]; ok {
		return at
	}
	if len(h.hosts) >= hostsMax {
		oldest := ""
		for other, at := range h.hosts {
			if oldest == "" || at.latest < h.hosts[oldest].latest {
				oldest = other
			}
		}
		delete(h.hosts, oldest)
		h.dropped++
	}
	at := &host{tracers: map[string]*[minutes]part{}}
	h.hosts[name] = at
	return at
}

// Share returns which share of its events the tracer has lost that lost most, of those minutes of the window in which it lost any; 0 if nothing is
// known to be lost. The worst one counts: whoever floods one tracer must not be able to hide that another one is blind.
func (h *Hosts) Share(name string, now time.Time) float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.hosts[name]
	if !ok {
		return 0
	}
	minute, worst := now.Unix()/60, 0.0
	for _, parts := range at.tracers {
		var lost, offered int64
		for _, p := range parts {
			if age := minute - p.minute; age >= 0 && age < minutes {
				lost, offered = lost+p.lost, offered+p.offered
			}
		}
		if lost > 0 {
			worst = max(worst, float64(lost)/float64(offered))
		}
	}
	return worst
}

// Dropped is how often a limit was hit.
func (h *Hosts) Dropped() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dropped
}
