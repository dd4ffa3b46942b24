// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strconv"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// Address families and types of sockets, by the kernel's numbers.
const (
	familyUnix    = 1
	familyIPv4    = 2
	familyIPv6    = 10
	familyNetlink = 16
	familyVsock   = 40
	// typeMask leaves out the flags that stand beside the type.
	typeMask      = 0xf
	typeStream    = 1
	typeDatagram  = 2
	typeRaw       = 3
	typeSequenced = 5
)

// sockets allows the kinds of sockets that everybody opens, and those that the workload opens. It returns what is refused.
func (d *document) sockets(f *Facts) []string {
	if !f.watches("socket") {
		d.allow([]string{"socketcall"}, "what runtimes allow, and nobody watched")
		d.allowIf("socket", "what runtimes allow, and nobody watched", argument{Index: 0, Value: familyVsock, Op: opNotEqual})
		return nil
	}
	// Through socketcall(), which only old 32-bit programs use, everything could be opened: its arguments are behind a pointer.
	refused := []string{"socketcall", "sockets of other families"}
	for _, family := range []uint64{familyUnix, familyNetlink} {
		d.allowIf("socket", "", ofFamily(family))
	}
	for _, family := range []uint64{familyIPv4, familyIPv6} {
		for _, kind := range []uint64{typeStream, typeDatagram, typeSequenced} {
			d.allowIf("socket", "", ofFamily(family), ofType(kind))
		}
	}
	raw := false
	for _, family := range f.socketFamilies() {
		if family == familyIPv4 || family == familyIPv6 {
			raw = true
			d.allowIf("socket", "used by the workload", ofFamily(family), ofType(typeRaw))
		} else {
			d.allowIf("socket", "used by the workload", ofFamily(family))
		}
	}
	if !raw {
		refused = append(refused, "raw sockets")
	}
	return refused
}

// socketFamilies returns the families of unusual sockets that the workload opens, each once.
func (f *Facts) socketFamilies() []uint64 {
	var all []uint64
	for _, name := range f.named(habit.Socket) {
		if number, ok := familyNumber(name); ok {
			all = append(all, number)
		}
	}
	return all
}

func ofFamily(family uint64) argument { return argument{Index: 0, Value: family, Op: opEqual} }

func ofType(kind uint64) argument {
	return argument{Index: 1, Value: typeMask, ValueTwo: kind, Op: opMasked}
}

// familyNumber returns the kernel's number of a family by the name that events have.
func familyNumber(name string) (uint64, bool) {
	if i := slices.Index(names.SocketFamilies(), name); i >= 0 {
		return uint64(i), true
	}
	number, err := strconv.ParseUint(name, 10, 16)
	return number, err == nil
}
