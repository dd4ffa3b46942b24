// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

var (
	start  = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	limits = Limits{IncidentsMax: 100, BytesMax: 1 << 20}
)

// on is an incident of a host, in the workload of that host, that begins so long after start.
func on(host string, after time.Duration, behaviours ...uint64) *fleet.Incident {
	i := &fleet.Incident{ID: "of " + host, Host: host, Workload: "prod/shop/deployment/" + host + "/app", Opened: start.Add(after), Score: 20}
	for n, id := range behaviours {
		i.Steps = append(i.Steps, fleet.Step{Behaviour: incident.Behaviour{
			ID: id, Weight: 8, Action: behaviour.Exec, Object: fmt.Sprint(id), First: i.Opened.Add(time.Duration(n+1) * time.Second),
		}})
	}
	return i
}

func end(after time.Duration, client, server string) incident.End {
	return incident.End{Time: start.Add(after), Client: netip.MustParseAddrPort(client), Server: netip.MustParseAddrPort(server)}
}

// opens and accepts add a step with a connection.
func opens(i *fleet.Incident, e incident.End) *fleet.Incident {
	return connects(i, behaviour.Connect, e)
}

func accepts(i *fleet.Incident, e incident.End) *fleet.Incident {
	return connects(i, behaviour.Accept, e)
}

func connects(i *fleet.Incident, action behaviour.Action, e incident.End) *fleet.Incident {
	i.Steps = append(i.Steps, fleet.Step{Behaviour: incident.Behaviour{
		ID: uint64(len(i.Steps)) + 1000, Weight: 8, Action: action, Object: e.Server.String(), First: e.Time, Ends: []incident.End{e},
		Destination: action == behaviour.Connect,
	}})
	return i
}

func put(b *Book, i *fleet.Incident) *Member { return b.Put(i, false, nil, 100, start) }

// An attack goes from a to b, and from there to c.
func TestBook_connection(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}} {
		incidents := []*fleet.Incident{
			opens(on("a", 0, 1, 2), end(time.Minute, "10.0.0.1:40001", "10.0.0.2:22")),
			opens(accepts(on("b", time.Minute, 3), end(time.Minute, "10.0.0.1:40001", "10.0.0.2:22")), end(2*time.Minute, "10.0.0.2:40002", "10.0.0.3:22")),
			accepts(on("c", 2*time.Minute, 4), end(2*time.Minute+time.Second, "10.0.0.2:40002", "10.0.0.3:22")),
		}
		b := NewBook(limits)
		for _, at := range order {
			put(b, incidents[at])
		}
		b.Tidy(start)
		var open []*Chain
		for _, c := range b.Chains() {
			if c.Into == nil {
				open = append(open, c)
			}
		}
		require.Len(t, open, 1, order)
		c := open[0]
		require.Len(t, c.Members(), 3)
		assert.Equal(t, []string{"a", "b", "c"}, []string{c.Members()[0].Incident.Host, c.Members()[1].Incident.Host, c.Members()[2].Incident.Host})
		steps, more := c.Steps()
		assert.Len(t, steps, 8)
		assert.Zero(t, more)
		assert.Equal(t, "a", steps[0].Of.Incident.Host)
		assert.Greater(t, c.Score(), 20.0)
		assert.False(t, c.Closed())
	}
}

func TestBook_notConnected(t *testing.T) {
	connection := end(time.Minute, "10.0.0.1:40001", "10.0.0.2:22")
	for name, second := range map[string]*fleet.Incident{
		"no end":           on("b", time.Minute, 3),
		"another port":     accepts(on("b", time.Minute, 3), end(time.Minute, "10.0.0.1:40007", "10.0.0.2:22")),
		"another server":   accepts(on("b", time.Minute, 3), end(time.Minute, "10.0.0.1:40001", "10.0.0.9:22")),
		"long after":       accepts(on("b", time.Hour, 3), end(time.Hour, "10.0.0.1:40001", "10.0.0.2:22")),
		"began before":     accepts(on("b", 0, 3), connection),
		"the client's end": opens(on("b", time.Minute, 3), connection),
	} {
		b := NewBook(limits)
		put(b, opens(on("a", 0, 1, 2), connection))
		assert.Nil(t, put(b, second).Chain(), name)
	}
	for _, address := range []string{"127.0.0.1", "0.0.0.0", "169.254.0.1"} {
		nowhere := end(time.Minute, address+":40001", address+":22")
		b := NewBook(limits)
		put(b, opens(on("a", 0, 1, 2), nowhere))
		assert.Nil(t, put(b, accepts(on("b", time.Minute, 3), nowhere)).Chain(), "%s is on each host", address)
	}
}

// A Service's address is translated; the client's host knows who is behind it.
func TestBook_translated(t *testing.T) {
	for peer, joined := range map[string]bool{
		"peer/deployment/shop/b": true, "peer/deployment/shop/bb": false, "peer/deployment/other/b": false, "peer/service/shop/b": false, "": false,
	} {
		opened := end(time.Minute, "10.0.0.1:40001", "10.96.0.7:80")
		opened.Peer = peer
		b := NewBook(limits)
		put(b, opens(on("a", 0, 1), opened))
		m := put(b, accepts(on("b", time.Minute, 3), end(time.Minute, "10.0.0.1:40001", "10.0.0.2:8080")))
		assert.Equal(t, joined, m.Chain() != nil, peer)
	}
}

