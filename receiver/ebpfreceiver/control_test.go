// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
)

// patch changes a tracer and returns how it is then.
func (l *live) patch(name, body string) control.Tracer {
	l.t.Helper()
	var t control.Tracer
	require.Equal(l.t, http.StatusOK, l.ask(http.MethodPatch, "/v1/tracers/"+name, body, &t))
	return t
}

func (l *live) refused(method, path, body string) controlapi.Problem {
	l.t.Helper()
	var p controlapi.Problem
	status := l.ask(method, path, body, &p)
	require.Equal(l.t, status, p.Status)
	require.GreaterOrEqual(l.t, status, 400)
	return p
}

func openFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "opened")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	return path
}

func TestControl_aTracerIsSwitched(t *testing.T) {
	l := startControlled(t, only("process", "file"))
	before := openFile(t)
	l.one(names.EventFileCreate, onFile(before))

	stopped := l.patch("file", `{"enabled": false}`)
	assert.False(t, stopped.Enabled)
	assert.Equal(t, control.OriginOverride, stopped.EnabledFrom)
	assert.Equal(t, map[string]any{"enabled": false}, stopped.Override)
	assert.Equal(t, "stopped", stopped.State.Status)
	assert.Empty(t, stopped.State.Hooks)
	assert.Zero(t, stopped.MapBytes)
	assert.Positive(t, stopped.State.SwitchSeconds)
	assert.Positive(t, stopped.Events["create"].Delivered, "what was counted is kept")
	meanwhile := openFile(t)
	again := l.patch("file", `{"enabled": false}`)
	assert.Equal(t, "stopped", again.State.Status, "it is idempotent")

	started := l.patch("file", `{"enabled": true}`)
	assert.Equal(t, "running", started.State.Status)
	assert.NotEmpty(t, started.State.Hooks)
	assert.NotZero(t, started.MapBytes)
	after := openFile(t)
	l.one(names.EventFileCreate, onFile(after))
	assert.Empty(t, l.find(names.EventFileCreate, onFile(meanwhile)))
	sum := l.balance("file")["create"]
	assert.GreaterOrEqual(t, sum.Offered, stopped.Events["create"].Offered+1, "counts go on from where they were")

	var reset control.Tracer
	require.Equal(t, http.StatusOK, l.ask(http.MethodDelete, "/v1/tracers/file/override", "", &reset))
	assert.Equal(t, control.OriginConfiguration, reset.EnabledFrom)
	assert.Nil(t, reset.Override)
	assert.True(t, reset.Enabled)
}

// The others learn from the tracer "process" who did something, so it goes on without being told of.
func TestControl_processesAreKnownWithoutTheirTracer(t *testing.T) {
	l := startControlled(t, only("process", "file"))
	off := l.patch("process", `{"enabled": false}`)
	assert.Equal(t, "running", off.State.Status)
	assert.Contains(t, off.State.Reason, "other tracers")
	path := filepath.Join(t.TempDir(), "made")
	command := exec.Command(busybox, "touch", path)
	require.NoError(t, command.Run())
	r := l.one(names.EventFileCreate, onFile(path))
	assert.EqualValues(t, command.Process.Pid, r.num(names.ProcessPID))
	assert.Contains(t, r.str(names.ProcessExecutablePath), "busybox")
	assert.Empty(t, l.find(names.EventProcessExec, byPID(command.Process.Pid)))
	l.patch("process", `{"enabled": true}`)
	command = exec.Command("/bin/true")
	require.NoError(t, command.Run())
	l.one(names.EventProcessExec, byPID(command.Process.Pid))
}

