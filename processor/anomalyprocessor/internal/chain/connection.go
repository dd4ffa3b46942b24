// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"net/netip"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// ends returns the connections of the steps with an action.
func ends(i *fleet.Incident, action behaviour.Action) []incident.End {
	var all []incident.End
	for at := range i.Steps {
		if i.Steps[at].Action == action {
			all = append(all, i.Steps[at].Ends...)
		}
	}
	return all
}

// openings returns the connections that an incident opened, those included that are no steps.
func openings(i *fleet.Incident) []incident.End {
	all := ends(i, behaviour.Connect)
	for at := range i.Links {
		all = append(all, i.Links[at].Ends...)
	}
	return all
}

// leads tells whether a connection is what another incident of the same chain began with.
func (m *Member) leads(link *fleet.Step) bool {
	for _, other := range m.chain.members {
		if other.cause != m {
			continue
		}
		for _, accepted := range other.entries {
			for _, opened := range link.Ends {
				if same(opened, accepted, other.Incident.Workload) {
					return true
				}
			}
		}
	}
	return false
}

// entries returns the connections that an incident can have begun with: accepted just after its first step at the latest. What is accepted later
// did not cause it, however many do: so nobody makes a server to which all connect the middle of everything.
func entries(i *fleet.Incident) []incident.End {
	first := i.Opened
	for at := range i.Steps {
		if begin := i.Steps[at].First; at == 0 || begin.Before(first) {
			first = begin
		}
	}
	var all []incident.End
	for _, end := range ends(i, behaviour.Accept) {
		if end.Time.Sub(first) <= entryMax {
			all = append(all, end)
		}
	}
	for _, end := range i.Accepted {
		if gap := end.Time.Sub(first); gap <= entryMax && gap >= -acceptedMax {
			all = append(all, end)
		}
	}
	return all
}

// connected tells whether one incident opened a connection that another one began with.
func connected(cause, effect *Member) bool {
	if cause.Incident.Host == effect.Incident.Host && cause.Incident.Workload == effect.Incident.Workload {
		return false
	}
	for _, accepted := range effect.entries {
		for _, opened := range cause.opened {
			if same(opened, accepted, effect.Incident.Workload) {
				return true
			}
		}
	}
	return false
}

// same tells whether both ends are of one connection. The client's address and port are the same at both, unless they are translated; then nobody
// can tell. The server's are too, or the client's host knows which workload is behind them.
func same(opened, accepted incident.End, workload string) bool {
	if gap := opened.Time.Sub(accepted.Time); gap > connectionMax || gap < -connectionMax {
		return false
	}
	if opened.Client != accepted.Client || !telling(opened.Client) {
		return false
	}
	return opened.Server == accepted.Server && telling(opened.Server) || names(opened.Peer, workload)
}

// telling tells whether an address and port say on which host they are.
func telling(end netip.AddrPort) bool {
	address := end.Addr()
	return address.IsValid() && end.Port() != 0 && !address.IsLoopback() && !address.IsUnspecified() && !address.IsLinkLocalUnicast()
}

// names tells whether a far end (peer/kind/namespace/name) is a workload (cluster/namespace/kind/name/container).
func names(peer, workload string) bool {
	parts := strings.Split(peer, "/")
	if len(parts) < 4 || parts[0] != "peer" {
		return false
	}
	wanted := strings.Join([]string{"", parts[2], parts[1], parts[3], ""}, "/")
	return strings.Contains("/"+workload+"/", wanted)
}

// alike tells whether two incidents of different hosts consist of the same.
func alike(a, b *Member) bool {
	if a.Incident.Host == b.Incident.Host {
		return false
	}
	gap := a.Incident.Opened.Sub(b.Incident.Opened)
	return max(gap, -gap) <= rememberedMax && incident.Similar(a.signature, b.signature)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
