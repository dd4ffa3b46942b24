// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"os"
	"slices"

	"github.com/cilium/ebpf"
)

// What the kernel adds to entries of maps, in bytes, rounded up over the kernels that are supported.
const (
	hashElementBytes  = 64 // struct htab_elem
	hashBucketBytes   = 16 // struct bucket
	pointerBytes      = 8
	trieNodeBytes     = 64 // struct lpm_trie_node
	stackBucketBytes  = 16 // struct stack_map_bucket
	ringOverheadPages = 4  // positions of consumer and producer, struct bpf_ringbuf
)

// Entries may be as large as the kernel allows at most, which also keeps sums from overflowing.
const entryBytesMax = 1 << 30

// checkMap refuses maps that reach beyond the tracer, or have no bound.
func checkMap(m *ebpf.MapSpec) error {
	switch {
	case m.Pinning != ebpf.PinNone:
		return errors.New("it is pinned (LIBBPF_PIN_BY_NAME), and maps are not shared between tracers: remove the pinning")
	case m.InnerMap != nil:
		return errors.New("maps of maps are not served: put what tells the inner maps apart into the key")
	case m.KeySize > entryBytesMax || m.ValueSize > entryBytesMax:
		return errors.New("its entries are larger than the kernel takes")
	}
	switch m.Type {
	case ebpf.Hash, ebpf.PerCPUHash, ebpf.LRUHash, ebpf.LRUCPUHash, ebpf.Array, ebpf.PerCPUArray, ebpf.LPMTrie, ebpf.Queue, ebpf.Stack, ebpf.StackTrace, ebpf.BloomFilter:
		if m.MaxEntries == 0 {
			return errors.New("it has no entries: set max_entries")
		}
		return nil
	case ebpf.RingBuf:
		return checkRing(m)
	case ebpf.PerfEventArray:
		return errors.New("perf buffers are not read: use a ring buffer (BPF_MAP_TYPE_RINGBUF)")
	case ebpf.ProgramArray:
		return errors.New("tail calls are not served: call functions (__noinline) instead, and remove the map")
	case ebpf.TaskStorage, ebpf.SkStorage, ebpf.InodeStorage, ebpf.CgroupStorage, ebpf.PerCPUCGroupStorage, ebpf.CGroupStorage:
		return fmt.Errorf("the memory of a map of type %s has no bound: use BPF_MAP_TYPE_LRU_HASH, with the process, socket, inode or cgroup as key", m.Type)
	default:
		return fmt.Errorf("maps of type %s are not served: use a hash, an array or a ring buffer", m.Type)
	}
}

func checkRing(m *ebpf.MapSpec) error {
	// Of its flags one has new records replace those that have not been read, which nothing would count.
	if m.Flags != 0 {
		return fmt.Errorf("its flags %#x are not served for a ring buffer: remove map_flags", m.Flags)
	}
	page := uint32(os.Getpagesize())
	if m.MaxEntries == 0 || m.MaxEntries%page != 0 || bits.OnesCount32(m.MaxEntries) != 1 {
		return fmt.Errorf("a ring buffer of %d bytes can't be: set max_entries to a power of two that is a multiple of the page size, %d", m.MaxEntries, page)
	}
	return nil
}

// mapBytes is what the kernel sets aside for a map, or takes at most when it is full.
func mapBytes(m *ebpf.MapSpec, processors uint64) uint64 {
	key, value, entries := round8(m.KeySize), round8(m.ValueSize), uint64(m.MaxEntries)
	buckets := roundPower(entries)
	var size product
	switch m.Type {
	case ebpf.Hash, ebpf.LRUHash:
		// Some more are set aside for each processor.
		size = product{entries + processors, hashElementBytes + key + value}
		size = size.plus(product{buckets, hashBucketBytes})
	case ebpf.PerCPUHash, ebpf.LRUCPUHash:
		size = product{entries + processors, hashElementBytes + key + pointerBytes + value*processors}
		size = size.plus(product{buckets, hashBucketBytes})
	case ebpf.Array:
		size = product{entries, value}
	case ebpf.PerCPUArray:
		size = product{entries, pointerBytes + value*processors}
	case ebpf.LPMTrie:
		// As many nodes may be needed in between.
		size = product{2 * entries, trieNodeBytes + key + value}
	case ebpf.StackTrace:
		size = product{buckets, pointerBytes + stackBucketBytes + value}.plus(product{entries, stackBucketBytes + value})
	case ebpf.BloomFilter:
		// Up to 15 hashes, of 7/5 bits each.
		size = product{roundPower(entries*21) / 8, 1}
	case ebpf.RingBuf:
		return uint64(m.MaxEntries) + ringOverheadPages*uint64(os.Getpagesize())
	default:
		size = product{entries + 1, key + value}
	}
	page := uint64(os.Getpagesize())
	// The description of a map takes a page if its entries can be mapped, which have whole pages then.
	return (size.total()+page-1)/page*page + page
}

// product is a number of things of one size. Both factors stay below 2^45, so that it is told as the largest number if it
// doesn't fit.
type product [2]uint64

func (p product) total() uint64 {
	high, low := bits.Mul64(p[0], p[1])
	if high > 0 || low > mapBytesHighest {
		return mapBytesHighest
	}
	return low
}

func (p product) plus(other product) product {
	return product{min(p.total()+other.total(), mapBytesHighest), 1}
}

// mapBytesHighest stands for all that is more.
const mapBytesHighest = 1 << 50

func round8(n uint32) uint64 { return (uint64(n) + 7) &^ 7 }

func roundPower(n uint64) uint64 {
	if n <= 1 {
		return 1
	}
	return 1 << bits.Len64(n-1)
}

// checkMaps checks all maps and returns the memory of each.
func checkMaps(spec *ebpf.CollectionSpec, l Limits) (map[string]uint64, error) {
	if len(spec.Maps) > l.Maps {
		return nil, fmt.Errorf("the object has %d maps, and may have %d: divide the tracer, or raise the limit", len(spec.Maps), l.Maps)
	}
	processors, err := l.processors()
	if err != nil {
		return nil, err
	}
	var errs []error
	sizes := map[string]uint64{}
	var total uint64
	for _, name := range slices.Sorted(maps.Keys(spec.Maps)) {
		if err := checkMap(spec.Maps[name]); err != nil {
			errs = append(errs, fmt.Errorf("map %q: %w", name, err))
			continue
		}
		sizes[name] = mapBytes(spec.Maps[name], processors)
		total = min(total+sizes[name], mapBytesHighest)
	}
	if total > l.MapBytes {
		errs = append(errs, fmt.Errorf("the maps take %d bytes on %d processors, and may take %d; the largest is %s: lower its max_entries, or raise the limit",
			total, processors, l.MapBytes, largest(sizes)))
	}
	return sizes, errors.Join(errs...)
}

func largest(sizes map[string]uint64) string {
	name := slices.MaxFunc(slices.Sorted(maps.Keys(sizes)), func(a, b string) int {
		if sizes[a] < sizes[b] {
			return -1
		}
		return 1
	})
	return fmt.Sprintf("%q with %d", name, sizes[name])
}