// A tracer that was off when the receiver started is loaded then.
func TestControl_aTracerThatNeverRan(t *testing.T) {
	l := startControlled(t, only("process"))
	require.Equal(t, "running", l.patch("tcp", `{"enabled": true}`).State.Status)
	require.Equal(t, "running", l.patch("tty", `{"enabled": true}`).State.Status)
	l.patch("tcp", `{"enabled": false}`)
	var all struct{ Tracers []control.Tracer }
	require.Equal(t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers", "", &all))
	running := map[string]bool{}
	for _, tr := range all.Tracers {
		running[tr.Name] = tr.State.Status == "running"
	}
	assert.Len(t, running, len(catalogue()))
	for name, is := range running {
		assert.Equal(t, name == "process" || name == "tty", is, name)
	}
}

// What is set takes hold without a gap: each exec is told once, by the one tracer or the other.
func TestControl_settingsAreReplacedWithoutAGap(t *testing.T) {
	const changes = 10
	l := startControlled(t, only("process"))
	program := copyProgram(t, "/bin/true", "counted")
	stop := runAgainAndAgain(t, program)
	for i := range changes {
		bytes := 1024 + i
		set := l.patch("process", `{"settings": {"arguments_max_bytes": `+jsonOf(t, bytes)+`, "environment_keys": ["MARK"]}}`)
		assert.EqualValues(t, bytes, set.Settings["arguments_max_bytes"])
		assert.Equal(t, "running", set.State.Status)
	}
	count := stop()
	l.stop()
	assert.Positive(t, count)
	assert.Len(t, l.find(names.EventProcessExec, byExecutable(program)), count)
	assert.Len(t, l.find(names.EventProcessExit, byExecutable(program)), count)
}

func TestControl_changesAreEvents(t *testing.T) {
	l := startControlled(t, only("process", "udp"))
	l.patch("udp", `{"enabled": false}`)
	r := l.one(names.EventControlChanged, func(record) bool { return true })
	l.patch("udp", `{"enabled": false}`)
	l.patch("udp", `{"settings": {"idle_timeout": "17s"}}`)
	l.stop()
	assert.Len(t, l.find(names.EventControlChanged, func(record) bool { return true }), 2, "nothing is said of what changes nothing")
	for name, want := range map[string]string{
		names.UserName: ownName(), names.ControlRole: "operator", names.ControlVia: "unix_socket", names.ControlAction: "disable",
		names.ControlSubject: "tracer/udp", names.ControlFrom: `{"enabled":true}`, names.ControlTo: `{"enabled":false}`,
	} {
		assert.Equal(t, want, r.str(name), name)
	}
	assert.False(t, r.has(names.ClientAddress))
	assert.Equal(t, "tracer/udp was switched off by "+ownName(), r.Body().Str())
	set := l.find(names.EventControlChanged, func(r record) bool { return r.str(names.ControlAction) == "set" })
	require.Len(t, set, 1)
	assert.JSONEq(t, `{"idle_timeout":"30s"}`, set[0].str(names.ControlFrom))
	assert.JSONEq(t, `{"idle_timeout":"17s"}`, set[0].str(names.ControlTo))
}

// ownName is that of the user who runs the tests, or its number on a machine without names.
func ownName() string {
	if own, err := user.LookupId(strconv.Itoa(os.Getuid())); err == nil {
		return own.Username
	}
	return strconv.Itoa(os.Getuid())
}

func TestControl_badRequestsChangeNothing(t *testing.T) {
	l := startControlled(t, only("process", "udp"))
	var before, after control.Tracer
	l.ask(http.MethodGet, "/v1/tracers/udp", "", &before)
	for _, bad := range []struct {
		method, path, body string
		status             int
		detail             string
	}{
		{http.MethodGet, "/v1/tracers/nothing", "", 404, `no tracer is called "nothing"; GET /v1/tracers lists them`},
		{http.MethodPatch, "/v1/tracers/nothing", `{"enabled": true}`, 404, `no tracer is called "nothing"; GET /v1/tracers lists them`},
		{http.MethodPatch, "/v1/tracers/udp", `{}`, 422, `neither "enabled" nor any of "settings" is there: nothing is to be changed`},
		{http.MethodPatch, "/v1/tracers/udp", `{"enabled": "yes"}`, 422, "enabled: it is true, false, or null for what the configuration says"},
		{http.MethodPatch, "/v1/tracers/udp", `{"settings": {"enabled": true}}`, 422, "settings.enabled: enabled stands beside settings, not in it"},
		{http.MethodPatch, "/v1/tracers/udp", `{"enabled": false, "colour": 1}`, 400, `the body: json: unknown field "colour"`},
		{http.MethodPatch, "/v1/tracers/udp", `{"enabled": false`, 400, "the JSON of the body ends too early"},
		{http.MethodPatch, "/v1/tracers/udp", ``, 400, "the body is empty; it has to be a JSON object"},
		{http.MethodPatch, "/v1/tracers/udp", `{"enabled": false} {}`, 400, "the body: there is something behind the JSON value"},
		{http.MethodPatch, "/v1/tracers/udp", `{"settings": {"idle_timeout": "1000h"}}`, 422,
			"tracers::udp: idle_timeout: 1000h0m0s is outside"},
		{http.MethodPatch, "/v1/tracers/udp", `{"settings": {"tracked_flows": 2000.5}}`, 422, "tracked_flows: 2000.5 is not a whole number"},
		{http.MethodPatch, "/v1/tracers/udp", `{"settings": {"colour": 1}}`, 422, "colour"},
		{http.MethodPatch, "/v1/filters", `{"settings": {}}`, 422, `"settings" is empty: nothing is to be changed`},
		{http.MethodPatch, "/v1/filters", `{"settings": {"include": {"networks": ["nowhere"]}}}`, 422, `filters::include: networks[0]: "nowhere"`},
	} {
		p := l.refused(bad.method, bad.path, bad.body)
		assert.Equal(t, bad.status, p.Status, bad.body)
		assert.Contains(t, p.Detail, bad.detail, bad.body)
	}
	l.ask(http.MethodGet, "/v1/tracers/udp", "", &after)
	assert.Equal(t, before.Settings, after.Settings)
	assert.Nil(t, after.Override)
	assert.Equal(t, "running", after.State.Status)
}

func onFile(path string) func(record) bool {
	return func(r record) bool { return r.str(names.FilePath) == path }
}

func byExecutable(path string) func(record) bool {
	return func(r record) bool { return r.str(names.ProcessExecutablePath) == path }
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// A tracer that is switched again and again costs the others nothing.
func TestControl_othersMissNothing(t *testing.T) {
	const switches = 200
	l := startControlled(t, only("process", "file", "tcp"))
	program := copyProgram(t, "/bin/true", "counted")
	stop := runAgainAndAgain(t, program)
	for i := range switches {
		name := []string{"file", "tcp"}[i/2%2]
		wanted := i%2 == 1
		switched := l.patch(name, `{"enabled": `+strconv.FormatBool(wanted)+`}`)
		assert.Equal(t, map[bool]string{true: "running", false: "stopped"}[wanted], switched.State.Status)
	}
	count := stop()
	l.stop()
	assert.Greater(t, count, switches/10)
	assert.Len(t, l.find(names.EventProcessExec, byExecutable(program)), count)
	assert.Len(t, l.find(names.EventProcessExit, byExecutable(program)), count)
}

func TestControl_filtersChange(t *testing.T) {
	l := startControlled(t, only("process", "file"))
	folder := t.TempDir()
	var f control.Filters
	require.Equal(t, http.StatusOK, l.ask(http.MethodPatch, "/v1/filters", `{"settings": {"exclude": {"paths": ["`+folder+`/"]}}}`, &f))
	assert.Equal(t, map[string]any{"exclude": map[string]any{"paths": []any{folder + "/"}}}, f.Override)
	hidden, shown := filepath.Join(folder, "hidden"), openFile(t)
	require.NoError(t, os.WriteFile(hidden, nil, 0o600))
	l.one(names.EventFileCreate, onFile(shown))
	l.balance("file")
	assert.Empty(t, l.find(names.EventFileCreate, onFile(hidden)))
	var reset control.Filters
	require.Equal(t, http.StatusOK, l.ask(http.MethodDelete, "/v1/filters/override", "", &reset))
	assert.Nil(t, reset.Override)
	again := filepath.Join(folder, "again")
	require.NoError(t, os.WriteFile(again, nil, 0o600))
	l.one(names.EventFileCreate, onFile(again))
}
