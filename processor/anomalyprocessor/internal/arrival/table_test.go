// SPDX-License-Identifier: Apache-2.0

package arrival

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

var beginning = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// event is one end of a connection to a database, of which the client has a port.
func event(workload string, pid uint32, port uint16, after time.Duration) *behaviour.Event {
	return &behaviour.Event{
		Workload: workload, Process: behaviour.ProcessKey{PID: pid}, Executable: "/bin/" + workload, Time: beginning.Add(after),
		Client: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port), Server: netip.MustParseAddrPort("10.0.0.2:5432"),
	}
}

func TestTable_whicheverEndIsSeenFirst(t *testing.T) {
	opened, accepted := event("web", 1, 40001, 0), event("db", 2, 40001, time.Second)
	for name, play := range map[string]func(*Table){
		"opened":   func(t *Table) { t.Open(opened); t.Accept(accepted, "db") },
		"accepted": func(t *Table) { t.Accept(accepted, "db"); t.Open(opened) },
		"twice":    func(t *Table) { t.Open(opened); t.Accept(accepted, "db"); t.Open(opened); t.Accept(accepted, "db") },
	} {
		var table Table
		play(&table)
		require.Len(t, table.Of("db"), 1, name)
		found := table.Of("db")[0]
		assert.Equal(t, accepted.Process, found.Process, name)
		assert.Equal(t, accepted.Client, found.End.Client, name)
		assert.True(t, accepted.Time.Equal(found.End.Time), name)
		assert.Empty(t, table.Of("web"), name)
		require.Len(t, table.OpenedBy("web"), 1, name)
		assert.Equal(t, "/bin/web", table.OpenedBy("web")[0].Executable, name)
		assert.Equal(t, Stats{Found: 1}, table.Stats(), name)
	}
}

func TestTable_tellsApart(t *testing.T) {
	loopback, portless := event("db", 2, 40001, 0), event("db", 2, 40001, 0)
	loopback.Client = netip.MustParseAddrPort("127.0.0.1:40001")
	portless.Server = netip.AddrPortFrom(portless.Server.Addr(), 0)
	for name, accepted := range map[string]*behaviour.Event{
		"another port": event("db", 2, 40002, 0), "long after": event("db", 2, 40001, gapMax+time.Second), "long before": event("db", 2, 40001, -gapMax-time.Second),
		"loopback": loopback, "no port": portless,
	} {
		var table Table
		opened := event("web", 1, 40001, 0)
		if name == "loopback" {
			opened.Client = loopback.Client
		}
		table.Open(opened)
		table.Accept(accepted, "db")
		table.Open(opened)
		assert.Empty(t, table.Of("db"), name)
	}
}

// A flood of connections takes no more room than there is, and it is told.
func TestTable_bounded(t *testing.T) {
	var table Table
	for port := range uint16(20_000) {
		table.Open(event("web", 1, port+1, 0))
		table.Accept(event("db", 2, port+1, 0), "db")
	}
	stats := table.Stats()
	assert.Equal(t, uint64(20_000), stats.Found)
	assert.Equal(t, uint64(20_000-openedMax), stats.Opened)
	assert.Equal(t, uint64(20_000-arrivalsMax), stats.Arrivals)
	assert.Positive(t, stats.Accepted)
	assert.Len(t, table.Of("db"), arrivalsMax)
	assert.Len(t, table.OpenedBy("web"), openedMax)
	long := event(strings.Repeat("x", 10), 1, 30_000, 0)
	long.Executable, long.Peer = strings.Repeat("x", textBytesMax+1), strings.Repeat("x", textBytesMax+1)
	table.Open(long)
	assert.Empty(t, table.OpenedBy(long.Workload)[0].Executable)
}

func TestTable_acceptsWithoutAllocation(t *testing.T) {
	var table Table
	table.Open(event("web", 1, 1, 0))
	accepted := event("db", 2, 40001, 0)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { table.Accept(accepted, "db") }))
}

func TestTable_concurrent(t *testing.T) {
	var table Table
	var done sync.WaitGroup
	for n := range uint16(4) {
		done.Go(func() {
			for port := range uint16(500) {
				table.Open(event("web", 1, n*500+port+1, 0))
				table.Accept(event("db", 2, n*500+port+1, 0), "db")
				table.Of("db")
			}
		})
	}
	done.Wait()
	assert.Equal(t, uint64(2000), table.Found())
}
