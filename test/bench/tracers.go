// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"maps"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// tracerCost is what a tracer takes as soon as it runs.
type tracerCost struct {
	Tracer     string        `json:"tracer"`
	State      string        `json:"state"`
	MapBytes   uint64        `json:"map_bytes"`
	AttachTime time.Duration `json:"attach_time_ns"`
}

// sharedMaps stands for what all tracers use.
const sharedMaps = "shared"

// stopped is the state of a tracer that is not to run.
const stopped = "stopped"

// tracersOf reads the cost of tracers from a page of metrics, by name. Those that are not to run have none.
func tracersOf(samples []sample) []tracerCost {
	byName := map[string]*tracerCost{}
	for _, s := range samples {
		name := s.labels[names.Tracer]
		t := byName[name]
		if t == nil {
			t = &tracerCost{Tracer: name}
		}
		switch s.name {
		case metricName(names.ReceiverTracerState()):
			t.State = s.labels[names.State]
		case metricName(names.ReceiverMapBytes()), metricName(names.ReceiverMapBytes()) + "_bytes":
			t.MapBytes = uint64(s.value)
		case metricName(names.ReceiverTracerAttachTime()), metricName(names.ReceiverTracerAttachTime()) + "_seconds":
			t.AttachTime = time.Duration(s.value * float64(time.Second))
		default:
			continue
		}
		byName[name] = t
	}
	var all []tracerCost
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if byName[name].State != stopped {
			all = append(all, *byName[name])
		}
	}
	return all
}

// sumOf adds up.
func sumOf(all []tracerCost) tracerCost {
	var sum tracerCost
	for _, t := range all {
		sum.MapBytes += t.MapBytes
		sum.AttachTime += t.AttachTime
	}
	return sum
}
