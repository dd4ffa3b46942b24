// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
)

// ProcessKey identifies a process by pid and start time.
type ProcessKey = processbpf.ProcessProcessKey

// Rules say which values of something include an event, and which exclude it.
type Rules[T comparable] struct {
	Include, Exclude []T
}

func (r Rules[T]) empty() bool { return len(r.Include)+len(r.Exclude) == 0 }

// FilterRules are what the kernel half can decide by itself, and what it is to ask user space for.
type FilterRules struct {
	Users    Rules[uint32]
	Networks Rules[netip.Prefix]
	Ports    Rules[uint16]
	// Paths are absolute. One that ends with a slash means all below it, any other itself and all below it. The
	// longest one decides.
	Paths Rules[string]
	// Cgroups and Processes tell that verdicts on single ones will follow.
	Cgroups, Processes bool
	// EventsPerSecondMax is how many events of one kind one workload may make; 0: any number.
	EventsPerSecondMax uint32
	// OwnProcess is the collector, whose own activity is left out; the zero value leaves it in.
	OwnProcess ProcessKey
}

// Filter holds the maps by which all tracers decide what is wanted. Its methods may be called while the
// programs run, from several goroutines.
type Filter struct {
	maps map[string]*ebpf.Map
}

// NewFilter creates the maps. They let everything through.
func NewFilter() (*Filter, error) {
	object, err := processbpf.LoadProcess()
	if err != nil {
		return nil, fmt.Errorf("read the object that has the maps of the filter: %w", err)
	}
	specs := map[string]*ebpf.MapSpec{}
	for _, name := range []string{
		processbpf.ProcessMapFilterCurrent, processbpf.ProcessMapFilterCgroups, processbpf.ProcessMapFilterUsers,
		processbpf.ProcessMapFilterProcesses, processbpf.ProcessMapFilterNetworks, processbpf.ProcessMapFilterPorts,
		processbpf.ProcessMapFilterPaths,
	} {
		specs[name] = object.Maps[name]
	}
	collection, err := ebpf.NewCollection(&ebpf.CollectionSpec{Maps: specs, Types: object.Types, ByteOrder: object.ByteOrder})
	if err != nil {
		return nil, fmt.Errorf("create the maps of the filter: %w", explain(err))
	}
	f := &Filter{maps: collection.Maps}
	collection.Maps = nil
	return f, nil
}

// Values of what is in the maps.
const (
	verdictInclude = uint8(processbpf.ProcessFilterVerdictFILTER_INCLUDE)
	verdictExclude = uint8(processbpf.ProcessFilterVerdictFILTER_EXCLUDE)
)

// Apply replaces the rules. While it works, programs may see some of the old and some of the new ones.
func (f *Filter) Apply(rules FilterRules) error {
	errs := []error{
		replace(f.maps[processbpf.ProcessMapFilterUsers], rules.Users, func(user uint32) any { return user }),
		replace(f.maps[processbpf.ProcessMapFilterPorts], rules.Ports, func(port uint16) any { return port }),
		replace(f.maps[processbpf.ProcessMapFilterNetworks], rules.Networks, func(p netip.Prefix) any { return networkKey(p) }),
		replace(f.maps[processbpf.ProcessMapFilterPaths], prefixesOf(rules.Paths), func(prefix string) any { return pathKey(prefix) }),
	}
	settings := processbpf.ProcessFilterSettings{
		OwnProcess: rules.OwnProcess, Checks: rules.checks(), RateEventsMax: rules.EventsPerSecondMax,
	}
	errs = append(errs, f.maps[processbpf.ProcessMapFilterCurrent].Put(uint32(0), settings))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("tell the kernel what to filter: %w", err)
	}
	return nil
}

func (r FilterRules) checks() uint32 {
	var checks processbpf.ProcessFilterChecks
	add := func(wanted bool, check processbpf.ProcessFilterChecks) {
		if wanted {
			checks |= check
		}
	}
	add(r.Cgroups, processbpf.ProcessFilterChecksFILTER_BY_CGROUP)
	add(r.Processes, processbpf.ProcessFilterChecksFILTER_BY_PROCESS)
	add(!r.Users.empty(), processbpf.ProcessFilterChecksFILTER_BY_USER)
	add(len(r.Users.Include) > 0, processbpf.ProcessFilterChecksFILTER_BY_USER_INCLUDED)
	add(!r.Networks.empty(), processbpf.ProcessFilterChecksFILTER_BY_NETWORK)
	add(len(r.Networks.Include) > 0, processbpf.ProcessFilterChecksFILTER_BY_NETWORK_INCLUDED)
	add(!r.Ports.empty(), processbpf.ProcessFilterChecksFILTER_BY_PORT)
	add(len(r.Ports.Include) > 0, processbpf.ProcessFilterChecksFILTER_BY_PORT_INCLUDED)
	add(!r.Paths.empty(), processbpf.ProcessFilterChecksFILTER_BY_PATH)
	add(len(r.Paths.Include) > 0, processbpf.ProcessFilterChecksFILTER_BY_PATH_INCLUDED)
	return uint32(checks)
}

