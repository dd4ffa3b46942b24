// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	dnsbpf "github.com/meerkat-otel/meerkat/bpf/dns"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

const second = uint64(time.Second)

// wire is a message as it is sent.
func wire(t testing.TB, m dnsmessage.Message) []byte {
	t.Helper()
	packed, err := m.Pack()
	require.NoError(t, err)
	return packed
}

func ask(id uint16, name string) dnsmessage.Message {
	return dnsmessage.Message{
		Header: dnsmessage.Header{ID: id},
		Questions: []dnsmessage.Question{{
			Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
		}},
	}
}

// reply answers with addresses of the name, each with a life of its own.
func reply(query dnsmessage.Message, lives map[string]time.Duration) dnsmessage.Message {
	query.Response = true
	for addr, life := range lives {
		query.Answers = append(query.Answers, record(query.Questions[0].Name, life, &dnsmessage.AResource{A: netip.MustParseAddr(addr).As4()}))
	}
	return query
}

func record(name dnsmessage.Name, life time.Duration, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: uint32(life / time.Second)}, Body: body,
	}
}

// sight is what the kernel half sees of a message.
type sight struct {
	socket, atNs uint64
	pid          uint32
	port         uint16
	tcp          bool
	cut          int // bytes that are missing at the end
}

func (s sight) of(t testing.TB, m dnsmessage.Message) *decode.DNSMessage {
	t.Helper()
	payload := wire(t, m)
	if s.tcp {
		payload = append(binary.BigEndian.AppendUint16(nil, uint16(len(payload))), payload...)
	}
	kind := decode.KindDNSQuery
	if m.Response {
		kind = decode.KindDNSAnswer
	}
	return s.bytes(t, kind, payload)
}

func (s sight) bytes(t testing.TB, kind uint16, payload []byte) *decode.DNSMessage {
	t.Helper()
	e := dnsbpf.DNSDnsMessageEvent{Socket: s.socket, Protocol: 17, MessageBytes: uint32(len(payload))}
	payload = payload[:len(payload)-s.cut]
	e.PayloadBytes, e.RoomBytes = uint16(len(payload)), uint16(len(payload))
	if s.tcp {
		e.Protocol = 6
	}
	e.Header.TimeNs, e.Header.Kind, e.Header.Process.Pid, e.Header.CgroupId = s.atNs, kind, s.pid, 7
	e.Ends.Family, e.Ends.RemoteAddress, e.Ends.RemotePort = 2, [16]uint8{127, 0, 0, 53}, 53+s.port
	b, err := binary.Append(nil, binary.NativeEndian, e)
	require.NoError(t, err)
	event, err := decode.NewDNS().Decode(append(b, payload...))
	require.NoError(t, err)
	return event.(*decode.DNSMessage)
}

// matching is a matcher and what came out of it.
type matching struct {
	*Matcher
	lookups []decode.DNSLookup
}

// lookupTimeout is how long the tests wait for an answer.
const lookupTimeout = 5 * time.Second

func newMatching() *matching { return &matching{Matcher: NewMatcher(NewNames())} }

func (m *matching) finished(l *decode.DNSLookup) { m.lookups = append(m.lookups, *l) }

func (m *matching) take(e *decode.DNSMessage) bool { return m.Take(e, m.finished) }

func TestMatcher_joinsQueryAndAnswer(t *testing.T) {
	m := newMatching()
	query := ask(1, "Web.Example.")
	require.True(t, m.take(sight{socket: 1, atNs: 10 * second, pid: 42}.of(t, query)))
	assert.Equal(t, Stats{Matched: 1, Pending: 1}, m.Stats())
	// Some change the case of letters in the question, to make forging harder.
	answer := reply(ask(1, "wEB.example."), map[string]time.Duration{"192.0.2.1": time.Hour})
	require.True(t, m.take(sight{socket: 1, atNs: 11 * second}.of(t, answer)))
	require.Len(t, m.lookups, 1)
	l := m.lookups[0]
	assert.Equal(t, []string{"Web.Example", "A", "NOERROR"}, []string{l.Name, l.Type, l.ResponseCode})
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, l.Addresses)
	assert.Equal(t, time.Second, l.Duration)
	assert.Equal(t, 11*second, l.Header.TimeNs)
	assert.EqualValues(t, 42, l.Header.Process.Pid, "of who asked")
	assert.Equal(t, decode.KindDNSLookup, l.Header.Kind)
	assert.Equal(t, "Web.Example", m.names.NameOf(7, netip.MustParseAddr("192.0.2.1"), 12*second))
	assert.False(t, m.take(sight{socket: 1, atNs: 12 * second}.of(t, answer)), "once is all")
	assert.Equal(t, Stats{Matched: 2, Unmatched: 1}, m.Stats())
}

