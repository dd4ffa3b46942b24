// SPDX-License-Identifier: Apache-2.0

//go:build linux && e2e

package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/running"
)

// buildYours builds the Collector as the script would, which needs a network.
func buildYours(t *testing.T) {
	t.Helper()
	require.NoError(t, os.RemoveAll("../../examples/existing-collector/_build"))
	command := exec.Command("go", "tool", "-modfile=internal/tools/go.mod", "builder", "--config", "examples/existing-collector/manifest.yaml")
	command.Dir = "../.."
	// It leaves an empty folder behind each time.
	command.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
}

// What the kernel saw comes out of a Collector of others, beside its own, and goes through its processors.
func TestExistingCollector(t *testing.T) {
	buildYours(t)
	data, printed := t.TempDir(), &running.Output{}
	command := exec.Command("sh", "-c", `ip link set lo up && exec "$1"`, "sh", "../../examples/existing-collector/run.sh")
	command.Env = append(os.Environ(), "YOURS_DATA="+data)
	command.Stdout, command.Stderr = printed, printed
	// Its ports are those of a network of its own.
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setpgid: true}
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	require.Eventually(t, func() bool { return strings.Contains(printed.String(), "Everything is ready") }, patience, 100*time.Millisecond,
		"it does not start; it printed:\n%s", printed)

	const secret = "EMP-123456"
	require.NoError(t, os.WriteFile(filepath.Join(data, "app.log"), []byte("order taken by "+secret+"\n"), 0o600))
	program := filepath.Join(t.TempDir(), secret+"-tool")
	copied, err := exec.Command("cp", "/bin/true", program).CombinedOutput()
	require.NoError(t, err, string(copied))
	count := exec.Command("nsenter", "--net", fmt.Sprintf("--target=%d", command.Process.Pid), "bash", "-c", "echo 'orders:1|c' >/dev/udp/127.0.0.1/8125")
	require.NoError(t, count.Run())
	var logs string
	require.Eventually(t, func() bool {
		_ = exec.Command(program).Run()
		text, err := os.ReadFile(filepath.Join(data, "logs.json"))
		logs = string(text)
		return err == nil && strings.Contains(logs, "order taken by ****") && strings.Contains(logs, "****-tool") &&
			strings.Contains(logs, "meerkat.process.exec")
	}, patience, 100*time.Millisecond, "not all came out; it printed:\n%s", printed)
	assert.NotContains(t, logs, secret, "it got past the processor of others")
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(data, "metrics.json"))
		return err == nil && strings.Contains(string(text), `"orders"`) && strings.Contains(string(text), `"meerkat.process.execs"`)
	}, patience, 100*time.Millisecond, "not all was counted; it printed:\n%s", printed)

	require.NoError(t, syscall.Kill(-command.Process.Pid, syscall.SIGINT))
	select {
	case err := <-ended:
		assert.NoError(t, err, printed)
	case <-time.After(patience):
		t.Fatalf("Ctrl-C does not end it; it printed:\n%s", printed)
	}
	assert.NotContains(t, printed.String(), "\terror\t")
}
