// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"hash/maphash"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// key tells series apart. It is a hash with two secrets, so that nobody can make two series one.
type key struct{ one, two uint64 }

// seeds are the secrets. They are made anew each time, and nothing that leaves depends on them.
type seeds struct{ one, two maphash.Seed }

func newSeeds() seeds { return seeds{maphash.MakeSeed(), maphash.MakeSeed()} }

// with returns a key for what it was for and a text.
func (s *seeds) with(k key, text string) key {
	return key{mix(k.one ^ maphash.String(s.one, text)), mix(k.two ^ maphash.String(s.two, text))}
}

func (k key) number(n uint64) key { return key{mix(k.one ^ n), mix(k.two ^ n)} }

// mix makes each bit depend on all others (the end of MurmurHash3).
func mix(n uint64) uint64 {
	n = (n ^ n>>33) * 0xff51afd7ed558ccd
	n = (n ^ n>>33) * 0xc4ceb9fe1a85ec53
	return n ^ n>>33
}

// attribute returns the key of an attribute.
func (s *seeds) attribute(name string, value pcommon.Value) key {
	k := s.with(key{}, name).number(uint64(value.Type()))
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return s.with(k, value.Str())
	case pcommon.ValueTypeInt:
		return k.number(uint64(value.Int()))
	case pcommon.ValueTypeDouble:
		return k.number(math.Float64bits(value.Double()))
	}
	return s.with(k, value.AsString())
}

// identify returns the key of the series of a data point. The order of attributes does not matter.
func (s *seeds) identify(metric key, rule *Rule, o *Owner, point pcommon.Map) key {
	var sum key
	add := func(name string, value pcommon.Value) {
		k := s.attribute(name, value)
		sum.one, sum.two = sum.one+k.one, sum.two+k.two
	}
	if len(rule.Attributes) == 0 {
		for name, value := range point.All() {
			add(name, value)
		}
		metric = s.with(metric, o.Instance)
	}
	for _, name := range rule.Attributes {
		if value, ok := point.Get(name); ok {
			add(name, value)
		} else if value, ok := o.Resource.Get(name); ok {
			add(name, value)
		}
	}
	return key{mix(metric.one ^ sum.one), mix(metric.two ^ sum.two)}
}
