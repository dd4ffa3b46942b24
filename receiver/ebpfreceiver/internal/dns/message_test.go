// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

func TestParse_followsAliases(t *testing.T) {
	name, alias, end, stranger := dnsmessage.MustNewName("web.example."), dnsmessage.MustNewName("a.example."),
		dnsmessage.MustNewName("B.example."), dnsmessage.MustNewName("stranger.example.")
	m := reply(ask(1, "WEB.example."), nil)
	m.Answers = []dnsmessage.Resource{
		record(name, 50*time.Second, &dnsmessage.CNAMEResource{CNAME: alias}),
		record(stranger, time.Second, &dnsmessage.AResource{A: [4]byte{6, 6, 6, 6}}),
		record(alias, 2*time.Hour, &dnsmessage.CNAMEResource{CNAME: end}),
		record(dnsmessage.MustNewName("b.EXAMPLE."), time.Hour, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}),
		record(dnsmessage.MustNewName("b.example."), time.Hour, &dnsmessage.AAAAResource{AAAA: [16]byte{0x20, 1, 15: 1}}),
		record(end, time.Hour, &dnsmessage.TXTResource{TXT: []string{"x"}}),
	}
	parsed, err := parse(wire(t, m), false)
	require.NoError(t, err)
	require.Len(t, parsed.addresses, 2)
	assert.Equal(t, netip.MustParseAddr("192.0.2.1"), parsed.addresses[0].addr)
	assert.Equal(t, netip.MustParseAddr("2001::1"), parsed.addresses[1].addr)
	assert.Equal(t, time.Second, parsed.addresses[0].life, "no longer than anything on the way")

	m.Answers = nil
	for n := range AnswerAddressesMax + 3 {
		m.Answers = append(m.Answers, record(name, time.Hour, &dnsmessage.AResource{A: [4]byte{192, 0, 2, byte(n)}}))
	}
	parsed, err = parse(wire(t, m), false)
	require.NoError(t, err)
	assert.Len(t, parsed.addresses, AnswerAddressesMax)
	assert.Equal(t, 3, parsed.more)
}

func TestPresentation(t *testing.T) {
	for raw, want := range map[string]string{
		".": ".", "": ".", "web.example.": "web.example", "_sip._tcp.example.": "_sip._tcp.example",
		"a b.example.": `a\032b.example`, "\x00\x7f\xff.": `\000\127\255`, `q"s\`: `q\"s\\`, "*.example.": "*.example",
	} {
		assert.Equal(t, want, presentation(raw), "%q", raw)
	}
	assert.Equal(t, "TYPE0", typeName(0))
	assert.Equal(t, "RCODE23", codeName(23))
}
