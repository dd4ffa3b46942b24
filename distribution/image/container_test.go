// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/capability"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
	"github.com/meerkat-otel/meerkat/test/running"
)

const (
	// patience is how long a test waits for something that happens in seconds on an idle machine.
	patience  = 60 * time.Second
	pollEvery = 100 * time.Millisecond
	// containerdLock keeps other tests that have a containerd waiting.
	containerdLock = "/run/lock/meerkat-test-containerd"
)

// commands returns those of the README's section about containers, without its "make image".
func commands(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	section := regexp.MustCompile("(?s)\n## Container\n.*?```console\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, section)
	all := strings.Split(strings.ReplaceAll(strings.TrimSpace(string(section[1])), "\\\n", ""), "\n")
	require.Equal(t, "make image", all[0])
	return all[1:]
}

// containers runs commands where `make image` has been run and a containerd is.
type containers struct {
	t       *testing.T
	folder  string
	address string
	pid     int
}

// startContainerd starts containerd for the duration of a test, in a network of its own. It keeps its state where every
// containerd does, so there must be no other one.
func startContainerd(t *testing.T) *containers {
	t.Helper()
	lock, err := os.OpenFile(containerdLock, os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	t.Cleanup(func() { _ = lock.Close() })
	c := &containers{t: t, folder: t.TempDir()}
	c.address = filepath.Join(c.folder, "containerd.sock")
	log := &running.Output{}
	daemon := exec.Command("sh", "-c", `ip link set lo up && exec containerd --config /dev/null --root "$1" --address "$2"`,
		"sh", filepath.Join(c.folder, "root"), c.address)
	daemon.Stdout, daemon.Stderr = log, log
	daemon.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	require.NoError(t, daemon.Start())
	c.pid = daemon.Process.Pid
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
	})
	require.Eventually(t, func() bool { return c.command("ctr version").Run() == nil }, patience, pollEvery,
		"containerd does not answer; it says:\n%s", log)
	return c
}

func (c *containers) command(line string) *exec.Cmd {
	command := exec.Command("sh", "-c", line)
	command.Dir, command.Env = c.folder, append(os.Environ(), "CONTAINERD_ADDRESS="+c.address)
	return command
}

// ask runs a command and returns what it prints.
func (c *containers) ask(line string) string {
	c.t.Helper()
	printed, err := c.command(line).CombinedOutput()
	require.NoError(c.t, err, "%s\n%s", line, printed)
	return string(printed)
}

// start runs a container until the test ends it, or the test ends.
func (c *containers) start(line, id string) (out *running.Output, complaints *running.Output, end func() error) {
	c.t.Helper()
	out, complaints = &running.Output{}, &running.Output{}
	command := c.command(line)
	command.Stdout, command.Stderr = out, complaints
	require.NoError(c.t, command.Start())
	ended := make(chan struct{})
	var outcome error
	go func() {
		outcome = command.Wait()
		close(ended)
	}()
	c.t.Cleanup(func() {
		_ = c.command("ctr task kill --signal SIGKILL " + id).Run()
		<-ended
	})
	return out, complaints, func() error {
		c.ask("ctr task kill --signal SIGTERM " + id)
		<-ended
		return outcome
	}
}

// status is a line of what the kernel tells of the first process of a container.
func (c *containers) status(id, name string) string {
	c.t.Helper()
	pid := regexp.MustCompile(`(?m)^` + id + `\s+(\d+)\s`).FindStringSubmatch(c.ask("ctr task list"))
	require.NotNil(c.t, pid)
	status, err := os.ReadFile("/proc/" + pid[1] + "/status")
	require.NoError(c.t, err)
	line := regexp.MustCompile(`(?m)^` + name + `:\s+(.*)$`).FindSubmatch(status)
	require.NotNil(c.t, line)
	return string(line[1])
}

