// SPDX-License-Identifier: Apache-2.0

//go:build linux && e2e

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rpm runs the scripts of the package in a root file system, here that of a Debian, which has no service running.
func TestRPM_installed(t *testing.T) {
	system := filepath.Join(t.TempDir(), "root")
	unpackDebian(t, system)
	packages := t.TempDir()
	makeVersions(t, "rpm", packages)
	rpm := func(arguments ...string) {
		ask(t, "rpm", append([]string{"--root", system, "--dbpath", "/var/lib/rpm", "--nodeps"}, arguments...)...)
	}
	at := func(name string) string { return filepath.Join(system, name) }
	inside := func(command string) string { return ask(t, "chroot", system, "sh", "-c", command) }

	rpm("--install", filepath.Join(packages, "1.rpm"))
	assert.Equal(t, "/var/lib/meerkat:/sbin/nologin\n", inside("getent passwd meerkat | cut -d: -f6-7"))
	assert.Contains(t, inside("/usr/bin/otelcol-meerkat --version"), "otelcol-meerkat version")
	inside("systemctl enable meerkat && mkdir -p /var/lib/meerkat/state && echo '# changed' >> /etc/meerkat/config.yaml")

	rpm("--upgrade", filepath.Join(packages, "2.rpm"))
	assert.Contains(t, inside("tail -n 1 /etc/meerkat/config.yaml"), "# changed")
	assert.FileExists(t, at("etc/meerkat/config.yaml.rpmnew"))
	assert.DirExists(t, at("var/lib/meerkat/state"))
	assert.Equal(t, "enabled\n", inside("systemctl is-enabled meerkat"), "an upgrade leaves it enabled")

	rpm("--erase", "meerkat")
	assert.NoFileExists(t, at("usr/bin/otelcol-meerkat"))
	assert.NoFileExists(t, at("etc/systemd/system/meerkat.service.d/perf-event-paranoid.conf"))
	_, err := os.Lstat(at("etc/systemd/system/multi-user.target.wants/meerkat.service"))
	require.ErrorIs(t, err, os.ErrNotExist, "it is not enabled any more")
	assert.FileExists(t, at("etc/meerkat/config.yaml.rpmsave"))
	assert.DirExists(t, at("var/lib/meerkat/state"))
}
