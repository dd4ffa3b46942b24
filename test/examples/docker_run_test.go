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

// privateDocker starts a Docker that has its folders and its network for itself.
const privateDocker = `
mkdir -p /var/lib/docker /run/docker /run/containerd
mount --make-rprivate /
for name in var/lib/docker run/docker run/containerd; do
	mkdir -p "$1/$name"
	mount --bind "$1/$name" "/$name"
done
ip link set lo up
exec dockerd --pidfile "$1/pid" --host "unix://$1/docker.sock" --bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false`

// dockerHost is a machine with Docker, Compose and the image, on which people follow the page.
type dockerHost struct {
	t *testing.T
	// folder is that of the example, in a copy of what the page needs of the repository.
	folder      string
	environment []string
	pid         int
}

func startDocker(t *testing.T) *dockerHost {
	t.Helper()
	state, copied := t.TempDir(), t.TempDir()
	h := &dockerHost{t: t, folder: filepath.Join(copied, "examples/docker")}
	h.environment = append(os.Environ(), "DOCKER_CONFIG="+state, "DOCKER_HOST=unix://"+state+"/docker.sock")
	must := func(command *exec.Cmd) {
		said, err := command.CombinedOutput()
		require.NoError(t, err, string(said))
	}
	plugins := filepath.Join(state, "cli-plugins")
	require.NoError(t, os.MkdirAll(plugins, 0o755))
	compose := exec.Command("go", "build", "-modfile=internal/tools/compose.mod", "-o", filepath.Join(plugins, "docker-compose"), "github.com/docker/compose/v2/cmd")
	compose.Dir = "../.."
	compose.Env = append(os.Environ(), "CGO_ENABLED=0")
	must(compose)
	image := exec.Command("go", "run", "./distribution/image", "-output", filepath.Join(copied, "_build/image"))
	image.Dir = "../.."
	must(image)
	require.NoError(t, os.CopyFS(h.folder, os.DirFS(dockerFolder)))

	log := &running.Output{}
	daemon := exec.Command("sh", "-ec", privateDocker, "sh", state)
	daemon.Stdout, daemon.Stderr = log, log
	daemon.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	require.NoError(t, daemon.Start())
	h.pid = daemon.Process.Pid
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
	})
	require.Eventually(t, func() bool { return h.command("docker version").Run() == nil }, patience, 100*time.Millisecond,
		"dockerd does not answer; it says:\n%s", log)
	return h
}

// command runs where Docker's network is.
func (h *dockerHost) command(line string) *exec.Cmd {
	command := exec.Command("nsenter", fmt.Sprintf("--target=%d", h.pid), "--net", "sh", "-c", line)
	command.Dir, command.Env = h.folder, h.environment
	return command
}

func (h *dockerHost) ask(line string) string {
	h.t.Helper()
	printed, err := h.command(line).CombinedOutput()
	require.NoError(h.t, err, "%s\n%s", line, printed)
	return string(printed)
}

// assertObserves looks whether what runs sees the host and another container, by a page and what it prints.
func (h *dockerHost) assertObserves(logs, page string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return strings.Contains(h.ask(logs), "Everything is ready") }, patience, time.Second)
	mark := fmt.Sprintf("meerkat-docker-%d", time.Now().UnixNano())
	require.Eventually(h.t, func() bool {
		_ = exec.Command("/bin/true", mark).Run()
		return strings.Contains(h.ask(logs), mark)
	}, patience, time.Second, "what the host executes is not seen")
	require.Eventually(h.t, func() bool {
		h.ask("docker run --rm --network none --entrypoint /otelcol-meerkat localhost/meerkat:0.1.0 --version")
		printed, err := h.command(page).Output()
		return err == nil && strings.Contains(string(printed), `container_runtime_name="docker"`)
	}, patience, time.Second, "what a container executes is not counted")
	own := h.ask("curl --silent http://127.0.0.1:8888/metrics")
	for _, tracer := range []string{"process", "file", "tcp", "udp", "dns", "privilege"} {
		assert.Contains(h.t, own, `otelcol_ebpf_tracer_state{state="running",tracer="`+tracer+`"} 1`)
	}
}

// What the page says, with a real Docker and a real Compose. The engine of Debian 12 is one of those that do not know all
// capabilities.
func TestDocker(t *testing.T) {
	h := startDocker(t)
	all := commandsBelow(t, dockerFolder+"README.md", "## Docker Compose")
	require.Len(t, all, 5)
	load, up, logs, page, down := all[0], all[1], strings.TrimSuffix(all[2], " --follow"), all[3], all[4]
	h.ask(load)
	said, err := h.command(up).CombinedOutput()
	require.Error(t, err, "this engine knows BPF: the page says that it does not")
	assert.Contains(t, string(said), `unknown capability: "CAP_BPF"`)
	h.ask(down)

	text, err := os.ReadFile(filepath.Join(h.folder, "README.md"))
	require.NoError(t, err)
	const other = "docker compose --file compose.yaml --file sys-admin.yaml up --detach"
	require.Contains(t, string(text), "\n"+other+"\n")
	h.ask(other)
	h.assertObserves(logs, page)
	h.ask(down)

	const two, one = "--cap-add BPF --cap-add PERFMON", "--cap-add SYS_ADMIN"
	require.Contains(t, string(text), "put `"+one+"` in the place of `"+two+"`")
	h.ask(strings.Replace(commandsBelow(t, dockerFolder+"README.md", "## Docker")[0], two, one, 1))
	h.assertObserves("docker logs meerkat", page)
	assert.Equal(t, "0\n", h.ask("docker stop meerkat >/dev/null && docker inspect --format '{{.State.ExitCode}}' meerkat"))
	h.ask("docker rm meerkat")
}
