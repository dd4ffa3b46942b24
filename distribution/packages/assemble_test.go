// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
	"github.com/meerkat-otel/meerkat/distribution/internal/release/releasetest"
)

const root = "../.."

// assembled are packages that several tests look into.
var assembled struct {
	once         sync.Once
	folder, sums string
}

// TestMain removes what tests share.
func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(assembled.folder)
	os.Exit(code)
}

// packagesOfSmall are the packages of a small program for each processor. It returns their folder and the check sums.
func packagesOfSmall(t *testing.T) (folder, sums string) {
	t.Helper()
	assembled.once.Do(func() {
		var err error
		assembled.folder, err = os.MkdirTemp("", "meerkat-packages-test-") //nolint:usetesting // All tests read it.
		require.NoError(t, err)
		assembled.sums = assembleSmall(t, releasetest.Product(root), assembled.folder)
	})
	require.NotEmpty(t, assembled.sums, "another test failed to make them")
	return assembled.folder, assembled.sums
}

// assembleSmall puts the packages of a small program for each processor into a folder, and returns the check sums.
func assembleSmall(t *testing.T, p release.Product, folder string) (sums string) {
	t.Helper()
	sums, err := assemble(t.Context(), p, releasetest.BuildSmall(t, root, t.TempDir()), folder)
	require.NoError(t, err)
	return sums
}

// ask runs a program, and returns what it prints.
func ask(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	var complaints strings.Builder
	command.Stderr = &complaints
	printed, err := command.Output()
	require.NoError(t, err, "%s %v\n%s", name, arguments, complaints.String())
	return string(printed)
}

// Wherever and whenever they are made, every byte is the same.
func TestAssemble_isReproducible(t *testing.T) {
	folder, first := packagesOfSmall(t)
	made, err := filepath.Glob(filepath.Join(folder, "*"))
	require.NoError(t, err)
	assert.Len(t, made, len(formats)*len(release.Architectures())+1, "the packages and their sums")
	check := exec.Command("sha256sum", "--check", "--strict", release.SumsFile)
	check.Dir = folder
	printed, err := check.CombinedOutput()
	require.NoError(t, err, string(printed))

	t.Setenv("TZ", "Asia/Kathmandu")
	before := syscall.Umask(0o077)
	t.Cleanup(func() { syscall.Umask(before) })
	elsewhere := releasetest.Product(root)
	elsewhere.Root = filepath.Join(t.TempDir(), "repository")
	require.NoError(t, release.CopyRepository(t.Context(), root, elsewhere.Root))
	second := assembleSmall(t, elsewhere, t.TempDir())
	assert.Equal(t, first, second)
}

// expectedFiles are those of all packages, licences apart.
func expectedFiles(more ...string) []string {
	all := append([]string{
		"/usr/bin/otelcol-meerkat 0755", "/etc/meerkat/config.yaml 0644",
		"/usr/share/doc/meerkat/copyright 0644",
		"/usr/share/doc/meerkat/licenses/go/LICENSE 0644", "/usr/share/doc/meerkat/licenses/go/PATENTS 0644",
		"/usr/share/doc/meerkat/licenses/github.com/cespare/xxhash/v2@v2.3.0/LICENSE.txt 0644",
		"/usr/share/doc/meerkat/licenses/github.com/meerkat-otel/meerkat/LICENSE 0644",
		"/usr/share/doc/meerkat/licenses/github.com/meerkat-otel/meerkat/bpf/LICENSES/BSD-2-Clause.txt 0644",
		"/usr/share/doc/meerkat/licenses/github.com/meerkat-otel/meerkat/bpf/LICENSES/GPL-2.0-only.txt 0644",
	}, more...)
	slices.Sort(all)
	return all
}

// script is what a package has to have of one of ours.
func script(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("scripts", name))
	require.NoError(t, err)
	return string(text)
}

