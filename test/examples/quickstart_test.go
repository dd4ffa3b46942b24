// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package examples runs each folder under examples/ as it stands, the way its README tells people to.
// It tests no component by itself.
package examples

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// patience is how long a test waits for something that happens in seconds on an idle machine.
const patience = 60 * time.Second

// build makes the binary as `make build` does.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "otelcol-meerkat")
	command := exec.Command("make", "-C", "../..", "build", "BINARY="+binary, "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	return binary
}

// commBytesMax is what the kernel keeps of a program's name.
const commBytesMax = 15

// collectorOf finds the collector that a script has started, by its process group.
func collectorOf(t *testing.T, group int) procfs.Proc {
	t.Helper()
	all, err := procfs.AllProcs()
	require.NoError(t, err)
	for _, proc := range all {
		stat, err := proc.Stat()
		if err == nil && stat.PGRP == group && stat.Comm == "otelcol-meerkat"[:commBytesMax] {
			return proc
		}
	}
	t.Fatal("no collector runs")
	return procfs.Proc{}
}

// programsOf returns the BPF programs that a process holds.
func programsOf(t *testing.T, proc procfs.Proc) []ebpf.ProgramID {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", proc.PID))
	require.NoError(t, err)
	var ids []ebpf.ProgramID
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // closed meanwhile
		}
		for line := range strings.Lines(string(content)) {
			var id ebpf.ProgramID
			if n, _ := fmt.Sscanf(line, "prog_id: %d", &id); n == 1 {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func inKernel(t *testing.T, id ebpf.ProgramID) bool {
	t.Helper()
	program, err := ebpf.NewProgramFromID(id)
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	require.NoError(t, err)
	require.NoError(t, program.Close())
	return true
}

// get returns what a page says, empty while it does not answer.
func get(url string) string {
	response, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

// controlSocket is where the control API listens.
const controlSocket = "/run/meerkat/control.sock"

// getOver returns what a page says that is served over a Unix socket.
func getOver(t *testing.T, socket, url string) string {
	t.Helper()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	c := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	response, err := c.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

// withoutTracefs runs a command where tracefs is not mounted, and fails if it is afterwards. Ctrl-C is
// the command's business.
const withoutTracefs = `
trap : INT
umount -R /sys/kernel/tracing 2>/dev/null
"$@" || exit $?
grep -q " /sys/kernel/tracing tracefs" /proc/self/mounts && echo "tracefs is still mounted" && exit 9
exit 0`

func TestQuickstart(t *testing.T) {
	binary, data := build(t), t.TempDir()
	var printed bytes.Buffer
	command := exec.Command("sh", "-c", withoutTracefs, "sh", "../../examples/quickstart/run.sh", binary)
	command.Env = append(os.Environ(), "MEERKAT_DATA="+data)
	command.Stdout, command.Stderr = &printed, &printed
	command.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Setpgid: true}
	started := time.Now()
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	interrupt := func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGINT) }
	t.Cleanup(interrupt)

	events := filepath.Join(data, "events.json")
	require.Eventually(t, func() bool {
		// An idle machine has no events.
		_ = exec.Command("/bin/true").Run()
		info, err := os.Stat(events)
		return err == nil && info.Size() > 0
	}, patience, 10*time.Millisecond, "no event was written; it printed:\n%s", &printed)
	t.Logf("the first event was visible after %s", time.Since(started).Round(10*time.Millisecond))

	require.NoError(t, exec.Command("/bin/true", "meerkat-quickstart").Run())
	require.Eventually(t, func() bool { return hasArgument(t, events, "meerkat-quickstart") }, patience, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		return strings.Contains(get("http://127.0.0.1:9464/metrics"), "meerkat_process_execs_total{")
	}, patience, 200*time.Millisecond)
	for _, tracer := range []string{"process", "file", "tcp", "udp", "dns", "signal", "oom", "crash"} {
		assert.Contains(t, get("http://127.0.0.1:8888/metrics"), `otelcol_ebpf_tracer_state{state="running",tracer="`+tracer+`"} 1`)
	}

	assert.JSONEq(t, `{"name":"root","role":"operator","via":"unix_socket"}`, getOver(t, controlSocket, "http://meerkat/v1/whoami"))

	held := programsOf(t, collectorOf(t, command.Process.Pid))
	require.NotEmpty(t, held)
	interrupt()
	select {
	case err := <-ended:
		require.NoError(t, err, printed.String())
	case <-time.After(patience):
		t.Fatalf("Ctrl-C does not end it; it printed:\n%s", printed.String())
	}
	assert.Contains(t, printed.String(), events)
	assert.Contains(t, printed.String(), "http://127.0.0.1:9464/metrics")
	assert.NotContains(t, strings.ToLower(printed.String()), "error")
	// The kernel frees programs after a grace period.
	for _, id := range held {
		assert.Eventually(t, func() bool { return !inKernel(t, id) }, patience, 100*time.Millisecond)
	}
	assert.NoDirExists(t, filepath.Dir(controlSocket))
	for _, address := range []string{"127.0.0.1:9464", "127.0.0.1:8888"} {
		listener, err := net.Listen("tcp", address)
		require.NoError(t, err, "a socket is left")
		require.NoError(t, listener.Close())
	}
}

// hasArgument looks for an event with a command-line argument in a file of OTLP/JSON lines. The last
// line may be incomplete.
func hasArgument(t *testing.T, file, argument string) bool {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	complete := content[:bytes.LastIndexByte(content, '\n')+1]
	for line := range bytes.Lines(complete) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		for _, resource := range logs.ResourceLogs().All() {
			for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
				arguments, ok := record.Attributes().Get("process.command_args")
				if ok && strings.Contains(arguments.AsString(), argument) {
					return true
				}
			}
		}
	}
	return false
}
