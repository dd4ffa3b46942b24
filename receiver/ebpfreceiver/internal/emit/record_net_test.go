// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

func recordConnections(t *testing.T) {
	sh, r := recordShell(t, `
echo hello > page
busybox httpd -f -p 127.0.0.1:18081 & first=$!
busybox httpd -f -p [::1]:18082 & second=$!
busybox httpd -f -p 18083 & third=$!
sleep 1
busybox wget -q -O - http://127.0.0.1:18081/page
busybox wget -q -O - http://[::1]:18082/page
busybox wget -q -O - http://127.0.0.1:18083/page
busybox wget -q -O - http://127.0.0.1:18084/page
perl -MSocket -e '
for my $port (18081, 18081, 18081, 18084, 18084) {
	socket(my $client, AF_INET, SOCK_STREAM, 0);
	connect($client, pack_sockaddr_in($port, INADDR_LOOPBACK));
	syswrite($client, "GET /page HTTP/1.0\r\n\r\n");
	1 while sysread($client, my $answer, 1000);
}
'
sleep 1
kill $first $second $third
wait
`, nil, tracer.Process(), tracer.TCP())
	family := r.family(sh.command.Process.Pid)
	s := newScenario(t, "tcp_connections", `
Connections from wget to httpd, seen from both ends: over IPv4, over IPv6, over IPv4 to a socket that
listens on IPv6, and to a port where nobody listens. Then more of them from one process.`)
	s.addBefore(sh, r)
	s.addRecords(r.chosen("process", family))
	s.add("process logs", nil)
	s.addRecords(r.chosen("tcp", family))
	for _, entry := range r.seen["tcp"] {
		if family(&decode.TCPRepeat{Header: decode.Header{Process: keyOf(t, entry)}}) {
			s.add("tcp seen", dump(entry))
		}
	}
	s.results("tcp")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzTCP", seedsOf(t, r.chosen("tcp", family)))
}

func recordFlows(t *testing.T) {
	sh, r := recordShell(t, `
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1:18086");
	for (1..3) { $s->recv($b, 99); $s->send(uc $b) }' &
sleep 1
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1:18086");
	for (1..3) { $s->send("hello" x $_); $s->recv($b, 99) }'
wait
bash -c 'echo hello > /dev/udp/::1/18087'
`, nil, tracer.Process(), tracer.UDP())
	family := r.family(sh.command.Process.Pid)
	s := newScenario(t, "udp_flows", `
Datagrams between a client and a server, seen from both ends, and one over IPv6 to a port where nobody
listens. The flows are told when their sockets are closed.`)
	s.addBefore(sh, r)
	s.addRecords(r.chosen("process", family))
	s.add("process logs", nil)
	s.addRecords(r.chosen("udp", family))
	s.results("udp")
	for _, entry := range r.flowsOf(family) {
		s.add("udp flow closed", dump(entry))
	}
	s.results("udp")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzUDP", seedsOf(t, r.chosen("udp", family)))
}

// keepFlows keeps the entries of the map of flows, key and value, by time.
func (r *recorder) keepFlows(live *tracer.Tracer) {
	r.t.Helper()
	type entry struct {
		key  tracer.UDPFlowKey
		flow tracer.UDPFlow
	}
	var all []entry
	require.NoError(r.t, tracer.UDPFlows(live).Visit(func(key *tracer.UDPFlowKey, flow *tracer.UDPFlow) bool {
		all = append(all, entry{*key, *flow})
		return true
	}))
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.flow.Header.TimeNs, b.flow.Header.TimeNs) })
	for _, e := range all {
		var b bytes.Buffer
		require.NoError(r.t, binary.Write(&b, binary.NativeEndian, e))
		r.flows = append(r.flows, b.Bytes())
	}
}

func (r *recorder) flowsOf(match func(decode.Event) bool) [][]byte {
	r.t.Helper()
	return slices.DeleteFunc(r.flows, func(entry []byte) bool { return !match(undumpedFlow(r.t, entry)) })
}

