// SPDX-License-Identifier: Apache-2.0

//go:build linux && e2e

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

const (
	// hostPackages are those of a small Debian that is started by systemd.
	hostPackages = "systemd-sysv,linux-image-cloud-amd64,initramfs-tools,init-system-helpers,adduser,dbus,curl,procps"
	// hostTimeMax bounds the machine from start to end, on a host that is busy with other things.
	hostTimeMax = 40 * time.Minute
)

// Debian with its own kernel and systemd, as an administrator sees it: testdata/host/guest.sh says what happens there.
func TestHost(t *testing.T) {
	machine := t.TempDir()
	packages := filepath.Join(machine, "root/packages")
	unpackDebian(t, filepath.Join(machine, "root"))
	require.NoError(t, os.MkdirAll(packages, 0o755))
	makeVersions(t, "deb", packages)
	installGuest(t, filepath.Join(machine, "root"))
	lines := boot(t, machine)
	for _, line := range lines {
		t.Log(line)
		if complaint, failed := strings.CutPrefix(line, "host: failed "); failed {
			t.Error(complaint)
		}
	}
	require.NotEmpty(t, lines, "it did not start")
	assert.Equal(t, "host: end", lines[len(lines)-1])
}

// unpackDebian unpacks a root file system into a folder. It is made once; removing the folder of the cache renews it.
func unpackDebian(t *testing.T, folder string) {
	t.Helper()
	caches, err := os.UserCacheDir()
	require.NoError(t, err)
	archive := filepath.Join(caches, "meerkat-host", "debian.tar")
	if _, err := os.Stat(archive); errors.Is(err, os.ErrNotExist) {
		require.NoError(t, os.MkdirAll(filepath.Dir(archive), 0o755))
		part := archive + ".part"
		ask(t, "mmdebstrap", "--quiet", "--format=tar", "--variant=minbase", "--include="+hostPackages, "bookworm", part)
		require.NoError(t, os.Rename(part, archive))
	}
	require.NoError(t, os.MkdirAll(folder, 0o755))
	ask(t, "tar", "-xf", archive, "-C", folder)
}

// makeVersions makes two versions of a package, 1 and 2, the second one with another configuration.
func makeVersions(t *testing.T, format, folder string) {
	t.Helper()
	p, err := release.Describe(t.Context(), root)
	require.NoError(t, err)
	built, err := release.Build(t.Context(), root, "amd64", filepath.Join(t.TempDir(), release.ProgramName))
	require.NoError(t, err)
	place := func(version, target string) {
		p.Version = version
		documents := t.TempDir()
		require.NoError(t, writeDocuments(t.Context(), p, built, documents))
		name, err := pack(t.Context(), p, built, format, documents, folder)
		require.NoError(t, err)
		require.NoError(t, os.Rename(filepath.Join(folder, name), filepath.Join(folder, target)))
	}
	place("1.0.0", "1."+format)
	elsewhere := filepath.Join(t.TempDir(), "repository")
	require.NoError(t, release.CopyRepository(t.Context(), p.Root, elsewhere))
	p.Root = elsewhere
	configuration := filepath.Join(elsewhere, "distribution/packages/config.yaml")
	text, err := os.ReadFile(configuration)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(configuration, append(text, "# The next version's.\n"...), 0o600))
	place("1.1.0", "2."+format)
}

// installGuest lets the machine run the script when it is up.
func installGuest(t *testing.T, folder string) {
	t.Helper()
	const service = "meerkat-test.service"
	ask(t, "cp", "testdata/host/guest.sh", filepath.Join(folder, "packages"))
	ask(t, "cp", "testdata/host/"+service, filepath.Join(folder, "etc/systemd/system"))
	wanted := filepath.Join(folder, "etc/systemd/system/default.target.wants")
	require.NoError(t, os.MkdirAll(wanted, 0o755))
	require.NoError(t, os.Symlink("../"+service, filepath.Join(wanted, service)))
}

// boot runs the machine to its end, and returns what its script prints.
func boot(t *testing.T, folder string) []string {
	t.Helper()
	disk, system := filepath.Join(folder, "disk"), filepath.Join(folder, "root")
	ask(t, "truncate", "--size=3G", disk)
	ask(t, "mke2fs", "-q", "-t", "ext4", "-d", system, disk)
	kernel, err := filepath.Glob(filepath.Join(system, "boot/vmlinuz-*"))
	require.NoError(t, err)
	require.Len(t, kernel, 1)
	ctx, cancel := context.WithTimeout(t.Context(), hostTimeMax)
	defer cancel()
	command := exec.CommandContext(ctx, "qemu-system-x86_64", "-machine", "q35",
		// As in test/vm: emulated side by side, processors may miss that the kernel changes its own code.
		"-accel", "tcg,thread=single", "-cpu", "max", "-m", "2048", "-smp", "2",
		"-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio",
		"-kernel", kernel[0], "-initrd", strings.Replace(kernel[0], "vmlinuz", "initrd.img", 1),
		"-drive", "file="+disk+",format=raw,if=virtio",
		"-append", "root=/dev/vda rw console=ttyS0 panic=-1 no_timer_check quiet systemd.mask=serial-getty@ttyS0.service")
	console, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines, last := readConsole(console)
	assert.NoError(t, command.Wait(), "the emulator; the console's last lines:\n%s", last)
	return lines
}

// readConsole returns what the script prints, and the last lines of everything.
func readConsole(console io.Reader) (lines []string, last string) {
	const lastLines = 20
	var all []string
	scanner := bufio.NewScanner(console)
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if at := strings.Index(line, "host: "); at >= 0 {
			lines = append(lines, line[at:])
		}
		if all = append(all, line); len(all) > lastLines {
			all = all[1:]
		}
	}
	return lines, strings.Join(all, "\n")
}
