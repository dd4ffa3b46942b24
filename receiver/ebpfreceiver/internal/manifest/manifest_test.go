// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func complete(t testing.TB) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/complete.yaml")
	require.NoError(t, err)
	return content
}

func TestParse_complete(t *testing.T) {
	m, err := Parse("complete.yaml", complete(t))
	require.NoError(t, err)
	require.NoError(t, m.Validate([]string{"process", "file"}))
	assert.Equal(t, "disk-requests", m.Name)
	assert.Equal(t, "1.2.0", m.Version)
	assert.Equal(t, 10*time.Second, m.Programs[4].Interval)
	assert.Equal(t, Program{Name: "allocation", Binary: "/usr/lib/x86_64-linux-gnu/libc.so.6", Optional: true}, m.Programs[1])
	assert.Equal(t, uint64(99), m.Programs[5].SamplesPerSecond)
	require.Len(t, m.Events, 1)
	event := m.Events[0]
	assert.Equal(t, &When{Field: "kind", Equals: "REQUEST_DONE"}, event.When)
	assert.Equal(t, &Time{Field: "finished", Clock: ClockMonotonic}, event.Time)
	assert.Equal(t, Field{Field: "result", Attribute: "error.type", As: AsErrno}, event.Fields[1])
	require.Len(t, m.Metrics, 4)
	assert.Equal(t, &Buckets{Scale: ScaleLog2, Bucket: "slot", Count: 32, Sum: "total", Factor: 1e-9}, m.Metrics[2].Buckets)
	assert.Equal(t, []Field{{Attribute: "system.device"}}, m.Metrics[1].Attributes)
}

func TestParse_refuses(t *testing.T) {
	deep := "name: " + strings.Repeat("[", depthLevelsMax+1) + strings.Repeat("]", depthLevelsMax+1)
	for _, test := range []struct{ content, want string }{
		{"", "it is empty; it has to begin with name, brief and events or metrics"},
		{"# nothing\n", "it is empty; it has to begin with name, brief and events or metrics"},
		{"- name: x", "it is no mapping; it has to begin with name, brief and events or metrics"},
		{"x", "it is no mapping; it has to begin with name, brief and events or metrics"},
		{"name: x\ntitle: y", `line 2: there is no key "title" here`},
		{"name: x\nname: y", `line 2: mapping key "name" already defined at line 1`},
		{"name: x\nevents:\n  - feilds: []", `line 3: there is no key "feilds" here`},
		{"name: [x]", "line 1: a text is wanted here, not a list"},
		{"events: x", `line 1: a list is wanted here, not "x"`},
		{"events: [x]", `line 1: a mapping is wanted here, not "x"`},
		{"programs: [{name: x, interval: soon}]", `line 1: a duration such as 10s is wanted here, not "soon"`},
		{"programs: [{name: x, samples_per_second: -1}]", `line 1: a whole number is wanted here, not "-1"`},
		{"programs: [{name: x, optional: 3}]", `line 1: true or false is wanted here, not "3"`},
		{"metrics: [{buckets: {width: wide}}]", `line 1: a number is wanted here, not "wide"`},
		{"name: x\n---\nname: y", `line 2: there is something behind the manifest; a file holds one, without "---" behind it`},
		{"name: &a x\nbrief: *a", "line 1: anchors and aliases (& and *) are not read here: write out what they stand for"},
		{"a: {<<: *b}", `unknown anchor 'b' referenced`},
		{deep, "line 1: it nests deeper than 16 levels, which no manifest needs"},
		{"name: \"x", "found unexpected end of stream"},
		{strings.Repeat("#", BytesMax+1), "it has 65537 bytes, and may have 65536: leave out what is no part of a manifest"},
	} {
		_, err := Parse("bad.yaml", []byte(test.content))
		require.Error(t, err, test.content)
		assert.Equal(t, "read manifest bad.yaml: "+test.want, err.Error(), test.content)
	}
}