// Whoever makes all connect to one server joins them with nothing: the server's incident began with one of them at most, and theirs with none.
func TestBook_hub(t *testing.T) {
	b := NewBook(limits)
	hub := on("hub", 0, 1)
	for n := range 16 {
		at := time.Duration(n) * 10 * time.Second
		c := end(at, fmt.Sprintf("10.0.1.%d:40000", n), "10.0.0.53:53")
		hub = accepts(hub, c)
		put(b, opens(on(fmt.Sprint("client", n), at, uint64(10+n), uint64(100+n)), c))
	}
	put(b, hub)
	for n := range 16 {
		m := b.Find(fmt.Sprint("client", n), fmt.Sprint("of client", n))
		if m.Chain() != nil {
			assert.LessOrEqual(t, len(m.Chain().Members()), 2, "only the first one may have caused it")
			assert.Zero(t, n)
		}
	}
}

// If two could be the cause, nobody can tell.
func TestBook_ambiguous(t *testing.T) {
	b := NewBook(limits)
	connection := end(time.Minute, "10.0.0.1:40001", "10.0.0.2:22")
	put(b, opens(on("a", 0, 1, 2), connection))
	put(b, opens(on("liar", 0, 5, 6), connection))
	assert.Nil(t, put(b, accepts(on("b", time.Minute, 3), connection)).Chain())
	assert.Positive(t, b.Stats().Ambiguous)
}

// Two that accept from each other are no circle.
func TestBook_circle(t *testing.T) {
	b := NewBook(limits)
	there, back := end(0, "10.0.0.1:40001", "10.0.0.2:22"), end(0, "10.0.0.2:40001", "10.0.0.1:22")
	put(b, accepts(opens(on("a", 0), there), back))
	m := put(b, opens(accepts(on("b", 0), there), back))
	require.NotNil(t, m.Chain())
	assert.Len(t, m.Chain().Members(), 2)
}

// One that has many effects has a limit.
func TestBook_effectsMax(t *testing.T) {
	b := NewBook(limits)
	worm := on("worm", 0, 1)
	for n := range effectsMax + 5 {
		c := end(time.Duration(n)*time.Second, "10.0.0.1:40001", fmt.Sprintf("10.0.1.%d:22", n))
		worm = opens(worm, c)
		put(b, accepts(on(fmt.Sprint("victim", n), time.Duration(n)*time.Second, uint64(n+50), uint64(n+150)), c))
	}
	m := put(b, worm)
	assert.Len(t, m.Chain().Members(), effectsMax+1)
	assert.Equal(t, 5, m.Chain().Omitted)
}

func TestBook_alike(t *testing.T) {
	b := NewBook(limits)
	first := put(b, on("a", 0, 1, 2, 3))
	assert.Nil(t, first.Chain())
	second := put(b, on("b", time.Hour, 1, 2, 3))
	require.NotNil(t, second.Chain())
	assert.Same(t, first.Chain(), second.Chain())
	assert.False(t, second.Connected())
	assert.Nil(t, put(b, on("c", time.Hour, 7, 8, 9)).Chain())
	elsewhere := on("d", time.Hour, 1, 2, 3)
	elsewhere.Steps[2].Destination = true
	assert.Nil(t, put(b, elsewhere).Chain(), "its data goes somewhere else")
	// It goes on in another way, and so is something else.
	put(b, on("b", time.Hour, 1, 10, 11, 12, 13))
	assert.Nil(t, second.Chain())
	assert.Nil(t, first.Chain())
	chain := b.Chains()[0]
	assert.Equal(t, "closed", chain.Tell(start))
	b.Tidy(start)
	assert.Empty(t, b.Chains())
}

func TestBook_suppressed(t *testing.T) {
	b := NewBook(limits)
	put(b, on("a", 0, 1, 2, 3))
	second := b.Put(on("b", 0, 1, 2, 3), true, nil, 100, start)
	assert.Nil(t, second.Chain())
	b.Suppress(second, false)
	require.NotNil(t, second.Chain())
	b.Suppress(second, true)
	assert.Nil(t, second.Chain())
}

func TestChain_due(t *testing.T) {
	b := NewBook(limits)
	put(b, on("a", 0, 1, 2, 3))
	m := put(b, on("b", 0, 1, 2, 3))
	c := m.Chain()
	assert.True(t, c.Due(start, time.Minute))
	assert.Equal(t, "opened", c.Tell(start))
	assert.False(t, c.Due(start.Add(time.Hour), time.Minute))
	put(b, on("c", 0, 1, 2, 3))
	assert.False(t, c.Due(start.Add(time.Second), time.Minute), "too soon")
	assert.True(t, c.Due(start.Add(time.Minute), time.Minute))
	assert.Equal(t, "updated", c.Tell(start))
	for _, host := range []string{"a", "b", "c"} {
		i := on(host, 0, 1, 2, 3)
		i.Closed = true
		put(b, i)
	}
	assert.True(t, c.Due(start, time.Hour))
	assert.Equal(t, "closed", c.Tell(start))
	b.Tidy(start.Add(2 * rememberedMax))
	assert.Zero(t, b.Stats().Incidents)
	assert.Zero(t, b.Stats().Bytes)
}

func TestBook_bounds(t *testing.T) {
	b := NewBook(Limits{IncidentsMax: 10, BytesMax: 20 << 10})
	for n := range 100 {
		b.Put(on(fmt.Sprint(n), 0, uint64(3*n), uint64(3*n+1), uint64(3*n+2)), false, nil, 3<<10, start)
	}
	s := b.Stats()
	assert.Equal(t, 5, s.Incidents)
	assert.LessOrEqual(t, s.Bytes, 20<<10)
	assert.Equal(t, uint64(95), s.Forgotten)

	b = NewBook(limits)
	for n := range membersMax + 5 {
		put(b, on(fmt.Sprint(n), 0, 1, 2, 3))
	}
	assert.Len(t, b.Chains()[0].Members(), membersMax)
	assert.Equal(t, uint64(5), b.Stats().Omitted)
}
