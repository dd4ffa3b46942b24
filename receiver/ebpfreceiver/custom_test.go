// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
)

// observeManifest is for testdata/observe.bpf.c of the package custom.
const observeManifest = `
name: observe
brief: Executions, seen in many ways.
version: "1.2"
object: observe.bpf.o
programs:
  - {name: by_clock, samples_per_second: 1}
  - {name: by_iterator, interval: 24h}
events:
  - map: events
    struct: exec_event
    name: example.exec
    body: "seen by {source}"
    time: {field: time, clock: monotonic}
    process_id: who.pid
    cgroup_id: who.cgroup
metrics:
  - map: counts
    name: example.runs
    unit: "{run}"
    type: sum
    attributes: [{attribute: example.source}]
`

func customObject(t *testing.T, name string) []byte {
	t.Helper()
	object, err := os.ReadFile(filepath.Join("internal", "custom", "testdata", name))
	require.NoError(t, err)
	return object
}

// upload sends a tracer to the handlers of a receiver, and reads the answer.
func (l *live) upload(name, query string, u control.Upload, into any) int {
	l.t.Helper()
	body, contentType := formOf(l.t, u)
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodPut, l.api.address+"/v1/custom-tracers/"+name+query, bytes.NewReader(body))
	require.NoError(l.t, err)
	request.Header.Set("Content-Type", contentType)
	return l.send(request, into)
}

// formOf is what an upload is sent as.
func formOf(t testing.TB, u control.Upload) (body []byte, contentType string) {
	t.Helper()
	var written bytes.Buffer
	form := multipart.NewWriter(&written)
	for part, content := range map[string][]byte{"manifest": u.Manifest, "object": u.Object, "signature": u.Signature} {
		if content == nil {
			continue
		}
		w, err := form.CreateFormFile(part, part)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, form.Close())
	return written.Bytes(), form.FormDataContentType()
}

func unsigned(c *Config) {
	only("process")(c)
	c.CustomTracers.Uploads.Enabled, c.CustomTracers.Uploads.Unsigned = true, true
}

func TestCustom_uploadToEvent(t *testing.T) {
	l := startControlled(t, func(c *Config) {
		unsigned(c)
		c.MetricsInterval = metricsIntervalMin
	})
	var tr control.Tracer
	require.Equal(t, http.StatusCreated, l.upload("observe", "", control.Upload{Manifest: []byte(observeManifest), Object: customObject(t, "observe.bpf.o")}, &tr))
	assert.Equal(t, "running", tr.State.Status, tr.State.Reason)
	require.Len(t, tr.Custom.Iterators, 1)
	assert.Equal(t, "by_iterator", tr.Custom.Iterators[0].Program)
	assert.Zero(t, tr.Custom.Iterators[0].Cut+tr.Custom.Iterators[0].Failed)
	tr.Custom.Iterators = nil
	assert.Equal(t, &control.Custom{From: "upload", Version: "1.2", Licence: "Dual BSD/GPL"}, tr.Custom)
	assert.Equal(t, control.OriginOverride, tr.EnabledFrom)
	assert.Positive(t, tr.MapBytes)

	command := exec.Command("/bin/true")
	before := time.Now()
	require.NoError(t, command.Run())
	after := time.Now()
	for _, source := range []string{"FROM_TRACEPOINT", "FROM_RAW_TRACEPOINT", "FROM_BTF_TRACEPOINT"} {
		r := l.one("example.exec", func(r record) bool { return byPID(command.Process.Pid)(r) && r.str("example.exec.source") == source })
		assert.Equal(t, "seen by "+source, r.Body().Str())
		assert.Equal(t, "true", filepath.Base(r.str(names.ProcessExecutablePath)))
		assert.WithinRange(t, r.Timestamp().AsTime(), before.Add(-time.Second), after.Add(time.Second))
		created, err := time.Parse(time.RFC3339Nano, r.str(names.ProcessCreationTime))
		require.NoError(t, err)
		assert.WithinRange(t, created, before.Add(-time.Second), after.Add(time.Second))
		assert.EqualValues(t, os.Getpid(), r.num(names.ProcessParentPID))
		for _, told := range []string{"example.exec.time", "example.exec.who.pid", "example.exec.who.cgroup"} {
			assert.False(t, r.has(told), told)
		}
	}
	require.Eventually(t, func() bool { return l.sumOf("example.runs", "example.source", 2) > 0 }, patience, 50*time.Millisecond)

	require.Equal(t, http.StatusNoContent, l.ask(http.MethodDelete, "/v1/custom-tracers/observe", "", nil))
	assert.Equal(t, 404, l.refused(http.MethodGet, "/v1/tracers/observe", "").Status)
	uploads := l.find(names.EventControlChanged, func(r record) bool { return r.str(names.ControlSubject) == "tracer/observe" })
	l.one(names.EventControlChanged, func(r record) bool { return r.str(names.ControlAction) == "delete" })
	assert.NotEmpty(t, uploads)
}

