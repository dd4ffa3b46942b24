// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// errMalformed is said of bytes that are no message, or one that nobody would send.
var errMalformed = errors.New("not a well-formed message")

// question is what is asked. Names are compared without regard to case, so they are kept in small letters.
type question struct {
	name  string
	kind  dnsmessage.Type
	class dnsmessage.Class
}

// message is what is of interest in one.
type message struct {
	id        uint16
	answers   bool
	truncated bool
	code      dnsmessage.RCode
	question  question
	// asked is the name as it was written, in presentation format.
	asked string
	// addresses are those that the answer gives for the name, with how long they hold.
	addresses []address
	// more is how many addresses were left out.
	more int
}

type address struct {
	addr netip.Addr
	life time.Duration
}

// parse reads a message. cut says that its end is missing: then the part that is there has to be well formed.
func parse(payload []byte, cut bool) (*message, error) {
	var p dnsmessage.Parser
	header, err := p.Start(payload)
	if err != nil {
		return nil, errMalformed
	}
	asked, err := p.Question()
	if err != nil {
		return nil, errMalformed
	}
	// One question is all that anybody asks (RFC 9619).
	if _, err := p.Question(); !errors.Is(err, dnsmessage.ErrSectionDone) {
		return nil, errMalformed
	}
	m := &message{
		id: header.ID, answers: header.Response, truncated: header.Truncated, code: header.RCode,
		question: question{smallLetters(asked.Name.String()), asked.Type, asked.Class},
		asked:    presentation(asked.Name.String()),
	}
	if !m.answers {
		return m, nil
	}
	if err := m.readAnswers(&p); err != nil && !cut {
		return nil, err
	}
	return m, nil
}

// readAnswers follows the aliases from the name that was asked for to its addresses. They come in order;
// records of other names are of no interest.
func (m *message) readAnswers(p *dnsmessage.Parser) error {
	name, life := m.question.name, nameLifeMax
	for range answerRecordsMax {
		header, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if err != nil {
			return errMalformed
		}
		ours := smallLetters(header.Name.String()) == name && header.Class == dnsmessage.ClassINET
		life = min(life, time.Duration(header.TTL)*time.Second)
		switch {
		case ours && header.Type == dnsmessage.TypeCNAME:
			alias, err := p.CNAMEResource()
			if err != nil {
				return errMalformed
			}
			name = smallLetters(alias.CNAME.String())
		case ours && header.Type == dnsmessage.TypeA:
			a, err := p.AResource()
			if err != nil {
				return errMalformed
			}
			m.add(netip.AddrFrom4(a.A), life)
		case ours && header.Type == dnsmessage.TypeAAAA:
			a, err := p.AAAAResource()
			if err != nil {
				return errMalformed
			}
			m.add(netip.AddrFrom16(a.AAAA).Unmap(), life)
		default:
			if err := p.SkipAnswer(); err != nil {
				return errMalformed
			}
		}
	}
	return errMalformed
}

func (m *message) add(addr netip.Addr, life time.Duration) {
	if len(m.addresses) == AnswerAddressesMax {
		m.more++
		return
	}
	m.addresses = append(m.addresses, address{addr, life})
}

// smallLetters knows the letters of ASCII alone (RFC 4343): names are bytes, not text.
func smallLetters(name string) string {
	small := []byte(name)
	for i, c := range small {
		if 'A' <= c && c <= 'Z' {
			small[i] = c + 'a' - 'A'
		}
	}
	return string(small)
}

// presentation is the presentation format of RFC 1035 without the last dot: what is not printable, or has a
// meaning of its own there, is escaped.
func presentation(name string) string {
	name = strings.TrimSuffix(name, ".")
	if name == "" {
		return "."
	}
	plain := func(c byte) bool { return c > ' ' && c < 0x7f && !strings.ContainsRune(`"();@$\`, rune(c)) }
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case plain(c):
			b.WriteByte(c)
		case c > ' ' && c < 0x7f:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return b.String()
}

// typeName is the mnemonic of a type, or the form that RFC 3597 gives to one without.
func typeName(t dnsmessage.Type) string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("TYPE%d", uint16(t))
}

var typeNames = map[dnsmessage.Type]string{
	1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA", 29: "LOC",
	33: "SRV", 35: "NAPTR", 39: "DNAME", 41: "OPT", 43: "DS", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3",
	52: "TLSA", 64: "SVCB", 65: "HTTPS", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 255: "ANY", 257: "CAA",
}

// codeName is the mnemonic of a response code.
func codeName(c dnsmessage.RCode) string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("RCODE%d", uint16(c))
}

var codeNames = map[dnsmessage.RCode]string{
	0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 7: "YXRRSET",
	8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE",
}
