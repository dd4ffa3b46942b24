// SPDX-License-Identifier: Apache-2.0

package customemit_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"golang.org/x/tools/txtar"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
)

var update = flag.Bool("update", false, "write what comes out into the scenarios, instead of comparing it")

// Scenarios say what becomes of records and maps by a manifest. A scenario is a txtar archive whose files are
// steps, taken in order:
//
//	manifest            in YAML, for the object that testdata/tracer.bpf.c makes
//	record MAP NAME     a constant of the object, as a record of a ring buffer
//	record MAP          bytes in hexadecimal
//	entries MAP         the entries from now on: "key value", or a value per processor, in hexadecimal
//	unreadable MAP      the map can't be read from now on
//	collect             the time, in seconds since the start
//	logs, metrics       what has come out since the last such step, as OTLP/JSON
//	counters            those that are not zero
//	errors              what could not be decoded or collected since the last such step
//
// Results come from running the tests with -update.
const scenarioFolder = "testdata/scenarios"

func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(scenarioFolder, "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			require.NotEmpty(t, archive.Comment, "%s does not say what it is about", path)
			r := &replay{t: t, spec: object(t), settings: settings(), entries: map[string][]entry{}, logs: plog.NewLogs(), metrics: pmetric.NewMetrics()}
			for i := range archive.Files {
				r.step(&archive.Files[i])
			}
			assert.Zero(t, r.logs.LogRecordCount()+r.metrics.DataPointCount()+len(r.errors), "the scenario ends with something that it does not expect")
			if *update {
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
			}
		})
	}
}

// started is when the programs of a scenario have begun to count.
var started = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

type entry struct {
	key    []byte
	values [][]byte
}

var errUnreadable = errors.New("it is unreadable")

// replay takes the steps of a scenario.
type replay struct {
	t        *testing.T
	spec     *ebpf.CollectionSpec
	settings customemit.Settings
	events   *customemit.Events
	recorder *customemit.Metrics
	entries  map[string][]entry
	logs     plog.Logs
	metrics  pmetric.Metrics
	errors   []string
}

func (r *replay) step(file *txtar.File) {
	verb, rest, _ := strings.Cut(file.Name, " ")
	content := strings.TrimSpace(string(file.Data))
	switch verb {
	case "manifest":
		r.compile(file.Data)
	case "record":
		r.record(rest, content)
	case "entries":
		r.entries[rest] = r.parseEntries(content)
	case "unreadable":
		delete(r.entries, rest)
	case "collect":
		after, err := time.ParseDuration(content + "s")
		require.NoError(r.t, err)
		r.note(r.recorder.Collect(r.read, started.Add(after), r))
	case "logs":
		compact, err := (&plog.JSONMarshaler{}).MarshalLogs(r.logs)
		require.NoError(r.t, err)
		r.expect(file, indent(r.t, compact))
		r.logs = plog.NewLogs()
	case "metrics":
		compact, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(r.metrics)
		require.NoError(r.t, err)
		r.expect(file, indent(r.t, compact))
		r.metrics = pmetric.NewMetrics()
	case "counters":
		r.expect(file, r.counters())
	case "errors":
		r.expect(file, []byte(strings.Join(r.errors, "\n")+"\n"))
		r.errors = nil
	default:
		r.t.Fatalf("there is no step %q", verb)
	}
}

func (r *replay) expect(file *txtar.File, got []byte) {
	if *update {
		file.Data = got
	}
	assert.Equal(r.t, string(file.Data), string(got), file.Name)
}

func (r *replay) note(err error) {
	if err != nil {
		r.errors = append(r.errors, err.Error())
	}
}

// compile takes "redact" and "points" from the manifest's version, which means nothing otherwise.
func (r *replay) compile(text []byte) {
	m := parse(r.t, text)
	if strings.Contains(m.Version, "redact") {
		r.settings.Redact = func(s string) string { return strings.ReplaceAll(s, "hunter2", "REDACTED") }
	}
	if strings.Contains(m.Version, "points") {
		r.settings.Limits.PointsMax = 2
	}
	var err error
	r.events, err = customemit.NewEvents(m, r.spec.Types, r.settings)
	require.NoError(r.t, err)
	r.recorder, err = customemit.NewMetrics(m, mapTypes(r.spec), started, r.settings)
	require.NoError(r.t, err)
}

