// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

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

// engine is a Docker that is not installed, and that has a network and a folder of its own.
type engine struct {
	programs, socket string
	pid              int
}

// fetchDocker takes the programs out of Debian's package, without installing it.
func fetchDocker(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	fetch := exec.Command("sh", "-ec", "apt-get update -qq && apt-get download -qq docker.io && dpkg-deb --extract docker.io_*.deb . && rm docker.io_*.deb")
	fetch.Dir = folder
	output, err := fetch.CombinedOutput()
	require.NoError(t, err, string(output))
	return filepath.Join(folder, "usr/bin") + ":" + filepath.Join(folder, "usr/sbin")
}

// dataFolder is where every Docker has its state. The one of the test has it there alone.
const dataFolder = "/var/lib/docker"

func startEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{programs: fetchDocker(t)}
	if err := os.Mkdir(dataFolder, 0o710); err == nil {
		t.Cleanup(func() { _ = os.Remove(dataFolder) })
	}
	// Paths of sockets are short.
	folder, err := os.MkdirTemp("", "docker") //nolint:usetesting // its path would be too long
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(folder)) })
	e.socket = filepath.Join(folder, "socket")
	daemon := exec.Command("sh", "-ec", `ip link set lo up; mkdir "$0/data"; mount --bind "$0/data" `+dataFolder+`
		exec dockerd --exec-root "$0/run" --host "unix://$0/socket" --pidfile "$0/pid" --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs`, folder)
	daemon.Env = append(os.Environ(), "PATH="+e.programs+":"+os.Getenv("PATH"))
	daemon.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
	log := &running.Output{}
	daemon.Stdout, daemon.Stderr = log, log
	require.NoError(t, daemon.Start())
	e.pid = daemon.Process.Pid
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
	})
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "API listen on") }, demoPatience, 100*time.Millisecond, "%s", log)
	return e
}

// within is a command where the engine's network is.
func (e *engine) within(line string) string {
	return fmt.Sprintf("nsenter --net=/proc/%d/ns/net sh -ec '%s'", e.pid, strings.ReplaceAll(line, "'", `'\''`))
}

func TestGettingStarted_docker(t *testing.T) {
	t.Setenv("CGO_ENABLED", "0")
	folder := origin(t)
	e := startEngine(t)
	t.Setenv("DOCKER_HOST", "unix://"+e.socket)
	n := &newcomer{t: t, folder: folder, path: "PATH=" + e.programs + ":" + os.Getenv("PATH"), printed: &running.Output{}}
	t.Cleanup(func() { _ = n.shell("docker rm --force meerkat").Run() })
	for _, command := range commandsOf(t, "With Docker") {
		line, output := command[0], command[1]
		if !strings.HasPrefix(line, "make ") {
			line = e.within(line)
		}
		n.run(line, output)
	}
}
