// SPDX-License-Identifier: Apache-2.0

package customemit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
)

// What a manifest gets wrong about the types is named by its key.
func TestNewEvents_fails(t *testing.T) {
	spec := object(t)
	for text, want := range map[string]string{
		"{struct: openend}": `events[0].struct: the object's type information has no struct "openend"; the compiler leaves out ` +
			`structs that only local variables have: declare a global pointer to it`,
		"{struct: step_kind}":                                  `events[0].struct: "step_kind" is no struct`,
		"{struct: said, severity: loud}":                       `events[0].severity: "loud" is none of trace, debug, info, warn, error`,
		"{struct: said, when: {field: kind}}":                  `events[0].when.field: look up field "kind": struct "said" has no "kind": it has tgid, words`,
		"{struct: said, when: {equals: '1'}}":                  `events[0].when.field: it is empty`,
		"{struct: said, when: {field: words}}":                 `events[0].when.field: field "words" is no number`,
		"{struct: opened, when: {field: how, equals: OPEN_X}}": `events[0].when.equals: "OPEN_X" is neither a number nor the name of a value of enum "open_how"`,
		"{struct: opened, when: {field: tgid, equals: ''}}":    `events[0].when.equals: "" is neither a number nor the name of a value of type "unsigned int"`,
		"{struct: opened, time: {field: comm}}":                `events[0].time.field: field "comm" is no number`,
		"{struct: opened, process_id: pid}": `events[0].process_id: look up field "pid": struct "opened" has no "pid": ` +
			`it has time_ns, cgroup, tgid, how, latency, peer, result, mode, is_directory, comm, path, sizes, tried`,
		"{struct: opened, cgroup_id: peer}":                                 `events[0].cgroup_id: field "peer" is no number`,
		"{struct: opened, fields: [{field: tgid}, {field: peer.x}]}":        `events[0].fields[1].field: look up field "peer.x": struct "endpoint" has no "x": it has address, port, padding`,
		"{struct: opened, fields: [{field: comm, as: port}]}":               `events[0].fields[0].as: read field "comm" as port: it takes 2 bytes, and the field is an array of 16 bytes`,
		"{struct: opened, name: x, fields: [{field: comm}, {field: comm}]}": `events[0].fields[1]: there are two attributes "x.comm"`,
		"{struct: opened, body: 'by {com}'}":                                `events[0].body: look up field "com": struct "opened" has no "com"`,
		"{struct: opened, body: 'by {comm'}":                                `events[0].body: "by {comm" has a { without a }`,
		"{struct: opened, body: 'to {peer}'}":                               `events[0].body: field "peer" has many values: a sentence has room for one`,
		"{struct: said, map: a}, {struct: said, map: b}, {struct: said, map: a}": `events[2]: its records can't be told from those of events[0]: ` +
			`make the structs differ in size, or say when it is which`,
		"{struct: step_begin, map: a}, {struct: step_end, map: a}":                                                                 `events[1]: its records can't be told from those of events[0]`,
		"{struct: step_begin, map: a, when: {field: id, equals: '1'}}, {struct: step_end, map: a, when: {field: id, equals: 0x1}}": `events[1]: its records can't be told from those of events[0]`,
	} {
		_, err := customemit.NewEvents(parse(t, []byte("events: ["+text+"]")), spec.Types, settings())
		assert.ErrorContains(t, err, want, text)
	}
	_, err := customemit.NewEvents(parse(t, []byte("events: [{struct: said}]")), nil, settings())
	assert.EqualError(t, err, "events[0].struct: the object has no type information (BTF): compile it with -g")
	few := settings()
	few.Limits.AttributesMax = 12
	_, err = customemit.NewEvents(parse(t, []byte("events: [{struct: opened}]")), spec.Types, few)
	assert.EqualError(t, err, "events[0].fields: there are 15, more than 12")
}

func TestNewEvents_tellsEventsApart(t *testing.T) {
	text := "events: [{struct: opened, map: a}, {struct: said, map: a}, {struct: step_end, map: a}, " +
		"{struct: step_begin, map: a, when: {field: kind, equals: STEP_BEGIN}}, {struct: step_begin, map: a, when: {field: id, equals: 7}}]"
	events, err := customemit.NewEvents(parse(t, []byte(text)), object(t).Types, settings())
	require.NoError(t, err)
	assert.Nil(t, events.Ring("b"))
	assert.NotNil(t, events.Ring("a"))
}