// good is a manifest that a case makes worse.
func good() *Manifest {
	return &Manifest{
		Name: "mine", Brief: "Mine.", Object: "mine.bpf.o",
		Programs: []Program{{Name: "one"}},
		Events:   []Event{{Map: "ring", Struct: "record", Name: "mine.happened", Fields: []Field{{Field: "a"}}}},
		Metrics:  []Metric{{Map: "counts", Name: "mine.count", Unit: "{event}", Type: TypeSum}},
	}
}

func TestValidate_refuses(t *testing.T) {
	cases := append(headCases(), telemetryCases()...)
	for _, test := range cases {
		m := good()
		require.NoError(t, m.Validate([]string{"file"}))
		test.worsen(m)
		err := m.Validate([]string{"file"})
		require.Error(t, err, test.want)
		assert.Equal(t, test.want, err.Error())
	}
}

type badCase struct {
	worsen func(m *Manifest)
	want   string
}

func headCases() []badCase {
	return []badCase{
		{func(m *Manifest) { m.Name = "Mine" }, `name: "Mine" is no name of a tracer: use lower-case letters, digits and hyphens, a letter first, at most 63`},
		{func(m *Manifest) { m.Name = strings.Repeat("x", 64) },
			`name: "` + strings.Repeat("x", 64) + `" is no name of a tracer: use lower-case letters, digits and hyphens, a letter first, at most 63`},
		{func(m *Manifest) { m.Name = "file" }, `name: "file" is the name of another tracer: choose one of your own, such as "my-file"`},
		{func(m *Manifest) { m.Brief = "" }, `brief: "" says nothing: write a sentence for people who read it in a list`},
		{func(m *Manifest) { m.Brief = "a\nb" }, `brief: "a\nb" has characters that can't be printed: write one line of plain text`},
		{func(m *Manifest) { m.Version = strings.Repeat("1", 65) },
			`version: "` + strings.Repeat("1", 64) + `…" has 65 bytes, and may have 64: shorten it`},
		{func(m *Manifest) { m.Object = "../x.o" },
			`object: "../x.o" is no name of a file: name the object file that lies beside the manifest, without a folder`},
		{func(m *Manifest) { m.Events, m.Metrics = nil, nil },
			"events, metrics: there is neither, so nothing would come of the tracer: name a ring buffer in events, or a map in metrics"},
		{func(m *Manifest) { m.Programs[0].Name = "a-b" }, `programs[0].name: "a-b" is no name of a program: write it as the C source does`},
		{func(m *Manifest) { m.Programs = append(m.Programs, m.Programs[0]) },
			`programs[1].name: "one" is there already, as programs[0]: put both together`},
		{func(m *Manifest) { m.Programs[0].Binary = "bin/sh" },
			`programs[0].binary: "bin/sh" is no absolute path: write where the executable or library lies, from / on and without ".."`},
		{func(m *Manifest) { m.Programs[0].Interface = "a-name-that-is-long" },
			`programs[0].interface: "a-name-that-is-long" is no name of a network interface: it has at most 15 bytes, as "ip link" tells them`},
		{func(m *Manifest) { m.Programs[0].Cgroup = "/../x" },
			`programs[0].cgroup: "/../x" is no path of a cgroup: write it from the root of cgroup v2 on and without "..", such as "/system.slice"`},
		{func(m *Manifest) { m.Programs[0].Interval = 5 },
			`programs[0].interval: "5ns" is too short or too long: use a duration from 100ms to 24h0m0s`},
		{func(m *Manifest) { m.Programs[0].SamplesPerSecond = 20_000 }, "programs[0].samples_per_second: 20000 is too often: use at most 10000"},
		{func(m *Manifest) { m.Name, m.Brief = "", "" },
			`name: "" is no name of a tracer: use lower-case letters, digits and hyphens, a letter first, at most 63` + "\n" +
				`brief: "" says nothing: write a sentence for people who read it in a list`},
	}
}

