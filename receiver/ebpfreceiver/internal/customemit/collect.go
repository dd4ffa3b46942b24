// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// Read calls entry for the entries of a map. A map that is not per CPU has one value per key. The bytes are used
// during the call only.
type Read func(mapName string, entry func(key []byte, values [][]byte)) error

// Destination is where data points go, grouped by resource.
type Destination interface {
	// Metrics returns those of an owner's resource; of the host for nobody.
	Metrics(owner Owner) pmetric.MetricSlice
	// Describe adds what tells the owner's process to the attributes of a point: its pid at least, so that points
	// of different owners differ.
	Describe(owner Owner, attributes pcommon.Map)
}

// Collect reads all maps and appends their data points. A map that can't be read makes no points, and an error.
//
// A sum or histogram that is less than at the last collection, because an entry was removed and made anew, begins
// anew at that time. If it has grown beyond what it was meanwhile, that can't be seen.
func (m *Metrics) Collect(read Read, now time.Time, to Destination) error {
	var errs []error
	for _, name := range m.maps {
		instruments := m.byMap[name]
		for _, i := range instruments {
			i.begin()
		}
		err := read(name, func(key []byte, values [][]byte) {
			for _, i := range instruments {
				i.add(key, values)
			}
		})
		for _, i := range instruments {
			if err != nil {
				i.keep()
				continue
			}
			i.end()
			i.emit(now, to)
			i.collected = now
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("read map %q: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// keep leaves all series as they were before a collection that failed.
func (i *instrument) keep() {
	for _, s := range i.all() {
		s.now, s.last = s.last, s.now
	}
}

// emit appends the data points, in one metric per resource.
func (i *instrument) emit(now time.Time, to Destination) {
	open := opened{byOwner: map[Owner]pmetric.Metric{}, made: map[pmetric.Metric]bool{}}
	for _, s := range i.all() {
		if i.isBelowZero(s) {
			i.settings.Counters.Uncountable.Add(1)
			continue
		}
		i.emitPoint(i.metricOf(s.owner, open, to), s, now, to)
	}
}

// isBelowZero tells whether a sum that only grows is what it can't be.
func (i *instrument) isBelowZero(s *series) bool {
	if i.kind != manifest.TypeSum {
		return false
	}
	return s.now.float < 0 || i.value.IsSigned() && int64(s.now.integer) < 0
}

// opened are the metrics that one instrument has made in one collection.
type opened struct {
	byOwner map[Owner]pmetric.Metric
	made    map[pmetric.Metric]bool
}

// metricOf is the metric among those of the owner's resource: owners of one resource have it together.
func (i *instrument) metricOf(owner Owner, open opened, to Destination) pmetric.Metric {
	if metric, ok := open.byOwner[owner]; ok {
		return metric
	}
	all := to.Metrics(owner)
	for _, metric := range all.All() {
		if open.made[metric] {
			open.byOwner[owner] = metric
			return metric
		}
	}
	metric := i.newMetric(all)
	open.byOwner[owner], open.made[metric] = metric, true
	return metric
}

func (i *instrument) newMetric(all pmetric.MetricSlice) pmetric.Metric {
	metric := all.AppendEmpty()
	metric.SetName(i.name)
	metric.SetUnit(i.unit)
	metric.SetDescription(i.brief)
	switch i.kind {
	case manifest.TypeGauge:
		metric.SetEmptyGauge()
	case manifest.TypeHistogram:
		metric.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	default:
		sum := metric.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
	return metric
}

func (i *instrument) emitPoint(metric pmetric.Metric, s *series, now time.Time, to Destination) {
	if i.kind == manifest.TypeHistogram {
		point := metric.Histogram().DataPoints().AppendEmpty()
		point.SetStartTimestamp(pcommon.NewTimestampFromTime(s.start))
		point.SetTimestamp(pcommon.NewTimestampFromTime(now))
		i.fillHistogram(point, s)
		s.attributes.CopyTo(point.Attributes())
		to.Describe(s.owner, point.Attributes())
		return
	}
	var point pmetric.NumberDataPoint
	if i.kind == manifest.TypeGauge {
		point = metric.Gauge().DataPoints().AppendEmpty()
	} else {
		point = metric.Sum().DataPoints().AppendEmpty()
		point.SetStartTimestamp(pcommon.NewTimestampFromTime(s.start))
	}
	point.SetTimestamp(pcommon.NewTimestampFromTime(now))
	if i.isFloat() {
		point.SetDoubleValue(s.now.float)
	} else {
		point.SetIntValue(s.number(i.value.IsSigned()))
	}
	s.attributes.CopyTo(point.Attributes())
	to.Describe(s.owner, point.Attributes())
}
