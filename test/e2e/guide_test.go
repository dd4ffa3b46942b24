// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

// root is that of the repository.
const root = "../.."

// fetchKubectl takes kubectl out of Debian's package, without installing it.
func fetchKubectl(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	fetch := exec.Command("sh", "-ec", "apt-get update -qq && apt-get download -qq kubernetes-client && dpkg-deb --extract kubernetes-client_*.deb .")
	fetch.Dir = folder
	output, err := fetch.CombinedOutput()
	require.NoError(t, err, string(output))
	return filepath.Join(folder, "usr/bin")
}

// TestGettingStarted follows the section about Kubernetes of docs/getting-started.md.
func TestGettingStarted(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/getting-started.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## In Kubernetes\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	folder, err := filepath.Abs(root)
	require.NoError(t, err)
	c := startCluster(t, cluster.Options{})
	t.Setenv("KUBECONFIG", c.Kubeconfig())
	t.Setenv("PATH", fetchKubectl(t)+":"+os.Getenv("PATH"))
	commands := 0
	for _, block := range regexp.MustCompile("(?ms)^```console\n(.*?)^```$").FindAllStringSubmatch(section, -1) {
		for _, one := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			line, want, _ := strings.Cut(strings.TrimSuffix(one, "\n"), "\n")
			follow(t, c, folder, line, want)
			commands++
		}
	}
	require.GreaterOrEqual(t, commands, 6, "the page has other blocks than this test knows")
}

// follow runs a command on the node until it prints what the page says; one that is said to print nothing has to succeed at once.
func follow(t *testing.T, c *cluster.Cluster, folder, line, want string) {
	t.Helper()
	run := func() (string, error) { return c.Run(t.Context(), "sh", "-ec", `cd "$0"; `+line, folder) }
	if strings.HasPrefix(line, "make ") { // which needs the network that this machine has
		run = func() (string, error) {
			output, err := exec.CommandContext(t.Context(), "sh", "-ec", `cd "$0"; `+line, folder).CombinedOutput()
			return string(output), err
		}
	}
	printed, err := run()
	if want == "" {
		require.NoError(t, err, "%s\n%s", line, printed)
		return
	}
	require.Eventually(t, func() bool {
		printed, _ = run()
		return strings.Contains(printed, want)
	}, patience, pollEvery, "%s\n%s", line, &printed)
}
