// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// What the name server of the tests answers depends on how a name begins.
const (
	nameAbsent    = "absent."    // NXDOMAIN
	nameSilent    = "silent."    // nothing
	nameDeaf      = "deaf."      // nothing to the first query
	nameTruncated = "truncated." // over UDP: truncated, and nothing in it
	nameMany      = "many."      // more addresses than are kept
	nameGarbage   = "garbage."   // bytes that are no message, and then the answer
	nameAlias     = "alias."     // a canonical name, with its address
	nameForged    = "forged."    // first the answer to another question
)

var (
	serverAnswer4 = netip.MustParseAddr("127.0.0.77")
	serverAnswer6 = netip.MustParseAddr("2001:db8::77")
)

const serverTTL = 300

// nameServer answers over UDP and TCP at one port.
type nameServer struct {
	udp     *net.UDPConn
	tcp     net.Listener
	running sync.WaitGroup
	mu      sync.Mutex
	heard   map[string]bool
}

// startNameServer listens on the same port for both; 0 for any.
func startNameServer(address string) (*nameServer, error) {
	for range 10 {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		port := uint16(portOf(listener.Addr()))
		host := netip.MustParseAddrPort(address).Addr()
		udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, port)))
		if err != nil {
			_ = listener.Close()
			continue // somebody has the port
		}
		s := &nameServer{udp: udp, tcp: listener, heard: map[string]bool{}}
		s.running.Go(s.serveUDP)
		s.running.Go(s.serveTCP)
		return s, nil
	}
	return nil, errors.New("no port is free for both protocols")
}

func (s *nameServer) port() uint16    { return uint16(portOf(s.tcp.Addr())) }
func (s *nameServer) address() string { return s.tcp.Addr().String() }

func (s *nameServer) close() {
	_ = s.udp.Close()
	_ = s.tcp.Close()
	s.running.Wait()
}

func (s *nameServer) serveUDP() {
	buffer := make([]byte, 4096)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		for _, answer := range s.answers(buffer[:n], false) {
			_, _ = s.udp.WriteToUDPAddrPort(answer, from)
		}
	}
}

func (s *nameServer) serveTCP() {
	for {
		c, err := s.tcp.Accept()
		if err != nil {
			return
		}
		s.running.Go(func() {
			defer c.Close()
			var length [2]byte
			for {
				if _, err := io.ReadFull(c, length[:]); err != nil {
					return
				}
				query := make([]byte, binary.BigEndian.Uint16(length[:]))
				if _, err := io.ReadFull(c, query); err != nil {
					return
				}
				for _, answer := range s.answers(query, true) {
					_, _ = c.Write(withLength(answer))
				}
			}
		})
	}
}

// withLength puts the length in front, as over TCP.
func withLength(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
}

// answers returns what is sent back for a query.
func (s *nameServer) answers(query []byte, overTCP bool) [][]byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	name := strings.ToLower(m.Questions[0].Name.String())
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	switch {
	case strings.HasPrefix(name, nameSilent), strings.HasPrefix(name, nameDeaf) && s.isFirst(name):
		return nil
	case strings.HasPrefix(name, nameAbsent):
		m.RCode = dnsmessage.RCodeNameError
	case strings.HasPrefix(name, nameTruncated) && !overTCP:
		m.Truncated = true
	case strings.HasPrefix(name, nameMany):
		m.Answers = addresses(m.Questions[0], 40)
	case strings.HasPrefix(name, nameAlias):
		m.Answers = alias(m.Questions[0])
	default:
		m.Answers = addresses(m.Questions[0], 1)
	}
	packed, err := m.Pack()
	if err != nil {
		return nil
	}
	switch {
	case strings.HasPrefix(name, nameGarbage):
		return [][]byte{{0xff}, append(packed[:12:12], 0xc0, 0x0c, 0xc0, 0x0c), packed[:len(packed)-3], packed}
	case strings.HasPrefix(name, nameForged):
		forged := append([]byte(nil), packed...)
		forged[0]++ // the id of a query that nobody has sent
		return [][]byte{forged, packed}
	}
	return [][]byte{packed}
}

func (s *nameServer) isFirst(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.heard[name]
	s.heard[name] = true
	return first
}

// addresses are the answer to a question for them; the first is always the same.
func addresses(q dnsmessage.Question, number int) []dnsmessage.Resource {
	var all []dnsmessage.Resource
	for n := range number {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: serverTTL}
		switch q.Type {
		case dnsmessage.TypeA:
			a := serverAnswer4.As4()
			a[2] += byte(n)
			all = append(all, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a}})
		case dnsmessage.TypeAAAA:
			a := serverAnswer6.As16()
			a[14] += byte(n)
			all = append(all, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a}})
		}
	}
	return all
}

func alias(q dnsmessage.Question) []dnsmessage.Resource {
	canonical := dnsmessage.MustNewName("canonical.example.")
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeCNAME, Class: q.Class, TTL: serverTTL}
	q.Name = canonical
	return append([]dnsmessage.Resource{{Header: header, Body: &dnsmessage.CNAMEResource{CNAME: canonical}}}, addresses(q, 1)...)
}