func TestDeb(t *testing.T) {
	folder, _ := packagesOfSmall(t)
	for _, architecture := range release.Architectures() {
		file := filepath.Join(folder, nameOf("deb", "9.8.7", architecture))
		assert.Equal(t, "9.8.7-1\n", ask(t, "dpkg-deb", "--field", file, "Version"))
		assert.Equal(t, architecture+"\n", ask(t, "dpkg-deb", "--field", file, "Architecture"))
		assert.Equal(t, "adduser, init-system-helpers (>= 1.54)\n", ask(t, "dpkg-deb", "--field", file, "Depends"))

		to := t.TempDir()
		ask(t, "dpkg-deb", "--control", file, to)
		conffiles, err := os.ReadFile(filepath.Join(to, "conffiles"))
		require.NoError(t, err)
		assert.Equal(t, "/etc/meerkat/config.yaml\n", string(conffiles))
		for control, name := range map[string]string{"postinst": "deb-postinst.sh", "prerm": "deb-prerm.sh", "postrm": "deb-postrm.sh"} {
			text, err := os.ReadFile(filepath.Join(to, control))
			require.NoError(t, err)
			assert.Equal(t, script(t, name), string(text))
		}
		var files []string
		listed := ask(t, "dpkg-deb", "--contents", file)
		for _, match := range regexp.MustCompile(`(?m)^-(\S{9}) root/root +\d+ 2023-11-1\d \S+ \.(/.*)$`).FindAllStringSubmatch(listed, -1) {
			mode := map[string]string{"rw-r--r--": "0644", "rwxr-xr-x": "0755"}[match[1]]
			files = append(files, match[2]+" "+mode)
		}
		slices.Sort(files)
		assert.Equal(t, expectedFiles("/usr/lib/systemd/system/meerkat.service 0644", "/usr/libexec/meerkat/perf-event-paranoid.sh 0755"), files)
	}
}

func TestRPM(t *testing.T) {
	folder, _ := packagesOfSmall(t)
	for architecture, called := range map[string]string{"amd64": "x86_64", "arm64": "aarch64"} {
		file := filepath.Join(folder, nameOf("rpm", "9.8.7", architecture))
		ask(t, "rpm", "--checksig", "--nosignature", file)
		query := func(arguments ...string) string {
			return ask(t, "rpm", append(append([]string{"--query", "--nosignature", "--package"}, arguments...), file)...)
		}
		assert.Equal(t, "meerkat 9.8.7 1 "+called+" linux 1700000000 localhost "+release.Licences,
			query("--queryformat", "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{OS} %{BUILDTIME} %{BUILDHOST} %{LICENSE}"))
		assert.Contains(t, query("--requires"), "shadow-utils\n")
		assert.Equal(t, "/etc/meerkat/config.yaml\n", query("--configfiles"))
		// c is a configuration file, n one that is not replaced.
		assert.Contains(t, query("--queryformat", `[%{FILENAMES} %{FILEFLAGS:fflags}\n]`), "/etc/meerkat/config.yaml cn\n")
		for tag, name := range map[string]string{
			"PREIN": "rpm-preinstall.sh", "POSTIN": "rpm-postinstall.sh", "PREUN": "rpm-preremove.sh", "POSTUN": "rpm-postremove.sh",
		} {
			assert.Equal(t, script(t, name), query("--queryformat", "%{"+tag+"}"))
		}
		var files []string
		listed := query("--queryformat", `[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]`)
		for _, match := range regexp.MustCompile(`(?m)^-(\S{9}) root:root (/.*)$`).FindAllStringSubmatch(listed, -1) {
			mode := map[string]string{"rw-r--r--": "0644", "rwxr-xr-x": "0755"}[match[1]]
			files = append(files, match[2]+" "+mode)
		}
		slices.Sort(files)
		assert.Equal(t, expectedFiles("/usr/lib/systemd/system/meerkat.service 0644", "/usr/libexec/meerkat/perf-event-paranoid.sh 0755"), files)
	}
}

// The list says what the rest of the repository says.
func TestNfpm_licence(t *testing.T) {
	text, err := os.ReadFile("nfpm.yaml")
	require.NoError(t, err)
	var list struct {
		License, Description string
	}
	require.NoError(t, yaml.Unmarshal(text, &list))
	assert.Equal(t, release.Licences, list.License)
	assert.NotContains(t, list.Description, "\n", "an .apk has one line for it")
}