func TestCustom_switched(t *testing.T) {
	l := startControlled(t, unsigned)
	var tr control.Tracer
	u := control.Upload{Manifest: []byte(observeManifest), Object: customObject(t, "observe.bpf.o")}
	require.Equal(t, http.StatusCreated, l.upload("observe", "", u, &tr))
	require.Equal(t, http.StatusOK, l.upload("observe", "", u, &tr), "it is replaced")
	off := l.patch("observe", `{"enabled": false}`)
	assert.Equal(t, "stopped", off.State.Status)
	command := exec.Command("/bin/true")
	require.NoError(t, command.Run())
	on := l.patch("observe", `{"enabled": true}`)
	assert.Equal(t, "running", on.State.Status)
	again := exec.Command("/bin/true")
	require.NoError(t, again.Run())
	l.three("example.exec", byPID(again.Process.Pid))
	assert.Empty(t, l.find("example.exec", byPID(command.Process.Pid)))
	p := l.refused(http.MethodPatch, "/v1/tracers/observe", `{"settings": {"colour": 1}}`)
	assert.Equal(t, "settings: colour: a tracer of somebody else can be switched, and has no settings", p.Detail)
}

// three waits for what each of three programs has seen.
func (l *live) three(event string, match func(record) bool) {
	l.t.Helper()
	require.Eventually(l.t, func() bool { return len(l.find(event, match)) == 3 }, patience, 20*time.Millisecond)
}

// folderWith makes a folder with a tracer.
func folderWith(t *testing.T, manifest, object string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, manifestFile), []byte(manifest), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "observe.bpf.o"), customObject(t, object), 0o600))
	return folder
}

// A folder with a mistake is told, and keeps nothing else from running.
func TestCustom_folders(t *testing.T) {
	good, bad := folderWith(t, observeManifest, "observe.bpf.o"), folderWith(t, "name: bad\ncolour: 1\n", "observe.bpf.o")
	l := startControlled(t, func(c *Config) {
		only("process")(c)
		c.CustomTracers.Folders = []string{bad, good}
	})
	command := exec.Command("/bin/true")
	require.NoError(t, command.Run())
	l.three("example.exec", byPID(command.Process.Pid))
	l.one(names.EventProcessExec, byPID(command.Process.Pid))
	var tr control.Tracer
	require.Equal(t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers/"+filepath.Base(bad), "", &tr))
	assert.Equal(t, "failed", tr.State.Status)
	assert.Contains(t, tr.State.Reason, "colour")
	require.Equal(t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers/observe", "", &tr))
	assert.Equal(t, "folder", tr.Custom.From)
	assert.Equal(t, "not_uploaded", l.refused(http.MethodDelete, "/v1/custom-tracers/observe", "").Code)
}

// What has more events than it may is told up to the bound, and then switched off.
func TestCustom_budget(t *testing.T) {
	l := startControlled(t, func(c *Config) {
		unsigned(c)
		c.CustomTracers.EventsPerSecondMax = 1
	})
	var tr control.Tracer
	require.Equal(t, http.StatusCreated, l.upload("observe", "", control.Upload{Manifest: []byte(observeManifest), Object: customObject(t, "observe.bpf.o")}, &tr))
	stop := runAgainAndAgain(t, copyProgram(t, "/bin/true", "flood"))
	require.Eventually(t, func() bool {
		l.ask(http.MethodGet, "/v1/tracers/observe", "", &tr)
		return tr.State.Status == "failed"
	}, 4*patience, 200*time.Millisecond)
	stop()
	assert.Contains(t, tr.State.Reason, "it had more than 1 events per second for 10 seconds")
	assert.True(t, tr.Enabled)
	e := tr.Events["example.exec"]
	assert.Positive(t, e.HeldBack)
	assert.Less(t, e.Delivered, e.HeldBack)
	assert.Equal(t, "running", l.patch("observe", `{"enabled": true}`).State.Status, "it can be given another try")
}

func TestCustom_outlivesARestart(t *testing.T) {
	host, storage := withStorage(t, t.TempDir())
	start := func(change func(*Config)) *live {
		return startControlledOn(t, host, func(c *Config) {
			unsigned(c)
			c.Storage = &storage
			change(c)
		})
	}
	l := start(func(*Config) {})
	var tr control.Tracer
	require.Equal(t, http.StatusCreated, l.upload("observe", "", control.Upload{Manifest: []byte(observeManifest), Object: customObject(t, "observe.bpf.o")}, &tr))
	l.stop()
	l = start(func(*Config) {})
	require.Equal(t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers/observe", "", &tr))
	assert.Equal(t, "running", tr.State.Status)
	l.patch("observe", `{"enabled": false}`)
	l.stop()
	l = start(func(*Config) {})
	require.Equal(t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers/observe", "", &tr))
	assert.Equal(t, "stopped", tr.State.Status)
	l.stop()
	l = start(func(c *Config) { c.CustomTracers.Uploads = CustomUploadsConfig{} })
	assert.Equal(t, 404, l.refused(http.MethodGet, "/v1/tracers/observe", "").Status)
	assert.True(t, l.hasSaid("A tracer that was uploaded before is left out"))
}

// sumOf is the newest value of a sum among the points with an attribute.
func (l *live) sumOf(metric, attribute string, value int64) int64 {
	var sum int64
	for _, batch := range l.metrics.AllMetrics() {
		for _, r := range batch.ResourceMetrics().All() {
			for _, s := range r.ScopeMetrics().All() {
				for _, m := range s.Metrics().All() {
					if m.Name() != metric {
						continue
					}
					for _, point := range m.Sum().DataPoints().All() {
						if v, ok := point.Attributes().Get(attribute); ok && v.Int() == value {
							sum = max(sum, point.IntValue())
						}
					}
				}
			}
		}
	}
	return sum
}