func telemetryCases() []badCase {
	return []badCase{
		{func(m *Manifest) { m.Events[0].Map = "" }, `events[0].map: "" is no name of a map: write it as the C source does`},
		{func(m *Manifest) { m.Events[0].Struct = "struct x" }, `events[0].struct: "struct x" is no name of a struct: write it as the C source does`},
		{func(m *Manifest) { m.Events[0].Name = "Mine" },
			`events[0].name: "Mine" is no name: use lower-case words joined by dots, such as "disk.request", at most 128 bytes`},
		{func(m *Manifest) { m.Events[0].Name = "meerkat.x" },
			`events[0].name: "meerkat.x" begins like the names of others: "meerkat." and "otel" are reserved, begin with a word of your own`},
		{func(m *Manifest) { m.Metrics[0].Name = "otelcol.x" },
			`metrics[0].name: "otelcol.x" begins like the names of others: "meerkat." and "otel" are reserved, begin with a word of your own`},
		{func(m *Manifest) { m.Events[0].Severity = "fatal" },
			`events[0].severity: "fatal" is not known here: use "trace", "debug", "info", "warn" or "error"`},
		{func(m *Manifest) { m.Events[0].Body = "{a" }, `events[0].body: "{a" has a brace too many: a field is written {field}`},
		{func(m *Manifest) { m.Events[0].Body = "a}" }, `events[0].body: "a}" has a brace too many: a field is written {field}`},
		{func(m *Manifest) { m.Events[0].Body = "{a b}" }, `events[0].body: "{a b}" names "a b", which is no field: a field is written {field}`},
		{func(m *Manifest) { m.Events[0].When = &When{Field: "kind"} },
			`events[0].when.equals: "" is no value: write a number, or the name of an enum's value`},
		{func(m *Manifest) { m.Events[0].Time = &Time{Field: "t", Clock: "wall"} },
			`events[0].time.clock: "wall" is not known here: use "boot", "monotonic" or "real"`},
		{func(m *Manifest) { m.Events[0].ProcessID = "a..b" },
			`events[0].process_id: "a..b" is no field: write its name as in C, and those of nested ones joined by dots, at most 8`},
		{func(m *Manifest) { m.Events[0].Fields[0].As = "addresses" },
			`events[0].fields[0].as: "addresses" is not known here: use "address", "port", "hex", "text", "duration" or "errno"`},
		{func(m *Manifest) {
			m.Events[0].Fields = []Field{{Field: "a"}, {Field: "b", Attribute: "mine.happened.a"}}
		},
			`events[0].fields[1].attribute: "mine.happened.a" is that of events[0].fields[0] too: name each attribute once`},
		{func(m *Manifest) { m.Events[0].Fields = []Field{{}} },
			`events[0].fields[0].field: "" is no field: write its name as in C, and those of nested ones joined by dots, at most 8`},
		{func(m *Manifest) { m.Events = append(m.Events, m.Events[0]) },
			"events[1]: it takes the same records as events[0]: tell them apart by struct or when"},
		{func(m *Manifest) { m.Metrics[0].Unit = "a b" },
			`metrics[0].unit: "a b" is no unit of UCUM, such as "By", "s" or "{packet}", of at most 63 bytes`},
		{func(m *Manifest) { m.Metrics[0].Type = "counter" }, `metrics[0].type: "counter" is not known here: use "sum", "gauge" or "histogram"`},
		{func(m *Manifest) { m.Metrics = append(m.Metrics, m.Metrics[0]) },
			`metrics[1].name: "mine.count" is that of metrics[0] too: name each metric once`},
		{func(m *Manifest) { m.Metrics[0].Type = TypeHistogram },
			"metrics[0].buckets: they are missing: say how the buckets of the histogram are laid out, such as {scale: log2}"},
		{func(m *Manifest) { m.Metrics[0].Buckets = &Buckets{} },
			`metrics[0].buckets: a sum has none: leave them out, or use type "histogram"`},
		{func(m *Manifest) { histogram(m, Buckets{Scale: "log10"}) },
			`metrics[0].buckets.scale: "log10" is not known here: use "log2" or "linear"`},
		{func(m *Manifest) { histogram(m, Buckets{Scale: ScaleLog2, Bucket: "slot"}) },
			"metrics[0].buckets.count: 0 buckets can't be: say how many the program counts, from 2 to 256"},
		{func(m *Manifest) { histogram(m, Buckets{Scale: ScaleLog2, Count: 3}) },
			"metrics[0].buckets.count: 3 is not wanted: the map's value tells how many buckets there are; leave it out, or name the key's field in bucket"},
		{func(m *Manifest) { histogram(m, Buckets{Scale: ScaleLog2, Sum: "a b"}) },
			`metrics[0].buckets.sum: "a b" is no field: write its name as in C, and those of nested ones joined by dots, at most 8`},
		{func(m *Manifest) {
			histogram(m, Buckets{Scale: ScaleLog2, Sum: "slots"})
			m.Metrics[0].Value = "slots"
		},
			`metrics[0].buckets.sum: "slots" is what value names too, which counts: name the field in which the program adds up what it measures`},
		{func(m *Manifest) { histogram(m, Buckets{Scale: ScaleLinear}) }, "metrics[0].buckets.width: 0 is no width: it has to be above 0"},
		{func(m *Manifest) { histogram(m, Buckets{Scale: ScaleLog2, Width: 2}) },
			`metrics[0].buckets.width: 2 is not wanted: buckets of scale "log2" double; leave it out, or use scale "linear"`},
		{func(m *Manifest) { histogram(m, Buckets{Scale: ScaleLog2, Offset: 2}) },
			`metrics[0].buckets.offset: 2 can't be: it is where the first bucket of scale "linear" begins`},
		{func(m *Manifest) { histogram(m, Buckets{Scale: ScaleLog2, Factor: -1}) },
			"metrics[0].buckets.factor: -1 can't be: it turns the program's unit into the metric's, such as 1e-9"},
	}
}

