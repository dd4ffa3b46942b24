// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func decodedSocket(t *testing.T, e socketbpf.SocketSocketEvent) decode.Event {
	t.Helper()
	e.Header.Process.Pid, e.Header.Tid = 42, 42
	e.Header.Kind = e.Facts.Kind
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.NativeEndian, e))
	event, err := decode.NewSocket().Decode(b.Bytes())
	require.NoError(t, err)
	return event
}

func TestUnixName(t *testing.T) {
	seen := map[string]string{}
	for given, want := range map[string]string{
		"/run/a.sock": "/run/a.sock", "a.sock": "a.sock", "\x00abstract": "@abstract", "@path": `\x40path`, "\x00@": "@@", "\x00": "@",
		"/a\nb": `/a\x0ab`, `/a\x0ab`: `/a\\x0ab`, "\x00a\x00\x00": `@a\x00\x00`, "/\xff": `/\xff`, "/é ü": "/é ü", "/\u200b": `/\xe2\x80\x8b`,
		"/\uFFFD": "/\uFFFD",
	} {
		got := unixName([]byte(given))
		assert.Equal(t, want, got)
		assert.Empty(t, seen[got], "%q and %q have one name", seen[got], given)
		seen[got] = given
	}
}

func TestSocket_kinds(t *testing.T) {
	for want, f := range map[string]decode.SocketFacts{
		"a socket (inet, raw, tcp)":      {Family: 2, Type: 3, Protocol: 6},
		"a socket (inet6, raw, 200)":     {Family: 10, Type: 3, Protocol: 200},
		"a socket (packet, packet, arp)": {Family: 17, Type: 10, Protocol: 0x0608},
		"a socket (packet, raw, ipv4)":   {Family: 17, Type: 3, Protocol: 0x0008},
		"a socket (packet, raw, ipv6)":   {Family: 17, Type: 3, Protocol: 0xdd86},
		"a socket (packet, dgram, all)":  {Family: 17, Type: 2, Protocol: 0x0300},
		"a socket (packet, dgram)":       {Family: 17, Type: 2},
		"a socket (mctp, rdm)":           {Family: 45, Type: 4},
		"a socket (46, seqpacket, -1)":   {Family: 46, Type: 5, Protocol: -1},
		"a socket (4294967295, 15, 1)":   {Family: 1<<32 - 1, Type: 15, Protocol: 1},
		"a socket (inet, dccp, dccp)":    {Family: 2, Type: 6, Protocol: 33},
		"a socket (netlink, raw, 16)":    {Family: 16, Type: 3, Protocol: 16},
		"a socket (unix, stream)":        {Family: 1, Type: 1},
	} {
		r := appendOne(t, decodedSocket(t, socketbpf.SocketSocketEvent{Facts: f}), someone("/bin/x"), Socket)
		assert.Equal(t, "x opened "+want, r.Body().Str())
		assert.Equal(t, names.EventSocketCreate, r.EventName())
	}
}

func TestSocket_transports(t *testing.T) {
	for want, f := range map[string]decode.SocketFacts{
		"tcp": {Family: 2, Type: 1, Protocol: 262}, "udplite": {Family: 10, Type: 2, Protocol: 136}, "sctp": {Family: 2, Type: 5, Protocol: 132},
		"dccp": {Family: 2, Type: 6, Protocol: 33}, "unix": {Family: 1, Type: 1}, "": {Family: 2, Type: 3, Protocol: 1}, "<nil>": {Family: 40, Type: 1},
	} {
		f.Kind = decode.KindSocketBind
		raw := appendOne(t, decodedSocket(t, socketbpf.SocketSocketEvent{Facts: f}), someone("/bin/x"), Socket).Attributes().AsRaw()
		if want == "" || want == "<nil>" {
			assert.NotContains(t, raw, names.NetworkTransport)
			continue
		}
		assert.Equal(t, want, raw[names.NetworkTransport])
	}
}

// A raw socket has an address, but its port is none.
func TestSocket_withoutPort(t *testing.T) {
	e := socketbpf.SocketSocketEvent{Facts: decode.SocketFacts{
		Kind: decode.KindSocketBind, Family: 2, Type: 3, Protocol: 1, Address: [16]uint8{127, 0, 0, 1},
	}}
	r := appendOne(t, decodedSocket(t, e), someone("/bin/x"), Socket)
	assert.Equal(t, "x bound 127.0.0.1", r.Body().Str())
	assert.NotContains(t, r.Attributes().AsRaw(), names.NetworkLocalPort)
	// An IPv6 socket that is bound to an IPv4 address.
	e.Facts.Family, e.Facts.Protocol, e.BoundPort, e.Facts.Address = 10, 17, 53, [16]uint8{10: 0xff, 0xff, 127, 0, 0, 1}
	r = appendOne(t, decodedSocket(t, e), someone("/bin/x"), Socket)
	assert.Equal(t, "x bound udp 127.0.0.1:53", r.Body().Str())
	assert.Equal(t, "ipv4", r.Attributes().AsRaw()[names.NetworkType])
}

func TestSocket_unknownKinds(t *testing.T) {
	l := NewLogs(testScope, testHost, testClock())
	assert.False(t, l.Append(forkEvent(), someone("/bin/sh"), observedAt, Socket))
	assert.False(t, l.Append(&decode.SocketRepeat{Facts: decode.SocketFacts{Kind: 9}}, someone("/bin/sh"), observedAt, Socket))
	event := decodedSocket(t, socketbpf.SocketSocketEvent{}).(*decode.Socket)
	event.Facts.Kind = 9
	assert.False(t, l.Append(event, someone("/bin/sh"), observedAt, Socket))
	assert.Zero(t, l.Len())
}
