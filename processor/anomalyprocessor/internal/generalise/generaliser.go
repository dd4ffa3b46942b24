// SPDX-License-Identifier: Apache-2.0

package generalise

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// networksMax bounds the configured networks, which are compared one by one.
const networksMax = 256

// EphemeralPortDefault is the start of the range from which Linux chooses ports: /proc/sys/net/ipv4/ip_local_port_range.
const EphemeralPortDefault = 32768

// ErrConfig is what every error of New wraps.
var ErrConfig = errors.New("generalisation can't be configured so")

// Network is a range of addresses that people have a name for.
type Network struct {
	Name   string
	Prefix netip.Prefix
}

// Config is what the rules depend on.
type Config struct {
	// Networks are tried in this order.
	Networks []Network
	// EphemeralPort is the first port that says nothing, because the kernel chose it. Zero stands for EphemeralPortDefault.
	EphemeralPort uint16
	// Off leaves everything as it is. It is there to measure what generalisation is good for.
	Off bool
}

// Generaliser is safe for concurrent use.
type Generaliser struct{ config Config }

// New checks the configuration.
func New(config Config) (*Generaliser, error) {
	if len(config.Networks) > networksMax {
		return nil, fmt.Errorf("%w: %d networks, more than %d: join some", ErrConfig, len(config.Networks), networksMax)
	}
	for i, network := range config.Networks {
		if network.Name == "" || len(network.Name) > 128 || strings.ContainsAny(network.Name, "/<>") {
			return nil, fmt.Errorf("%w: network %d is called %q: give it a name of 1 to 128 bytes without / < >", ErrConfig, i, network.Name)
		}
		if !network.Prefix.IsValid() {
			return nil, fmt.Errorf("%w: network %s has no prefix: write it as 10.0.0.0/8", ErrConfig, network.Name)
		}
	}
	if config.EphemeralPort == 0 {
		config.EphemeralPort = EphemeralPortDefault
	}
	return &Generaliser{config}, nil
}

// Address generalises the far end of a connection: to the workload behind it if that is known, else to a configured network, else
// to the /24 or /48 around it; and to the port, unless the kernel chose it.
func (g *Generaliser) Address(o *Object, peer string, address netip.Addr, port uint16) {
	o.Reset()
	o.begin()
	switch {
	case peer != "":
		o.add("peer:")
		o.add(peer)
	case address.IsValid():
		g.place(o, address.Unmap())
	default:
		o.add("<nowhere>")
	}
	o.end()
	g.port(o, port)
}

func (g *Generaliser) place(o *Object, address netip.Addr) {
	if g.config.Off {
		o.addAddress(address)
		return
	}
	for _, network := range g.config.Networks {
		if network.Prefix.Contains(address) {
			o.add("network:")
			o.add(network.Name)
			return
		}
	}
	bits := 48
	switch {
	case address.IsLoopback():
		o.add("loopback")
		return
	case address.Is4():
		bits = 24
	}
	prefix, err := address.WithZone("").Prefix(bits)
	if err != nil {
		o.add("<nowhere>")
		return
	}
	o.addAddress(prefix.Addr())
	o.add("|")
	o.addNumber(bits)
}

// port adds a port as a segment of its own.
func (g *Generaliser) port(o *Object, port uint16) {
	o.begin()
	o.addByte('/')
	if port >= g.config.EphemeralPort && !g.config.Off {
		o.add(placeEphemeral)
	} else {
		o.addNumber(int(port))
	}
	o.end()
}

// Port generalises the port of a socket that listens.
func (g *Generaliser) Port(o *Object, port uint16) {
	o.Reset()
	g.port(o, port)
}

func (o *Object) addNumber(n int) {
	var digits [20]byte
	for _, b := range strconv.AppendInt(digits[:0], int64(n), 10) {
		o.addByte(b)
	}
}

func (o *Object) addAddress(address netip.Addr) {
	var text [64]byte
	for _, b := range address.AppendTo(text[:0]) {
		o.addByte(b)
	}
}

// Domain generalises a name that was looked up. Its segments begin with the top level, so that what belongs together is together.
func (g *Generaliser) Domain(o *Object, domain string) {
	o.Reset()
	for rest := strings.TrimSuffix(domain, "."); rest != ""; {
		dot := strings.LastIndexByte(rest, '.')
		label := rest[dot+1:]
		rest = rest[:max(dot, 0)]
		if o.full() && rest != "" {
			o.fold()
			return
		}
		o.begin()
		o.addByte('/')
		if g.config.Off {
			o.add(label)
		} else {
			o.addName(label)
		}
		o.end()
	}
	if o.count == 0 {
		o.SetLiteral("/")
	}
}