func TestNewMetrics_fails(t *testing.T) {
	spec := object(t)
	for text, want := range map[string]string{
		"{map: wrong}":                                  `metrics[0].map: the object has no map "wrong"`,
		"{map: untyped}":                                `metrics[0].map: it has no type information: declare it with __type(key, …) and __type(value, …)`,
		"{map: traffic, type: sum}":                     `metrics[0].value: it is a struct: choose one of its fields: bytes packets`,
		"{map: traffic, value: octets}":                 `metrics[0].value: look up field "octets": struct "traffic" has no "octets": it has bytes, packets`,
		"{map: traffic, value: bytes}":                  `metrics[0].type: "" is none of sum, gauge, histogram`,
		"{map: latencies, type: gauge, value: slots}":   `metrics[0].value: it is no number`,
		"{map: latencies, type: sum, value: slots.5}":   `metrics[0].value: look up field "slots.5": "5" is no number of an element: there are 0 to 4`,
		"{map: sizes, type: sum, process_id: tgid}":     `metrics[0].process_id: look up field "tgid": type "unsigned int" has no fields`,
		"{map: traffic, value: bytes, cgroup_id: name}": `metrics[0].cgroup_id: field "name" is no number`,
		"{map: traffic, value: bytes, attributes: [{field: x}]}": `metrics[0].attributes[0].field: look up field "x": struct "traffic_key" has no "x": ` +
			`it has cgroup, tgid, direction, port, name`,
		"{map: traffic, value: bytes, attributes: [{field: ''}]}":                            `metrics[0].attributes[0].field: it has many values: choose one of its fields`,
		"{map: sizes, type: histogram}":                                                      `metrics[0].buckets: a histogram has to have them`,
		"{map: sizes, type: histogram, buckets: {scale: log3}}":                              `metrics[0].buckets.scale: "log3" is none of log2, linear`,
		"{map: sizes, type: histogram, buckets: {scale: linear}}":                            `metrics[0].buckets: the upper bound of bucket 1 would be -1: bounds have to grow, and widths to be 1 or more`,
		"{map: sizes, type: histogram, buckets: {scale: linear, width: .inf}}":               `metrics[0].buckets: the upper bound of bucket 0 would be +Inf`,
		"{map: sizes, type: histogram, buckets: {scale: log2, factor: -1}}":                  `metrics[0].buckets: the upper bound of bucket 1 would be -3`,
		"{map: latencies, value: slots, type: histogram, buckets: {scale: log2, bucket: x}}": `metrics[0].buckets.bucket: the value is an array of buckets already`,
		"{map: slots, type: histogram, buckets: {scale: log2, bucket: slot}}":                `metrics[0].buckets.count: there are 0, not 1 to 256`,
		"{map: slots, type: histogram, buckets: {scale: log2, bucket: slot, count: 257}}":    `metrics[0].buckets.count: there are 257, not 1 to 256`,
		"{map: slots, type: histogram, buckets: {scale: log2, bucket: comm}}":                `metrics[0].buckets.bucket: the value is no array of buckets, so a field of the key has to number them`,
		"{map: slots, type: histogram, buckets: {scale: log2}}":                              `metrics[0].buckets.bucket: the value is no array of buckets, so a field of the key has to number them`,
		"{map: latencies, value: slots, type: histogram, buckets: {scale: log2, sum: totals}}": `metrics[0].buckets.sum: look up field "totals": struct "latencies" has no "totals": ` +
			`it has total, slots`,
		"{map: latencies, value: slots, type: histogram, buckets: {scale: log2, sum: slots}}": `metrics[0].buckets.sum: field "slots" is no whole number, which the sum of what was measured is`,
		"{map: sizes, type: histogram, buckets: {scale: log2, sum: total}}":                   `metrics[0].buckets.sum: look up field "total": type "unsigned long long" has no fields`,
		"{map: shares, type: histogram, buckets: {scale: log2}}":                              `metrics[0].value: it counts in fractions`,
	} {
		_, err := customemit.NewMetrics(parse(t, []byte("metrics: ["+text+"]")), mapTypes(spec), started, settings())
		assert.ErrorContains(t, err, want, text)
	}
}