// undumpedFlow makes the event of an entry.
func undumpedFlow(t testing.TB, entry []byte) *decode.UDPFlow {
	t.Helper()
	var key tracer.UDPFlowKey
	var flow tracer.UDPFlow
	b := bytes.NewReader(entry)
	require.NoError(t, binary.Read(b, binary.NativeEndian, &key))
	require.NoError(t, binary.Read(b, binary.NativeEndian, &flow))
	require.Zero(t, b.Len())
	return decode.NewUDPFlow(&key, &flow)
}

// recordedServerPort is where the name server of the recording listens.
const recordedServerPort = 18085

func recordLookups(t *testing.T) {
	serveNames(t, "127.0.0.1:"+strconv.Itoa(recordedServerPort))
	query, err := (&dnsmessage.Message{
		Header: dnsmessage.Header{ID: 1, RecursionDesired: true},
		Questions: []dnsmessage.Question{{
			Name: dnsmessage.MustNewName("Over-TCP.example."), Type: dnsmessage.TypeAAAA, Class: dnsmessage.ClassINET,
		}},
	}).Pack()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "query")
	require.NoError(t, os.WriteFile(file, append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...), 0o600))
	sh, r := recordShell(t, strings.ReplaceAll(`
busybox nslookup -type=a web.example 127.0.0.1:18085
busybox nslookup -type=a absent.example 127.0.0.1:18085
busybox nslookup -type=a truncated.example 127.0.0.1:18085
timeout 1 busybox nslookup -type=a silent.example 127.0.0.1:18085
busybox nc 127.0.0.1 18085 < QUERY
busybox wget -q -O - http://127.0.0.77:18084/page
`, "QUERY", file), tracer.DNSConstants([]uint16{recordedServerPort}), tracer.Process(), tracer.TCP(), tracer.DNS())
	family := r.family(sh.command.Process.Pid)
	s := newScenario(t, "dns_lookups", `
A name is looked up and found, another one is not, a third one does not fit into its answer, and the fourth
is not answered. One more is looked up over TCP. The address that was found is connected to.`)
	s.addBefore(sh, r)
	s.addRecords(r.chosen("process", family))
	s.add("process logs", nil)
	messages := r.chosen("dns", family)
	s.addRecords(messages)
	last, err := decode.NewDNS().Decode(messages[len(messages)-1].bytes)
	require.NoError(t, err)
	s.add("dns time", []byte(strconv.FormatUint(last.Head().TimeNs+uint64(time.Minute), 10)+"\n"))
	s.results("dns")
	s.addRecords(r.chosen("tcp", family))
	s.results("tcp")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzDNS", seedsOf(t, messages))
}

// serveNames is a name server for the duration of a recording.
func serveNames(t *testing.T, address string) {
	t.Helper()
	udp, err := net.ListenPacket("udp4", address)
	require.NoError(t, err)
	tcp, err := net.Listen("tcp4", address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, udp.Close()) })
	t.Cleanup(func() { require.NoError(t, tcp.Close()) })
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := udp.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer := answerName(buffer[:n]); answer != nil {
				_, _ = udp.WriteTo(answer, from)
			}
		}
	}()
	go func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			query, _ := io.ReadAll(c)
			answer := answerName(query[2:])
			_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			_ = c.Close()
		}
	}()
}

func answerName(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil {
		return nil
	}
	m.Response, m.Additionals = true, nil
	name := m.Questions[0].Name.String()
	switch {
	case strings.HasPrefix(name, "silent."):
		return nil
	case strings.HasPrefix(name, "absent."):
		m.RCode = dnsmessage.RCodeNameError
	case strings.HasPrefix(name, "truncated."):
		m.Truncated = true
	case m.Questions[0].Type == dnsmessage.TypeAAAA:
		header := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 300}
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AAAAResource{AAAA: [16]byte{0x20, 1, 0xd, 0xb8, 15: 1}}}}
	default:
		canonical := dnsmessage.MustNewName("canonical.example.")
		alias := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 300}
		header := dnsmessage.ResourceHeader{Name: canonical, Class: dnsmessage.ClassINET, TTL: 300}
		m.Answers = []dnsmessage.Resource{
			{Header: alias, Body: &dnsmessage.CNAMEResource{CNAME: canonical}},
			{Header: header, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 77}}},
		}
	}
	answer, err := m.Pack()
	if err != nil {
		return nil
	}
	return answer
}
