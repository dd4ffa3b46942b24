// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	dnsbpf "github.com/meerkat-otel/meerkat/bpf/dns"
)

// DNSPortsMax is how many ports of name servers the kernel half has room for.
const DNSPortsMax = 8

// DNS observes what processes ask name servers, and what these answer.
func DNS() Spec {
	return Spec{
		Name:           "dns",
		Brief:          "Names that processes look up, and what they are answered.",
		DefaultEnabled: true,
		Cost:           CostHigh,
		Privileges:     basePrivileges(cgroupPrivilege),
		Kinds:          []string{"query", "answer", "lookup"},
		Load:           dnsbpf.LoadDNS,
		Hooks: []Hook{
			// Owners first, so that no query is seen of a socket that was not.
			hook("connect4", dnsbpf.DNSProgDnsConnect4),
			hook("connect6", dnsbpf.DNSProgDnsConnect6),
			hook("sendmsg4", dnsbpf.DNSProgDnsSendmsg4),
			hook("sendmsg6", dnsbpf.DNSProgDnsSendmsg6),
			hook("sock_release", dnsbpf.DNSProgDnsSockRelease),
			hook("egress", dnsbpf.DNSProgDnsEgress),
			hook("ingress", dnsbpf.DNSProgDnsIngress),
		},
		Snapshot: dnsbpf.DNSProgDnsSnapshot,
	}
}

// DNSConstants tell the programs at which ports name servers are.
func DNSConstants(ports []uint16) map[string]any {
	var list [DNSPortsMax]uint16
	copy(list[:], ports)
	return map[string]any{dnsbpf.DNSVarServerPorts: list}
}
