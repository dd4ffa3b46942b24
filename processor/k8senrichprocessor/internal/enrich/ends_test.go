// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func TestStrangers(t *testing.T) {
	s, now := newStrangers(), time.Now()
	a := netip.MustParseAddr("10.0.0.1")
	assert.False(t, s.has(a, now))
	s.add(a, now)
	assert.True(t, s.has(a, now.Add(strangeFor-1)))
	s.add(a, now.Add(strangeFor-1))
	assert.False(t, s.has(a, now.Add(strangeFor)), "it is waited for again, also if it is asked for all the time")
	for n := range uint32(strangersMax) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], n+1)
		s.add(netip.AddrFrom4(b), now)
	}
	assert.Equal(t, strangersMax, s.known.Len())
	assert.False(t, s.has(a, now))
}

// Each end of a connection tells who is at the other, also if they see other addresses.
func TestEnds(t *testing.T) {
	e := newEnds()
	place := netip.MustParseAddrPort
	client := &Connection{transport: "tcp", client: place("10.1.0.7:40000"), server: place("10.96.0.10:80"), clientSide: true}
	server := &Connection{transport: "tcp", client: place("10.1.0.1:555"), server: place("10.1.0.6:8080")}
	e.note(client, holder{known: true})
	assert.False(t, e.other(server).known)
	server.Translated(client.client, client.server)
	assert.True(t, e.other(server).known)
	assert.False(t, e.other(client).known)
	before := e.generation.Load()
	e.note(client, holder{known: true})
	assert.Equal(t, before, e.generation.Load(), "that is no news")
	e.note(server, holder{known: true})
	client.Translated(server.client, server.server)
	record := pcommon.NewMap()
	client.WriteTranslated(record)
	assert.Equal(t, map[string]any{names.PeerSeesClient: "10.1.0.1:555", names.PeerSeesServer: "10.1.0.6:8080"}, record.AsRaw())
	server.WriteTranslated(record)
	assert.Equal(t, 2, record.Len(), "the server sees what it sees")
	untranslated := pcommon.NewMap()
	(&Connection{transport: "tcp", client: client.client, server: client.server, clientSide: true}).WriteTranslated(untranslated)
	assert.Zero(t, untranslated.Len())
	assert.True(t, e.other(client).known)
	for n := range connectionsMax {
		e.note(&Connection{transport: "udp", client: netip.AddrPortFrom(client.client.Addr(), uint16(n)), server: client.server}, holder{known: true})
	}
	assert.Equal(t, connectionsMax, e.known.Len())
}