// An answer counts only if everything about it fits.
func TestMatcher_ignoresWhatDoesNotFit(t *testing.T) {
	m := newMatching()
	right := sight{socket: 1, atNs: second}
	m.take(right.of(t, ask(1, "web.example.")))
	lives := map[string]time.Duration{"192.0.2.66": time.Hour}
	otherType := reply(ask(1, "web.example."), lives)
	otherType.Questions[0].Type = dnsmessage.TypeAAAA
	for name, e := range map[string]*decode.DNSMessage{
		"another id":       right.of(t, reply(ask(2, "web.example."), lives)),
		"another name":     right.of(t, reply(ask(1, "bank.example."), lives)),
		"another type":     right.of(t, otherType),
		"another socket":   sight{socket: 2, atNs: second}.of(t, reply(ask(1, "web.example."), lives)),
		"another server":   sight{socket: 1, atNs: second, port: 1}.of(t, reply(ask(1, "web.example."), lives)),
		"a query":          right.bytes(t, decode.KindDNSAnswer, wire(t, ask(1, "web.example."))),
		"an answer, asked": right.bytes(t, decode.KindDNSQuery, wire(t, reply(ask(1, "web.example."), lives))),
	} {
		assert.False(t, m.take(e), name)
	}
	assert.Empty(t, m.lookups)
	assert.Equal(t, Stats{Matched: 1, Unmatched: 7, Pending: 1}, m.Stats())
	assert.Empty(t, m.names.NameOf(7, netip.MustParseAddr("192.0.2.66"), second))
}

func TestMatcher_malformed(t *testing.T) {
	good := wire(t, ask(1, "web.example."))
	answer := wire(t, reply(ask(1, "web.example."), map[string]time.Duration{"192.0.2.1": time.Hour}))
	two := ask(1, "web.example.")
	two.Questions = append(two.Questions, two.Questions[0])
	none := ask(1, "web.example.")
	none.Questions = nil
	loop := append(append([]byte(nil), good[:12]...), 0xc0, 12, 0, 1, 0, 1)
	m := newMatching()
	m.take(sight{socket: 1}.bytes(t, decode.KindDNSQuery, good))
	bad := map[string][]byte{
		"nothing but a header": good[:12], "a part of a header": good[:11], "a question without its end": good[:len(good)-1],
		"two questions": wire(t, two), "no question": wire(t, none), "a name that contains itself": loop,
		"an answer without its end": answer[:len(answer)-1],
	}
	for name, payload := range bad {
		assert.False(t, m.take(sight{socket: 1}.bytes(t, decode.KindDNSAnswer, payload)), name)
	}
	assert.EqualValues(t, len(bad), m.Stats().Malformed)
	// What was cut by us instead is no fault of the message's.
	assert.True(t, m.take(sight{socket: 1, cut: 1}.bytes(t, decode.KindDNSAnswer, answer)))
	require.Len(t, m.lookups, 1)
	assert.Empty(t, m.lookups[0].Addresses)
}

func TestMatcher_retriesAndTimeouts(t *testing.T) {
	m := newMatching()
	m.take(sight{socket: 1, pid: 42, atNs: 0}.of(t, ask(1, "web.example.")))
	m.take(sight{socket: 1, pid: 42, atNs: 4 * second}.of(t, ask(1, "web.example.")))
	m.take(sight{socket: 2, pid: 42, atNs: 8 * second}.of(t, ask(2, "web.example.")))
	m.take(sight{socket: 3, pid: 43, atNs: 8 * second}.of(t, ask(3, "web.example.")))
	m.Expire(9*second-1, lookupTimeout, m.finished)
	assert.Empty(t, m.lookups)
	m.Expire(9*second, lookupTimeout, m.finished)
	require.Len(t, m.lookups, 1)
	first := m.lookups[0]
	assert.Empty(t, first.ResponseCode)
	assert.Equal(t, 1, first.Retries, "the same again")
	assert.Equal(t, 9*time.Second, first.Duration, "since it was asked first")
	m.take(sight{socket: 2, atNs: 9 * second}.of(t, reply(ask(2, "web.example."), nil)))
	m.take(sight{socket: 3, atNs: 9 * second}.of(t, reply(ask(3, "web.example."), nil)))
	require.Len(t, m.lookups, 3)
	assert.Equal(t, 2, m.lookups[1].Retries, "from another socket")
	assert.Zero(t, m.lookups[2].Retries, "another process")
	m.Expire(100*second, lookupTimeout, m.finished)
	assert.Len(t, m.lookups, 3)
	assert.Empty(t, m.asking, "nothing is left behind")
	assert.Zero(t, m.bytes)
}