func histogram(m *Manifest, b Buckets) { m.Metrics[0].Type, m.Metrics[0].Buckets = TypeHistogram, &b }

func TestValidate_bounds(t *testing.T) {
	m := good()
	for i := range eventsMax + 1 {
		m.Events = append(m.Events, Event{Map: "ring", Struct: fmt.Sprint("record_", i), Name: "mine.other"})
	}
	m.Programs = make([]Program, problemsMax*2)
	err := m.Validate(nil)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "events: there are 34, and may be 32: divide the tracer")
	assert.Contains(t, err.Error(), "programs: there are 128, and may be 32: divide the tracer")
	lines := strings.Split(err.Error(), "\n")
	assert.Len(t, lines, problemsMax+1)
	assert.Equal(t, "193 more problems are not told", lines[problemsMax])
}

// Whatever the bytes are, there is an answer, and a manifest that is taken keeps to the bounds.
func FuzzParse(f *testing.F) {
	f.Add(complete(f))
	f.Add([]byte("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"))
	f.Add([]byte("events: [{fields: [{field: a.b.c, as: hex}], when: {field: x, equals: 1}}]"))
	f.Add([]byte("metrics:\n- buckets: {scale: linear, width: .nan, offset: .inf}\n"))
	f.Add([]byte("? [a]\n: !!binary aGk=\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := Parse("x", content)
		if err != nil {
			assert.LessOrEqual(t, len(err.Error()), 2*bodyBytesMax)
			return
		}
		if m.Validate(nil) != nil {
			return
		}
		assert.NotEmpty(t, m.Name)
		assert.LessOrEqual(t, len(m.Events), eventsMax)
		assert.NotZero(t, len(m.Events)+len(m.Metrics))
		for _, event := range m.Events {
			assert.LessOrEqual(t, len(event.Fields), fieldsMax)
			assert.False(t, strings.HasPrefix(event.Name, "meerkat."))
		}
	})
}
