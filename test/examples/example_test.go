// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package examples runs each folder under examples/ as it stands, the way its README tells people to.
// It tests no component by itself.
package examples

import (
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

	"github.com/meerkat-otel/meerkat/test/running"
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

// example is one that runs.
type example struct {
	t       *testing.T
	command *exec.Cmd
	printed *running.Output
	ended   chan error
}

// start runs the script of an example where tracefs is not mounted.
func start(t *testing.T, script, binary string, environment ...string) *example {
	t.Helper()
	command := exec.Command("sh", "-c", withoutTracefs, "sh", script, binary)
	command.Env = append(os.Environ(), environment...)
	return launch(t, command, 0)
}

// launch runs a command until the test ends, with a mount namespace and further ones of its own.
func launch(t *testing.T, command *exec.Cmd, namespaces uintptr) *example {
	t.Helper()
	e := &example{t: t, command: command, printed: &running.Output{}, ended: make(chan error, 1)}
	command.Stdout, command.Stderr = e.printed, e.printed
	command.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | namespaces, Setpgid: true}
	require.NoError(t, command.Start())
	go func() { e.ended <- command.Wait() }()
	t.Cleanup(e.interrupt)
	return e
}

// interrupt is Ctrl-C.
func (e *example) interrupt() { _ = syscall.Kill(-e.command.Process.Pid, syscall.SIGINT) }

// end has an example end, and makes sure that nothing is left of it.
func (e *example) end() {
	e.t.Helper()
	held := programsOf(e.t, collectorOf(e.t, e.command.Process.Pid))
	require.NotEmpty(e.t, held)
	e.interrupt()
	select {
	case err := <-e.ended:
		require.NoError(e.t, err, e.printed)
	case <-time.After(patience):
		e.t.Fatalf("Ctrl-C does not end it; it printed:\n%s", e.printed)
	}
	// The kernel frees programs after a grace period.
	for _, id := range held {
		assert.Eventually(e.t, func() bool { return !inKernel(e.t, id) }, patience, 100*time.Millisecond)
	}
	assert.NoDirExists(e.t, filepath.Dir(controlSocket))
	for _, address := range []string{"127.0.0.1:9464", "127.0.0.1:8888"} {
		listener, err := net.Listen("tcp", address)
		require.NoError(e.t, err, "a socket is left")
		require.NoError(e.t, listener.Close())
	}
}
