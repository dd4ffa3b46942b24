// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func TestDNS_outcomes(t *testing.T) {
	one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	const asked = "sh asked 127.0.0.53:53 for A web.example: "
	for name, c := range map[string]struct {
		lookup    decode.DNSLookup
		body      string
		failed    any
		answers   any
		omitted   any
		transport string
	}{
		"found":           {decode.DNSLookup{ResponseCode: "NOERROR", Addresses: []netip.Addr{one}}, asked + "192.0.2.1", nil, []any{"192.0.2.1"}, nil, "udp"},
		"found more":      {decode.DNSLookup{ResponseCode: "NOERROR", Addresses: []netip.Addr{one, other}, MoreAddresses: 3, TCP: true}, asked + "192.0.2.1 and 4 more", nil, []any{"192.0.2.1", "2001:db8::1"}, int64(3), "tcp"},
		"found nothing":   {decode.DNSLookup{ResponseCode: "NOERROR"}, asked + "NOERROR", nil, nil, nil, "udp"},
		"does not exist":  {decode.DNSLookup{ResponseCode: "NXDOMAIN"}, asked + "NXDOMAIN", "NXDOMAIN", nil, nil, "udp"},
		"nobody answered": {decode.DNSLookup{}, asked + "no answer", "timeout", nil, nil, "udp"},
	} {
		t.Run(name, func(t *testing.T) {
			e := c.lookup
			e.Name, e.Type, e.Duration, e.Retries = "web.example", "A", time.Second, 2
			e.Server, e.Client = netip.MustParseAddrPort("127.0.0.53:53"), netip.MustParseAddrPort("127.0.0.1:40000")
			r := appendOne(t, &e, someone("/bin/sh"), DNS)
			raw := r.Attributes().AsRaw()
			assert.Equal(t, c.body, r.Body().Str())
			assert.Equal(t, []any{c.failed, c.answers, c.omitted, c.transport},
				[]any{raw[names.ErrorType], raw[names.DNSAnswers], raw[names.DNSAnswersOmitted], raw[names.NetworkTransport]})
			assert.Equal(t, c.lookup.ResponseCode != "", raw[names.DNSResponseCode] != nil)
			assert.Equal(t, []any{1.0, int64(2), "127.0.0.53", int64(53)},
				[]any{raw[names.DNSDuration], raw[names.DNSRetries], raw[names.ServerAddress], raw[names.ServerPort]})
		})
	}
}

// peersOf knows one name, of one workload.
type peersOf struct {
	cgroup uint64
	addr   netip.Addr
}

func (p peersOf) NameOf(cgroup uint64, addr netip.Addr, _ uint64) string {
	if cgroup == p.cgroup && addr == p.addr {
		return "db.example"
	}
	return ""
}

func TestPeers_haveTheNameThatTheWorkloadKnows(t *testing.T) {
	near, far := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("192.0.2.1:443")
	for name, c := range map[string]struct {
		cgroup uint64
		peers  PeerNames
		want   any
	}{
		"known":               {7, peersOf{7, far.Addr()}, "db.example"},
		"to somebody else":    {7, peersOf{8, far.Addr()}, nil},
		"another address":     {7, peersOf{7, near.Addr()}, nil},
		"nobody's connection": {0, peersOf{0, far.Addr()}, nil},
		"nobody who knows":    {7, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewLogs(testScope, testHost, testClock())
			if c.peers != nil {
				l.NamePeers(c.peers)
			}
			flow := &decode.UDPFlow{Local: near, Remote: far, Side: decode.SideClient}
			flow.Header.CgroupId = c.cgroup
			require.True(t, l.Append(flow, someone("/bin/sh"), observedAt, UDP))
			logs := l.Take()
			raw := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
			assert.Equal(t, c.want, raw[names.PeerDNSName])
		})
	}
}
