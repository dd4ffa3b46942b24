// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/running"
)

const guide = "../../docs/custom-tracers.md"

// guideBlock is a block of a guide: a file with its name in bold above it, or commands and what they print.
var guideBlock = regexp.MustCompile("(?ms)(?:^\\*\\*`([^`\n]+)`\\*\\*\n\n)?^```(\\w*)\n(.*?)^```$")

// metricLabels are what the outputs of the guide have of one machine.
var metricLabels = regexp.MustCompile(`\{.*`)

// newcomer follows a guide, command by command.
type newcomer struct {
	t         *testing.T
	folder    string
	path      string
	printed   *running.Output
	collector *exec.Cmd
}

// TestGuide does what docs/custom-tracers.md tells people to, in an empty folder.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile(guide)
	require.NoError(t, err)
	tools := t.TempDir()
	for name, place := range map[string]string{"otelcol-meerkat": build(t), "clang": "/usr/bin/clang-19", "llvm-strip": "/usr/bin/llvm-strip-19"} {
		require.FileExists(t, place)
		require.NoError(t, os.Symlink(place, filepath.Join(tools, name)))
	}
	n := &newcomer{t: t, folder: t.TempDir(), path: "PATH=" + tools + ":" + os.Getenv("PATH")}
	t.Cleanup(n.endCollector)
	commands := 0
	for _, match := range guideBlock.FindAllStringSubmatch(string(text), -1) {
		name, language, content := match[1], match[2], match[3]
		switch {
		case name != "":
			require.NoError(t, os.WriteFile(filepath.Join(n.folder, name), []byte(content), 0o600))
		case language == "console":
			commands += n.follow(content)
		}
	}
	require.GreaterOrEqual(t, commands, 12, "the guide has other blocks than this test knows")
}

// follow runs the commands of a block, and returns how many these were.
func (n *newcomer) follow(block string) int {
	n.t.Helper()
	all := strings.Split("\n"+block, "\n$ ")[1:]
	for _, one := range all {
		line, output, _ := strings.Cut(strings.TrimSuffix(one, "\n"), "\n")
		switch {
		case strings.HasPrefix(line, "cd "):
			n.folder = filepath.Join(n.folder, strings.TrimPrefix(line, "cd "))
		case strings.HasPrefix(line, "otelcol-meerkat "):
			n.endCollector()
			n.startCollector(line)
		default:
			n.run(line, output)
		}
	}
	return len(all)
}

// shell prepares a command in the folder, whose name shells have in PWD.
func (n *newcomer) shell(line string) *exec.Cmd {
	command := exec.Command("sh", "-ec", line)
	command.Dir = n.folder
	command.Env = append(os.Environ(), n.path, "PWD="+n.folder)
	return command
}

// run runs a command until it prints what the guide says; one that is said to print nothing has to succeed at once.
func (n *newcomer) run(line, output string) {
	n.t.Helper()
	if output == "" {
		printed, err := n.shell(line).CombinedOutput()
		require.NoError(n.t, err, "%s\n%s", line, printed)
		return
	}
	want := metricLabels.ReplaceAllString(output, "{")
	var printed []byte
	require.Eventually(n.t, func() bool {
		printed, _ = n.shell(line).CombinedOutput()
		return strings.Contains(string(printed), want)
	}, patience, time.Second, "%s\n%s", line, &lazy{func() string { return string(printed) + n.printed.String() }})
}

// lazy is a text that is put together when it is printed.
type lazy struct{ text func() string }

func (l *lazy) String() string { return l.text() }

func (n *newcomer) startCollector(line string) {
	n.t.Helper()
	n.collector, n.printed = n.shell("exec "+line), &running.Output{}
	n.collector.Stdout, n.collector.Stderr = n.printed, n.printed
	require.NoError(n.t, n.collector.Start())
	require.Eventually(n.t, func() bool { return strings.Contains(n.printed.String(), "Everything is ready") }, patience, 50*time.Millisecond,
		"%s\n%s", line, n.printed)
}

// endCollector is Ctrl-C.
func (n *newcomer) endCollector() {
	if n.collector == nil {
		return
	}
	_ = n.collector.Process.Signal(syscall.SIGINT)
	err := n.collector.Wait()
	n.collector = nil
	require.NoError(n.t, err, n.printed)
}