// replace makes a map hold the rules and nothing else. What both includes and excludes is excluded.
func replace[T comparable](m *ebpf.Map, rules Rules[T], key func(T) any) error {
	wanted := map[string]uint8{}
	for verdict, values := range map[uint8][]T{verdictInclude: rules.Include, verdictExclude: rules.Exclude} {
		for _, value := range values {
			bytes, err := binary.Append(nil, binary.NativeEndian, key(value))
			if err != nil {
				return err
			}
			wanted[string(bytes)] = max(verdict, wanted[string(bytes)])
		}
	}
	there, err := keysOf(m)
	errs := []error{err}
	for _, present := range there {
		if _, ok := wanted[string(present)]; !ok {
			errs = append(errs, m.Delete(present))
		}
	}
	for bytes, verdict := range wanted {
		errs = append(errs, m.Put([]byte(bytes), verdict))
	}
	return errors.Join(errs...)
}

// keysOf returns the keys in a map that nobody else changes.
func keysOf(m *ebpf.Map) ([][]byte, error) {
	var keys [][]byte
	var last any
	for range m.MaxEntries() + 1 {
		next, err := m.NextKeyBytes(last)
		if next == nil || err != nil {
			return keys, err
		}
		keys = append(keys, next)
		last = next
	}
	return nil, fmt.Errorf("map %s does not hold still", m)
}

// networkKey has an IPv4 network as one of mapped addresses.
func networkKey(p netip.Prefix) processbpf.ProcessFilterNetwork {
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	return processbpf.ProcessFilterNetwork{PrefixBits: uint32(bits), Address: p.Masked().Addr().As16()}
}

// prefixesOf spells out what paths mean: a zero behind one ends it.
func prefixesOf(paths Rules[string]) Rules[string] {
	both := func(paths []string) []string {
		var prefixes []string
		for _, path := range paths {
			if !strings.HasSuffix(path, "/") {
				prefixes = append(prefixes, path+"\x00")
				path += "/"
			}
			prefixes = append(prefixes, path)
		}
		return prefixes
	}
	return Rules[string]{Include: both(paths.Include), Exclude: both(paths.Exclude)}
}

// pathKey leaves out what there is no room for.
func pathKey(prefix string) processbpf.ProcessFilterPath {
	var key processbpf.ProcessFilterPath
	prefix = prefix[:min(len(prefix), len(key.Path))]
	key.PrefixBits = uint32(len(prefix)) * 8
	for i := range len(prefix) {
		key.Path[i] = int8(prefix[i])
	}
	return key
}

// ExcludeCgroup keeps events of a cgroup in the kernel, if there is room for another one.
func (f *Filter) ExcludeCgroup(id uint64) error {
	cgroups := f.maps[processbpf.ProcessMapFilterCgroups]
	err := cgroups.Put(id, verdictExclude)
	if errors.Is(err, unix.E2BIG) {
		return fmt.Errorf("there is room for %d cgroups", cgroups.MaxEntries())
	}
	return err
}

// ExcludeProcess keeps events of a process in the kernel until it executes something else. execID is that
// of the program image which is meant, as of the header of its events.
func (f *Filter) ExcludeProcess(key ProcessKey, execID uint64) error {
	value := processbpf.ProcessFilterProcess{ExecId: execID, Verdict: uint32(verdictExclude)}
	return f.maps[processbpf.ProcessMapFilterProcesses].Put(key, value)
}

// ForgetCgroup removes what ExcludeCgroup has set, if it has.
func (f *Filter) ForgetCgroup(id uint64) error {
	err := f.maps[processbpf.ProcessMapFilterCgroups].Delete(id)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	return err
}

// ForgetVerdicts removes all verdicts on single cgroups and processes.
func (f *Filter) ForgetVerdicts() error {
	var errs []error
	for _, name := range []string{processbpf.ProcessMapFilterCgroups, processbpf.ProcessMapFilterProcesses} {
		// Programs remove entries of processes meanwhile.
		keys, err := keysOf(f.maps[name])
		if !errors.Is(err, ebpf.ErrKeyNotExist) {
			errs = append(errs, err)
		}
		for _, key := range keys {
			if err := f.maps[name].Delete(key); !errors.Is(err, ebpf.ErrKeyNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// MapBytes is the memory of the maps.
func (f *Filter) MapBytes() uint64 {
	var sum uint64
	for _, m := range f.maps {
		sum += mapBytes(m)
	}
	return sum
}

// Close frees the maps, once no tracer uses them any more.
func (f *Filter) Close() error {
	var errs []error
	for _, m := range f.maps {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}