func (r *replay) record(source, content string) {
	ring, name, _ := strings.Cut(source, " ")
	var bytes []byte
	if name != "" {
		bytes = record(r.t, r.spec, name)
	} else {
		bytes = r.undump(content)
	}
	event, err := r.events.Ring(ring).Decode(bytes, started)
	r.note(err)
	if err != nil {
		return
	}
	resource := r.logs.ResourceLogs().AppendEmpty()
	r.putCgroup(event.Owner, resource.Resource().Attributes())
	log := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	event.Fill(log)
	r.Describe(event.Owner, log.Attributes())
}

// Metrics implements customemit.Destination.
func (r *replay) Metrics(owner customemit.Owner) pmetric.MetricSlice {
	for _, resource := range r.metrics.ResourceMetrics().All() {
		id, _ := resource.Resource().Attributes().Get("meerkat.cgroup.id")
		if owner.CgroupID == 0 && resource.Resource().Attributes().Len() == 0 || owner.CgroupID != 0 && id.Int() == int64(owner.CgroupID) {
			return resource.ScopeMetrics().At(0).Metrics()
		}
	}
	resource := r.metrics.ResourceMetrics().AppendEmpty()
	r.putCgroup(owner, resource.Resource().Attributes())
	return resource.ScopeMetrics().AppendEmpty().Metrics()
}

// Describe implements customemit.Destination.
func (r *replay) Describe(owner customemit.Owner, attributes pcommon.Map) {
	if owner.PID != 0 {
		attributes.PutInt("process.pid", int64(owner.PID))
	}
}

func (r *replay) putCgroup(owner customemit.Owner, attributes pcommon.Map) {
	if owner.CgroupID != 0 {
		attributes.PutInt("meerkat.cgroup.id", int64(owner.CgroupID))
	}
}

func (r *replay) read(name string, each func(key []byte, values [][]byte)) error {
	entries, ok := r.entries[name]
	for _, e := range entries {
		each(e.key, e.values)
	}
	if !ok {
		return errUnreadable
	}
	return nil
}

func (r *replay) parseEntries(content string) []entry {
	all := []entry{}
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		e := entry{key: r.undump(fields[0])}
		for _, value := range fields[1:] {
			e.values = append(e.values, r.undump(value))
		}
		all = append(all, e)
	}
	return all
}

// undump reads hexadecimal digits; dots set parts off.
func (r *replay) undump(text string) []byte {
	text = strings.NewReplacer(".", "", " ", "", "\n", "").Replace(text)
	bytes, err := hex.DecodeString(text)
	require.NoError(r.t, err)
	return bytes
}

func (r *replay) counters() []byte {
	var b bytes.Buffer
	all := reflect.ValueOf(r.settings.Counters).Elem()
	for i := range all.NumField() {
		if n := all.Field(i).Addr().Interface().(*atomic.Uint64).Load(); n > 0 {
			fmt.Fprintf(&b, "%s %d\n", all.Type().Field(i).Name, n)
		}
	}
	return b.Bytes()
}

// attribute matches a simple attribute that json.Indent has spread over six lines.
var attribute = regexp.MustCompile(`\{\s+"key": ("(?:[^"\\]|\\.)*"),\s+"value": \{\s+("\w+": (?:"(?:[^"\\]|\\.)*"|[^\s"{}\[\]]+))\s+\}\s+\}`)

// indent makes OTLP/JSON that people can read: an attribute takes a line.
func indent(t testing.TB, compact []byte) []byte {
	t.Helper()
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, compact, "", " "))
	indented.WriteByte('\n')
	return attribute.ReplaceAll(indented.Bytes(), []byte(`{"key": $1, "value": {$2}}`))
}
