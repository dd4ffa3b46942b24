// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cilium/ebpf/btf"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// MapTypes is what the object declares of a map: the types of keys and values, nil where it does not tell, and how
// many entries there may be.
type MapTypes struct {
	Key, Value btf.Type
	Entries    uint32
}

// wholeKey is the name of a key that is no struct.
const wholeKey = "key"

// keyField looks up a field of a key, or the key itself if that is none with fields.
func (i *instrument) keyField(path string) (*btfvalue.Field, error) {
	if path == wholeKey && !i.keyIsStruct() {
		path = ""
	}
	return i.key.Lookup(path)
}

func (i *instrument) keyIsStruct() bool {
	whole, err := i.key.Lookup("")
	return err == nil && whole.Kind() == btfvalue.KindStruct
}

// Metrics makes data points of the maps of a tracer. Its methods are for one goroutine.
type Metrics struct {
	// byMap are the instruments of each map, and maps their names in the order of the manifest.
	byMap map[string][]*instrument
	maps  []string
}

// instrument is how a metric is made of a map.
type instrument struct {
	name, unit, brief string
	kind              manifest.MetricType
	settings          Settings

	key, entry *btfvalue.Layout
	// value is a number, or the buckets of a histogram.
	value *btfvalue.Field
	// bucket is the field of the key that numbers the bucket; nil if value has them all.
	bucket *btfvalue.Field
	bounds []float64
	// measured is the field with the sum of what was measured, nil if there is none; factor turns it into the unit.
	measured   *btfvalue.Field
	factor     float64
	attributes []attribute
	ownership

	// collected is when the last collection was; at first, since when the programs have been counting.
	collected time.Time
	// series are the data points by their attributes and owners, in the order in which they came up.
	series map[string]*series
	order  []*series
	// overflow is for all that is beyond the bound; nil if nothing is. Since when it has been there is since when
	// a series that gets a place of its own has been counted.
	overflow      *series
	overflowSince time.Time
	// text is where the names of series are put together.
	text []byte
}

// NewMetrics compiles the metrics of a manifest. started is since when the programs have been counting. Errors name
// the key that is wrong.
func NewMetrics(m *manifest.Manifest, maps map[string]MapTypes, started time.Time, settings Settings) (*Metrics, error) {
	all := &Metrics{byMap: map[string][]*instrument{}}
	for i := range m.Metrics {
		metric := &m.Metrics[i]
		types, ok := maps[metric.Map]
		if !ok {
			return nil, at(fmt.Errorf("the object has no map %q", metric.Map), "metrics[%d].map", i)
		}
		compiled, err := newInstrument(metric, types, settings)
		if err != nil {
			return nil, at(err, "metrics[%d]", i)
		}
		compiled.collected = started
		if all.byMap[metric.Map] == nil {
			all.maps = append(all.maps, metric.Map)
		}
		all.byMap[metric.Map] = append(all.byMap[metric.Map], compiled)
	}
	return all, nil
}

func newInstrument(m *manifest.Metric, types MapTypes, settings Settings) (*instrument, error) {
	i := &instrument{
		name: m.Name, unit: m.Unit, brief: m.Brief, kind: m.Type, settings: settings, series: map[string]*series{},
	}
	if types.Key == nil || types.Value == nil {
		return nil, at(errors.New("it has no type information: declare it with __type(key, …) and __type(value, …)"), "map")
	}
	var err error
	if i.key, err = btfvalue.Compile(types.Key, settings.Order, settings.Limits.Types); err != nil {
		return nil, at(fmt.Errorf("key: %w", err), "map")
	}
	if i.entry, err = btfvalue.Compile(types.Value, settings.Order, settings.Limits.Types); err != nil {
		return nil, at(fmt.Errorf("value: %w", err), "map")
	}
	if i.value, err = i.entry.Lookup(m.Value); err != nil {
		return nil, at(err, "value")
	}
	if i.ownership, err = ownershipAt(i.keyField, m.ProcessID, m.CgroupID); err != nil {
		return nil, err
	}
	if i.attributes, err = settings.attributesAt(i.keyField, m.Attributes, "attributes", m.Name); err != nil {
		return nil, err
	}
	for n, a := range i.attributes {
		if !a.field.Kind().IsScalar() {
			return nil, at(errors.New("it has many values: choose one of its fields"), "attributes[%d].field", n)
		}
	}
	switch m.Type {
	case manifest.TypeSum, manifest.TypeGauge:
		return i, i.checkNumber()
	case manifest.TypeHistogram:
		return i, i.compileBuckets(m.Buckets, types.Entries)
	default:
		return nil, at(fmt.Errorf("%q is none of sum, gauge, histogram", m.Type), "type")
	}
}

// checkNumber checks that the value can be summed up.
func (i *instrument) checkNumber() error {
	switch i.value.Kind() {
	case btfvalue.KindInteger, btfvalue.KindFloat:
		return nil
	case btfvalue.KindStruct:
		var names []string
		for _, leaf := range i.entry.Leaves() {
			names = append(names, leaf.Path)
		}
		return at(fmt.Errorf("it is a struct: choose one of its fields: %s", strings.Join(names, " ")), "value")
	default:
		return at(errors.New("it is no number"), "value")
	}
}

// isFloat tells whether values have fractions.
func (i *instrument) isFloat() bool { return i.value.Kind() == btfvalue.KindFloat }
