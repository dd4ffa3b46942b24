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

	"github.com/meerkat-otel/meerkat/test/running"
)

// commandsOf returns the commands of a section of docs/getting-started.md, each with what it prints.
func commandsOf(t *testing.T, section string) [][2]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/getting-started.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	require.True(t, found, section)
	rest, _, _ = strings.Cut(rest, "\n## ")
	var all [][2]string
	for _, match := range guideBlock.FindAllStringSubmatch(rest, -1) {
		if match[2] != "console" {
			continue
		}
		content := strings.ReplaceAll(match[3], "\\\n", "") // a command of several lines
		for _, one := range strings.Split("\n"+content, "\n$ ")[1:] {
			line, output, _ := strings.Cut(strings.TrimSuffix(one, "\n"), "\n")
			all = append(all, [2]string{line, output})
		}
	}
	require.NotEmpty(t, all, section)
	return all
}

// origin makes a repository of what is here, which git clones when it is asked for the one that pages name.
func origin(t *testing.T) string {
	t.Helper()
	folder := copyRepository(t)
	committed := exec.Command("sh", "-ec", "git init --quiet && git add --all && git -c user.name=test -c user.email=test@localhost commit --quiet --message all")
	committed.Dir = folder
	output, err := committed.CombinedOutput()
	require.NoError(t, err, string(output))
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "url."+folder+".insteadOf")
	t.Setenv("GIT_CONFIG_VALUE_0", "https://github.com/meerkat-otel/meerkat")
	return folder
}

// foreground runs a command that goes on in a terminal of its own. The function that it returns is Ctrl-C.
func (n *newcomer) foreground(line string) (ctrlC func()) {
	n.t.Helper()
	command, printed, ended := n.shell("exec "+line), &running.Output{}, make(chan struct{})
	command.Stdout, command.Stderr = printed, printed
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(n.t, command.Start())
	go func() {
		_ = command.Wait() // make says that it was interrupted
		close(ended)
	}()
	n.printed = printed
	ctrlC = func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGINT)
		<-ended
	}
	n.t.Cleanup(ctrlC)
	require.Eventually(n.t, func() bool { return strings.Contains(printed.String(), "Everything is ready") }, demoPatience, 100*time.Millisecond,
		"%s\n%s", line, printed)
	return ctrlC
}

func TestGettingStarted_host(t *testing.T) {
	t.Setenv("CGO_ENABLED", "0")
	build(t) // so that what takes long is there already
	origin(t)
	home := t.TempDir()
	n := &newcomer{t: t, folder: home, path: "PATH=" + os.Getenv("PATH")}
	var end func()
	for _, command := range commandsOf(t, "On a host") {
		switch line, output := command[0], command[1]; line {
		case "cd meerkat":
			n.folder = filepath.Join(n.folder, "meerkat")
		case "make run":
			end = n.foreground(line)
			n.folder = home // of another terminal
		default:
			n.run(line, output)
		}
	}
	require.NotNil(t, end, "the page starts nothing")
	end()
	assert.NoDirExists(t, filepath.Dir(controlSocket))
}
