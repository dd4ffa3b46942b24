// SPDX-License-Identifier: Apache-2.0

//go:build linux && e2e

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/published"
)

// apko installs packages of Alpine as apk-tools does, which no module proxy serves. It is another's code than what made them.
var apko = published.Source{Name: "apko", Module: "chainguard.dev/apko", Version: "v0.30.0", Commands: []string{""}}

// Another implementation resolves the package in a repository, verifies its sums, and installs it into an empty system.
func TestAPK_installed(t *testing.T) {
	bin, err := published.Build(t.Context(), apko)
	require.NoError(t, err)
	folder, _ := packagesOfSmall(t)
	for architecture, called := range map[string]string{"amd64": "x86_64", "arm64": "aarch64"} {
		repository := t.TempDir()
		file := filepath.Join(folder, nameOf("apk", "9.8.7", architecture))
		indexed := index(t, file, filepath.Join(repository, called))
		system, printed, err := installAPK(t, bin, repository, called)
		require.NoError(t, err, printed)
		installed := readSystem(t, system)
		want := readAPK(t, file)
		for _, name := range want.files {
			assert.Contains(t, installed.files, name)
		}
		assert.Contains(t, installed.database, "P:meerkat\nV:9.8.7-r1\nA:"+called+"\n")
		for name, content := range want.control {
			if name != ".PKGINFO" {
				assert.Contains(t, installed.scripts, content, "%s is kept for the system to run", name)
			}
		}

		content, err := os.ReadFile(indexed)
		require.NoError(t, err)
		content[len(content)/2] ^= 1
		require.NoError(t, os.WriteFile(indexed, content, 0o600))
		_, printed, err = installAPK(t, bin, repository, called)
		require.Error(t, err, "one that was changed on the way is not installed: %s", printed)
	}
}

// installAPK installs the package into an empty system, and returns that as an archive.
func installAPK(t *testing.T, bin, repository, architecture string) (system, printed string, err error) {
	t.Helper()
	folder := t.TempDir()
	system = filepath.Join(folder, "system.tar")
	configuration := fmt.Sprintf("contents: {repositories: [%q], packages: [meerkat]}\n", repository)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "configuration.yaml"), []byte(configuration), 0o600))
	install := exec.Command(filepath.Join(bin, "apko"), "build-minirootfs", "--ignore-signatures", "--build-arch", architecture, "configuration.yaml", system)
	install.Dir = folder
	install.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CACHE_HOME="+t.TempDir()) // It remembers packages by the sum in the index.
	output, err := install.CombinedOutput()
	return system, string(output), err
}

// index puts a package into a repository, as "apk index" does, and returns where it is.
func index(t *testing.T, file, folder string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	a := readAPK(t, file)
	said := map[string]string{}
	for line := range strings.Lines(a.control[".PKGINFO"]) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		said[name] = value
	}
	indexed := filepath.Join(folder, said["pkgname"]+"-"+said["pkgver"]+".apk")
	require.NoError(t, os.WriteFile(indexed, content, 0o600))
	entry := fmt.Sprintf("C:Q1%s\nP:%s\nV:%s\nA:%s\nS:%d\nI:%s\nT:%s\nL:%s\n\n", base64.StdEncoding.EncodeToString(a.controlSum[:]), said["pkgname"], said["pkgver"],
		said["arch"], len(content), said["size"], said["pkgdesc"], said["license"])
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	w := tar.NewWriter(compressed)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "APKINDEX", Mode: 0o644, Size: int64(len(entry))}))
	_, err = w.Write([]byte(entry))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, compressed.Close())
	require.NoError(t, os.WriteFile(filepath.Join(folder, "APKINDEX.tar.gz"), archive.Bytes(), 0o600))
	return indexed
}

// system is what an installation has made.
type system struct {
	files    []string
	database string
	scripts  []string
}

func readSystem(t *testing.T, path string) (s system) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for header, text := range entries(t, content) {
		name := "/" + strings.TrimPrefix(header.Name, "/")
		if header.Typeflag == tar.TypeReg {
			s.files = append(s.files, fmt.Sprintf("%s %04o", name, header.Mode))
		}
		switch {
		case strings.HasSuffix(name, "lib/apk/db/installed"):
			s.database = text
		case strings.HasSuffix(name, "lib/apk/db/scripts.tar"):
			for _, script := range entries(t, []byte(text)) {
				s.scripts = append(s.scripts, script)
			}
		}
	}
	slices.Sort(s.files)
	return s
}
