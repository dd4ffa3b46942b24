// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const unitFile = "systemd/meerkat.service"

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// settingsOf are the values of a key in the unit.
func settingsOf(t *testing.T, key string) []string {
	t.Helper()
	var all []string
	for _, match := range regexp.MustCompile(`(?m)^`+key+`=(.*)$`).FindAllStringSubmatch(read(t, unitFile), -1) {
		all = append(all, strings.Fields(match[1])...)
	}
	return all
}

// systemd understands every line, and finds the service less exposed than the page says.
func TestUnit(t *testing.T) {
	unit := filepath.Join(t.TempDir(), "meerkat.service")
	require.NoError(t, os.WriteFile(unit, []byte(strings.ReplaceAll(read(t, unitFile), "/usr/bin/otelcol-meerkat", "/bin/true")), 0o600))
	said, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	require.NoError(t, err, string(said))
	assert.NotContains(t, string(said), "meerkat.service")

	stated := regexp.MustCompile(`systemd-analyze security --offline=true --threshold=(\d+) distribution/packages/systemd/meerkat.service`)
	threshold := stated.FindStringSubmatch(read(t, "README.md"))
	require.NotNil(t, threshold, "README.md does not state the figure")
	said, err = exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold="+threshold[1], unitFile).CombinedOutput()
	assert.NoError(t, err, string(said))
}

// Services are granted what the table of privileges names, and nothing else.
func TestServices_capabilities(t *testing.T) {
	_, section, found := strings.Cut(read(t, filepath.Join(root, "docs/configuration.md")), "\n## Privileges\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	needed := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `(CAP_[A-Z_]+)` ").FindAllStringSubmatch(section, -1) {
		needed[match[1]] = true
	}
	require.NotEmpty(t, needed)
	granted := func(names []string) map[string]bool {
		set := map[string]bool{}
		for _, name := range names {
			set[strings.ToUpper(strings.TrimPrefix(name, "^"))] = true
		}
		return set
	}
	assert.Equal(t, needed, granted(settingsOf(t, "AmbientCapabilities")))
	assert.Equal(t, needed, granted(settingsOf(t, "CapabilityBoundingSet")))
	openrc := regexp.MustCompile(`(?m)^\tcapabilities="(\^cap_bpf.*)"$`).FindStringSubmatch(read(t, "openrc/meerkat.initd"))
	require.NotNil(t, openrc)
	assert.Equal(t, needed, granted(strings.Split(openrc[1], ",")))
}

// Every shell that may run them understands the scripts.
func TestScripts_areUnderstood(t *testing.T) {
	all := []string{"systemd/perf-event-paranoid.sh", "openrc/meerkat.initd", "openrc/meerkat.confd", "testdata/host/guest.sh"}
	scripts, err := filepath.Glob("scripts/*.sh")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, name := range append(all, scripts...) {
		for _, shell := range [][]string{{"dash", "-n"}, {"busybox", "ash", "-n"}, {"bash", "--posix", "-n"}} {
			said, err := exec.Command(shell[0], append(shell[1:], name)...).CombinedOutput()
			assert.NoError(t, err, "%s %s\n%s", shell, name, said)
		}
	}
}

// What the configuration writes is what the service may write.
func TestConfiguration_staysInItsFolders(t *testing.T) {
	configuration := read(t, "config.yaml")
	for _, match := range regexp.MustCompile(`(?m)^    (?:path|directory): (\S+)$`).FindAllStringSubmatch(configuration, -1) {
		assert.Regexp(t, `^/var/(log|lib)/meerkat/`, match[1])
	}
	assert.Equal(t, []string{"meerkat"}, settingsOf(t, "StateDirectory"))
	assert.Equal(t, []string{"meerkat"}, settingsOf(t, "LogsDirectory"))
	assert.Equal(t, []string{"meerkat"}, settingsOf(t, "RuntimeDirectory"))
	for _, match := range regexp.MustCompile(`(?m)^ +(?:endpoint|host): (\S+)$`).FindAllStringSubmatch(configuration, -1) {
		assert.Regexp(t, `^127\.0\.0\.1(:|$)`, match[1], "nothing of the network reaches it unless somebody says so")
	}
}
