// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Numbers of the kernel's, whatever this program is built for.
const (
	familyUnix   = 1
	familyInet   = 2
	familyInet6  = 10
	familyPacket = 17
)

func socketFamily(number uint32) string {
	if all := names.SocketFamilies(); number < uint32(len(all)) {
		return all[number]
	}
	return strconv.FormatUint(uint64(number), 10)
}

func socketType(number uint32) string {
	switch number {
	case 1:
		return "stream"
	case 2:
		return "dgram"
	case 3:
		return "raw"
	case 4:
		return "rdm"
	case 5:
		return "seqpacket"
	case 6:
		return "dccp"
	case 10:
		return "packet"
	}
	return strconv.FormatUint(uint64(number), 10)
}

// internetProtocols are those that sockets are likely to be opened for, with their keywords at IANA.
func internetProtocols() map[int32]string {
	return map[int32]string{
		0: "ip", 1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah",
		58: "ipv6-icmp", 89: "ospf", 103: "pim", 112: "vrrp", 132: "sctp", 136: "udplite", 255: "raw", 262: "mptcp",
	}
}

// socketProtocol is empty for a socket that has none.
func socketProtocol(family uint32, number int32) string {
	switch family {
	case familyInet, familyInet6:
		if name, known := internetProtocols()[number]; known {
			return name
		}
	case familyPacket:
		return etherType(bits.ReverseBytes16(uint16(number)))
	}
	if number == 0 {
		return ""
	}
	return strconv.Itoa(int(number))
}

// etherType names what a packet socket receives.
func etherType(number uint16) string {
	switch number {
	case 0:
		return ""
	case 0x0003:
		return "all"
	case 0x0800:
		return "ipv4"
	case 0x0806:
		return "arp"
	case 0x86dd:
		return "ipv6"
	}
	return fmt.Sprintf("0x%04x", number)
}

// socketTransport is empty for sockets that talk without a transport protocol.
func socketTransport(f *decode.SocketFacts) string {
	if f.Family == familyUnix {
		return "unix"
	}
	if f.Family != familyInet && f.Family != familyInet6 {
		return ""
	}
	switch name := internetProtocols()[f.Protocol]; name {
	case "tcp", "udp", "udplite", "sctp", "dccp":
		return name
	case "mptcp":
		return "tcp"
	}
	return ""
}

// unixName is a socket's name in a form that nothing else has: "@" stands for the zero byte in front of a
// name that has no place in a file system, and what can't be printed is escaped.
func unixName(name []byte) string {
	var b strings.Builder
	switch name[0] {
	case 0:
		b.WriteByte('@')
		name = name[1:]
	case '@':
		b.WriteString(`\x40`)
		name = name[1:]
	}
	for len(name) > 0 {
		char, size := utf8.DecodeRune(name)
		switch {
		case char == '\\':
			b.WriteString(`\\`)
		case (char == utf8.RuneError && size == 1) || !unicode.IsPrint(char):
			for _, unprintable := range name[:size] {
				fmt.Fprintf(&b, `\x%02x`, unprintable)
			}
		default:
			b.Write(name[:size])
		}
		name = name[size:]
	}
	return b.String()
}