// makeImage makes what `make image` does, for this machine's processor alone. It returns the program, and the image's name.
func makeImage(t *testing.T, folder string) (built release.Program, name string) {
	t.Helper()
	p := exampleProduct()
	var err error
	p.Version, err = release.VersionOf(root)
	require.NoError(t, err)
	p.name = defaultName(p.Version)
	built, err = release.Build(t.Context(), root, runtime.GOARCH, filepath.Join(t.TempDir(), release.ProgramName))
	require.NoError(t, err)
	_, err = assemble(t.Context(), p, []release.Program{built}, filepath.Join(folder, "_build/image"))
	require.NoError(t, err)
	return built, p.name
}

// What the README says, with a real containerd: an ordinary user with some capabilities sees what happens on the host.
func TestImage_asTheReadmeSays(t *testing.T) {
	c := startContainerd(t)
	built, name := makeImage(t, c.folder)
	all := commands(t)
	require.Len(t, all, 2)
	c.ask(all[0])
	out, complaints, end := c.start(all[1], "meerkat")
	require.Eventually(t, func() bool { return strings.Contains(complaints.String(), "Everything is ready") }, patience, pollEvery,
		"it does not start; it says:\n%s", complaints)

	assert.Equal(t, "65532\t65532\t65532\t65532", c.status("meerkat", "Uid"))
	granted := 1<<capability.CAP_BPF | 1<<capability.CAP_PERFMON | 1<<capability.CAP_DAC_READ_SEARCH | 1<<capability.CAP_NET_ADMIN
	assert.Equal(t, fmt.Sprintf("%016x", granted), c.status("meerkat", "CapEff"))

	mark := fmt.Sprintf("meerkat-image-%d", os.Getpid())
	require.NoError(t, exec.Command("/bin/true", mark).Run())
	require.Eventually(t, func() bool { return strings.Contains(out.String(), mark) }, patience, pollEvery,
		"what the host executes is not seen; it says:\n%s", complaints)
	metrics := fmt.Sprintf("nsenter --target %d --net curl --silent http://127.0.0.1:%%d/metrics", c.pid)
	require.Eventually(t, func() bool {
		return strings.Contains(c.ask(fmt.Sprintf(metrics, 9464)), "meerkat_process_execs_total{")
	}, patience, pollEvery)
	for _, tracer := range []string{"process", "file", "tcp", "udp", "dns", "privilege"} {
		assert.Contains(t, c.ask(fmt.Sprintf(metrics, 8888)), `otelcol_ebpf_tracer_state{state="running",tracer="`+tracer+`"} 1`)
	}
	assert.NoError(t, end())
	assert.NotContains(t, complaints.String(), "\twarn\t")
	assert.NotContains(t, complaints.String(), "\terror\t")

	t.Run("without capabilities", func(t *testing.T) {
		without := regexp.MustCompile(`--cap-add \S+ `).ReplaceAllString(all[1], "")
		said, err := c.command(without).CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(said), "not allowed to use eBPF: run as root, or grant CAP_BPF and CAP_PERFMON")
		assert.Contains(t, c.ask("ctr run --rm "+name+" gateway /otelcol-meerkat --version"), "otelcol-meerkat version")
	})
	t.Run("configuration", func(t *testing.T) { validateConfiguration(t, built) })
}

// validateConfiguration asks the program whether it takes the default configuration, with each exporter that it speaks of.
func validateConfiguration(t *testing.T, built release.Program) {
	t.Helper()
	for _, environment := range [][]string{
		nil,
		{"MEERKAT_LOGS_EXPORTER=otlp_grpc", "MEERKAT_METRICS_EXPORTER=otlp_grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=https://a.example:4317"},
		{"MEERKAT_LOGS_EXPORTER=otlp_http", "MEERKAT_METRICS_EXPORTER=otlp_http"},
		{"MEERKAT_METRICS_EXPORTER=debug"},
		{"MEERKAT_PROMETHEUS_ENDPOINT=0.0.0.0:9464"},
	} {
		validate := exec.Command(built.Path, "validate", "--config=config.yaml")
		validate.Env = append(os.Environ(), environment...)
		said, err := validate.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", environment, said)
	}
	wrong := exec.Command(built.Path, "validate", "--config=config.yaml")
	wrong.Env = append(os.Environ(), "MEERKAT_LOGS_EXPORTER=nowhere")
	assert.Error(t, wrong.Run())
}
