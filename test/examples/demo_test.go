// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// demoPatience is how long the demonstration may take on a busy machine, which takes 40 seconds on an idle one.
const demoPatience = 6 * time.Minute

// startDemo runs the demonstration where tracefs is not mounted, with a network of its own.
func startDemo(t *testing.T, arguments ...string) *example {
	t.Helper()
	program := filepath.Join(t.TempDir(), "demo")
	build := exec.Command("go", "build", "-o", program, "./examples/demo")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	command := exec.Command("sh", append([]string{"-c", "ip link set lo up" + withoutTracefs, "sh", program, "-source", "../../examples/demo"}, arguments...)...)
	return launch(t, command, syscall.CLONE_NEWNET)
}

// wait waits until the demonstration has ended, and makes sure that nothing is left of it.
func (e *example) wait() {
	e.t.Helper()
	select {
	case err := <-e.ended:
		require.NoError(e.t, err, e.printed)
	case <-time.After(demoPatience):
		e.t.Fatalf("it does not end; it printed:\n%s", e.printed)
	}
	for _, pattern := range []string{"/var/lib/meerkat-demo", "/run/netns/meerkat-demo*", "/sys/fs/cgroup/meerkat-demo", "/sys/fs/cgroup/*/meerkat-demo", controlSocket} {
		left, err := filepath.Glob(pattern)
		require.NoError(e.t, err)
		assert.Empty(e.t, left)
	}
	assert.NotContains(e.t, e.printed.String(), "tracefs is still mounted")
}

// stepsOf returns what the last record of the only incident in a file says, a line for each step.
func stepsOf(t *testing.T, file string) []string {
	t.Helper()
	var latest plog.LogRecord
	ids := map[string]bool{}
	for _, record := range recordsIn(t, file, names.EventIncident) {
		id, _ := record.Attributes().Get(names.IncidentID)
		ids[id.Str()] = true
		latest = record
	}
	require.Len(t, ids, 1)
	all, _ := latest.Attributes().Get(names.IncidentSteps)
	var steps []string
	for _, one := range all.Slice().All() {
		action, _ := one.Map().Get(names.StepAction)
		object, _ := one.Map().Get(names.StepObject)
		steps = append(steps, action.Str()+" "+object.Str())
	}
	return steps
}

func TestDemo(t *testing.T) {
	binary, data := build(t), t.TempDir()
	t.Run("Ctrl-C", func(t *testing.T) {
		e := startDemo(t, "-collector", binary, "-data", data, "-day", "24h")
		require.Eventually(t, func() bool { return strings.Contains(e.printed.String(), "Visitors come") }, demoPatience, 100*time.Millisecond,
			"it printed:\n%s", e.printed)
		e.interrupt()
		e.wait()
	})
	e := startDemo(t, "-collector", binary, "-data", data, "-day", "30s", "-stay=false")
	e.wait()
	printed := e.printed.String()
	assert.Contains(t, printed, "What the collector says: one incident.\n")
	steps := stepsOf(t, filepath.Join(data, "incidents.json"))
	for part, want := range map[string][]string{
		"web shell":       {"create /srv/cgi-bin/.cup.cgi", "exec /bin/sh"},
		"discovery":       {"exec /usr/bin/id", "exec /bin/uname", "exec /bin/ps"},
		"credential read": {"read /etc/shadow", "read /root/.aws/credentials"},
		"tool download":   {"exec /usr/bin/wget", "connect 198.51.100.0|24/80", "create /tmp/.cup", "exec /tmp/.cup"},
		"persistence":     {"create /var/spool/cron/crontabs/root"},
	} {
		assert.Subset(t, steps, want, part)
		for _, step := range want {
			assert.Contains(t, printed, step, part)
		}
	}
	assert.Contains(t, printed, filepath.Join(data, "incidents.json"))
	assert.Contains(t, printed, "http://127.0.0.1:9464/metrics")
	assert.NotEmpty(t, logsOf(t, filepath.Join(data, "events.json")))
}
