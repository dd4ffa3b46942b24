// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"strings"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// account is where the events of one kind have gone, as the collector counts them.
type account struct {
	Offered    int64 `json:"offered"`
	Delivered  int64 `json:"delivered"`
	Filtered   int64 `json:"filtered"`
	Aggregated int64 `json:"aggregated"`
	// HeldBack events were more than the kernel half lets through of one kind and workload.
	HeldBack int64            `json:"held_back"`
	Lost     map[string]int64 `json:"lost"`
	// InFlight is what the collector itself says, in the same scrape.
	InFlight int64 `json:"in_flight"`
	// Unidentified events were delivered, but not with a certain executable.
	Unidentified int64 `json:"unidentified"`
	// NotDeduplicated events may repeat earlier ones.
	NotDeduplicated int64 `json:"not_deduplicated"`
}

func (a account) lost() int64 {
	var sum int64
	for _, lost := range a.Lost {
		sum += lost
	}
	return sum
}

// unaccounted is what was offered and is nowhere.
func (a account) unaccounted() int64 {
	return a.Offered - a.Delivered - a.Filtered - a.Aggregated - a.HeldBack - a.lost()
}

// since returns what has happened after an earlier moment.
func (a account) since(before account) account {
	d := account{
		Offered: a.Offered - before.Offered, Delivered: a.Delivered - before.Delivered, Filtered: a.Filtered - before.Filtered,
		Aggregated: a.Aggregated - before.Aggregated, HeldBack: a.HeldBack - before.HeldBack, Unidentified: a.Unidentified - before.Unidentified,
		NotDeduplicated: a.NotDeduplicated - before.NotDeduplicated,
		InFlight:        a.InFlight, Lost: map[string]int64{},
	}
	for stage := range a.Lost {
		d.Lost[stage] = a.Lost[stage] - before.Lost[stage]
	}
	return d
}

// balance has an account for each kind of event, such as "process.exec".
type balance map[string]account

func (b balance) since(before balance) balance {
	d := balance{}
	for k := range b {
		d[k] = b[k].since(before[k])
	}
	return d
}

// stages are those at which an event can be lost, in the order of the way.
func stages() []string { return []string{"ring", "map", "decode", "queue", "pipeline"} }

// metricName is how the collector's page of metrics spells a name of ours.
func metricName(m names.Metric) string { return strings.ReplaceAll(m.Name, ".", "_") }

// balanceOf reads the accounts from one page of metrics.
func balanceOf(samples []sample) balance {
	b := balance{}
	for _, s := range samples {
		key := s.labels[names.Tracer] + "." + s.labels[names.Kind]
		a, value := b[key], int64(s.value)
		if a.Lost == nil {
			a.Lost = map[string]int64{}
		}
		switch s.name {
		case metricName(names.ReceiverEvents()):
			switch s.labels[names.Outcome] {
			case "offered":
				a.Offered = value
			case "delivered":
				a.Delivered = value
			case "filtered":
				a.Filtered = value
			case "aggregated":
				a.Aggregated = value
			case "held_back":
				a.HeldBack = value
			}
		case metricName(names.ReceiverEventsLost()):
			a.Lost[s.labels[names.Stage]] = value
		case metricName(names.ReceiverEventsInFlight()):
			a.InFlight = value
		case metricName(names.ReceiverEventsUnidentified()):
			a.Unidentified += value
		case metricName(names.ReceiverEventsNotDeduplicated()):
			a.NotDeduplicated = value
		default:
			continue
		}
		b[key] = a
	}
	return b
}

// events are the kinds that an operation of a load makes, with how many of each.
func (k kind) events() map[string]int {
	switch k {
	case kindExec:
		return map[string]int{"process.exec": 1, "process.exit": 1}
	case kindOpenNew, kindOpenSame:
		return map[string]int{"file.open": 1}
	case kindConnect:
		return map[string]int{"tcp.connect": 1, "tcp.accept": 1, "tcp.close": 2}
	}
	return nil
}