func TestMatcher_streams(t *testing.T) {
	m := newMatching()
	framed := func(message dnsmessage.Message) []byte {
		b := wire(t, message)
		return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
	}
	tcp := sight{socket: 1, tcp: true}
	both := append(framed(ask(1, "a.example.")), framed(ask(2, "b.example."))...)
	assert.True(t, m.take(tcp.bytes(t, decode.KindDNSQuery, both)))
	assert.True(t, m.take(tcp.bytes(t, decode.KindDNSQuery, both)), "sent again")
	assert.Equal(t, 2, m.Stats().Pending)
	whole := framed(reply(ask(1, "a.example."), nil))
	assert.True(t, m.take(tcp.bytes(t, decode.KindDNSAnswer, append(whole, framed(reply(ask(2, "b.example."), nil))[:9]...))))
	require.Len(t, m.lookups, 1)
	assert.Zero(t, m.lookups[0].Retries)
	assert.True(t, m.lookups[0].TCP)
	assert.False(t, m.take(tcp.bytes(t, decode.KindDNSAnswer, []byte{0})))
	assert.EqualValues(t, 2, m.Stats().Split)
	// More messages in a segment than are looked at.
	assert.False(t, m.take(tcp.bytes(t, decode.KindDNSAnswer, make([]byte, 2*segmentMessagesMax+2))))
	assert.EqualValues(t, 3, m.Stats().Split)
}

func TestMatcher_isBounded(t *testing.T) {
	m := newMatching()
	m.max = 10
	for n := range 25 {
		m.take(sight{socket: uint64(n), atNs: uint64(n)}.of(t, ask(uint16(n), "web.example.")))
	}
	assert.Equal(t, Stats{Matched: 25, Evicted: 15, Pending: 10}, m.Stats())
	assert.Len(t, m.asking, 1)
	assert.True(t, m.take(sight{socket: 24, atNs: 30}.of(t, reply(ask(24, "web.example."), nil))), "the newest are kept")
	assert.False(t, m.take(sight{socket: 0, atNs: 30}.of(t, reply(ask(0, "web.example."), nil))))

	m = newMatching()
	long := strings.Repeat(strings.Repeat("x", 63)+".", 3)
	m.maxBytes = 5 * 2 * len(long)
	for n := range 25 {
		m.take(sight{socket: uint64(n)}.of(t, ask(uint16(n), long)))
	}
	assert.Equal(t, 5, m.Stats().Pending)
	assert.LessOrEqual(t, m.bytes, m.maxBytes)
}

// FuzzTake holds the matcher to its promises for any bytes: it neither crashes nor makes a lookup of what
// does not answer the question, and its names are printable.
func FuzzTake(f *testing.F) {
	f.Add(wire(f, ask(1, "web.example.")), true, false)
	f.Add(wire(f, reply(ask(1, "web.example."), map[string]time.Duration{"192.0.2.1": time.Hour})), false, false)
	f.Add([]byte{0, 12, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, true, true)
	f.Fuzz(func(t *testing.T, payload []byte, isQuery, tcp bool) {
		if len(payload) > 60000 {
			return
		}
		m := newMatching()
		m.take(sight{socket: 1, tcp: tcp}.of(t, ask(1, "web.example.")))
		kind := decode.KindDNSAnswer
		if isQuery {
			kind = decode.KindDNSQuery
		}
		m.take(sight{socket: 1, tcp: tcp}.bytes(t, kind, payload))
		m.Expire(100*second, lookupTimeout, m.finished)
		for _, l := range m.lookups {
			for i := range len(l.Name) {
				if c := l.Name[i]; c <= ' ' || c >= 0x7f {
					t.Fatalf("%q is not printable", l.Name)
				}
			}
			if l.ResponseCode != "" && !strings.EqualFold(l.Name, "web.example") && !isQuery {
				t.Fatalf("%q was not asked for", l.Name)
			}
		}
		if m.bytes != 0 || len(m.asking) != 0 {
			t.Fatal("something is left behind")
		}
	})
}
