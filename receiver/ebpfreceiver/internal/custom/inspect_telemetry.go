// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// takeTelemetry checks that maps and structs are there that events and metrics name.
func (b *Bundle) takeTelemetry() error {
	var errs []error
	fail := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	for i := range b.manifest.Events {
		e := &b.manifest.Events[i]
		fail(fmt.Sprintf("events[%d].map", i), b.takeRing(e.Map))
		record, err := b.structNamed(e.Struct)
		fail(fmt.Sprintf("events[%d].struct", i), err)
		if record != nil {
			checkEventFields(record, e, func(key string, err error) { fail(fmt.Sprintf("events[%d].%s", i, key), err) })
		}
	}
	for i := range b.manifest.Metrics {
		b.checkMetric(&b.manifest.Metrics[i], func(key string, err error) { fail(fmt.Sprintf("metrics[%d].%s", i, key), err) })
	}
	for _, name := range slices.Sorted(maps.Keys(b.spec.Maps)) {
		if b.spec.Maps[name].Type == ebpf.RingBuf && !slices.Contains(b.rings, name) {
			errs = append(errs, fmt.Errorf("ring buffer %q: no event of the manifest reads it, so its records would be lost: name it in events, or remove it", name))
		}
	}
	return errors.Join(errs...)
}

func (b *Bundle) takeRing(name string) error {
	m := b.spec.Maps[name]
	switch {
	case m == nil:
		return fmt.Errorf("the object has no map %q; it has %s", name, names(b.spec.Maps))
	case m.Type != ebpf.RingBuf:
		return fmt.Errorf("the map %q is no ring buffer but a %s: events come from BPF_MAP_TYPE_RINGBUF", name, m.Type)
	}
	if !slices.Contains(b.rings, name) {
		b.rings = append(b.rings, name)
	}
	return nil
}

// structNamed finds a struct of the object's types.
func (b *Bundle) structNamed(name string) (*btf.Struct, error) {
	var found *btf.Struct
	err := b.spec.Types.TypeByName(name, &found)
	switch {
	case errors.Is(err, btf.ErrNotFound):
		return nil, fmt.Errorf("the type information of the object has no struct %q: "+
			"make the compiler keep it by a variable: const struct %s *unused_%s __attribute__((unused))", name, name, name)
	case errors.Is(err, btf.ErrMultipleMatches):
		return nil, fmt.Errorf("the type information of the object has several structs %q: rename one", name)
	case err != nil:
		return nil, fmt.Errorf("struct %q: %w", name, err)
	}
	return found, nil
}

// checkMetric checks that the map is one that can be read by key, and that its types are known.
func (b *Bundle) checkMetric(metric *manifest.Metric, fail func(key string, err error)) {
	m := b.spec.Maps[metric.Map]
	if m == nil {
		fail("map", fmt.Errorf("the object has no map %q; it has %s", metric.Map, names(b.spec.Maps)))
		return
	}
	switch m.Type {
	case ebpf.Hash, ebpf.LRUHash, ebpf.Array, ebpf.PerCPUHash, ebpf.LRUCPUHash, ebpf.PerCPUArray:
	default:
		fail("map", fmt.Errorf("the map %q is a %s: metrics come of hashes and arrays, also those per processor", metric.Map, m.Type))
		return
	}
	if m.Value == nil || m.Key == nil {
		fail("map", fmt.Errorf("the map %q does not say of which types keys and values are: declare them by __type(key, ...) and __type(value, ...)", metric.Map))
		return
	}
	if metric.Value != "" {
		fail("value", hasField(m.Value, metric.Value))
	}
	if metric.Buckets != nil && metric.Buckets.Bucket != "" {
		fail("buckets.bucket", hasField(m.Key, metric.Buckets.Bucket))
	}
	if metric.Buckets != nil && metric.Buckets.Sum != "" {
		fail("buckets.sum", hasField(m.Value, metric.Buckets.Sum))
	}
	for i, field := range metric.Attributes {
		if field.Field != "" {
			fail(fmt.Sprintf("attributes[%d].field", i), hasField(m.Key, field.Field))
		}
	}
	for key, field := range map[string]string{"process_id": metric.ProcessID, "cgroup_id": metric.CgroupID} {
		if field != "" && (isStruct(m.Key) || field != "key") {
			fail(key, hasField(m.Key, field))
		}
	}
}

func isStruct(t btf.Type) bool {
	switch btf.UnderlyingType(t).(type) {
	case *btf.Struct, *btf.Union:
		return true
	}
	return false
}

func checkEventFields(record *btf.Struct, e *manifest.Event, fail func(key string, err error)) {
	if e.When != nil {
		fail("when.field", hasField(record, e.When.Field))
	}
	if e.Time != nil {
		fail("time.field", hasField(record, e.Time.Field))
	}
	if e.ProcessID != "" {
		fail("process_id", hasField(record, e.ProcessID))
	}
	if e.CgroupID != "" {
		fail("cgroup_id", hasField(record, e.CgroupID))
	}
	for i, field := range e.Fields {
		fail(fmt.Sprintf("fields[%d].field", i), hasField(record, field.Field))
	}
}

// fieldDepthMax bounds structs and unions without names, which are looked through.
const fieldDepthMax = 16

// hasField follows a path of fields.
func hasField(t btf.Type, path string) error {
	for name := range strings.SplitSeq(path, ".") {
		found := member(t, name, 0)
		if found == nil {
			return fmt.Errorf("there is no field %q in %s; it has %s", name, typeName(t), strings.Join(memberNames(t), ", "))
		}
		t = found
	}
	return nil
}

func members(t btf.Type) []btf.Member {
	switch composite := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		return composite.Members
	case *btf.Union:
		return composite.Members
	}
	return nil
}

func member(t btf.Type, name string, depth int) btf.Type {
	for _, m := range members(t) {
		if m.Name == name {
			return m.Type
		}
		if m.Name == "" && depth < fieldDepthMax {
			if found := member(m.Type, name, depth+1); found != nil {
				return found
			}
		}
	}
	return nil
}

// memberNames are a few, for an error.
func memberNames(t btf.Type) []string {
	const shown = 16
	var all []string
	for _, m := range members(t) {
		if len(all) == shown {
			return append(all, "…")
		}
		if m.Name != "" {
			all = append(all, m.Name)
		}
	}
	if len(all) == 0 {
		return []string{"none"}
	}
	return all
}

func typeName(t btf.Type) string {
	if name := t.TypeName(); name != "" {
		return name
	}
	return "its type"
}

// names lists what there is, for an error.
func names[T any](of map[string]T) string {
	if len(of) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(of)), ", ")
}
