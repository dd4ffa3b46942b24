// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/distribution/internal/release/releasetest"
)

// apk is a package as apk-tools reads it: https://wiki.alpinelinux.org/wiki/Apk_spec
type apk struct {
	// control are what the package says of itself and the scripts, by name.
	control map[string]string
	// files are those that are installed, with their permissions.
	files []string
	// controlSum and dataSum are over the compressed parts: by the first an index knows the package, the second is in what it says of itself.
	controlSum [sha1.Size]byte
	dataSum    string
}

// readAPK reads a package without a signature: two compressed parts, one behind the other.
func readAPK(t *testing.T, path string) apk {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	a := apk{control: map[string]string{}}
	from := bufio.NewReader(bytes.NewReader(content))
	counted := &countingReader{from: from}
	part, err := gzip.NewReader(counted)
	require.NoError(t, err)
	part.Multistream(false)
	plain, err := io.ReadAll(part)
	require.NoError(t, err)
	for header, text := range entries(t, plain) {
		a.control[header.Name] = text
	}
	data := content[counted.read:]
	a.controlSum = sha1.Sum(content[:counted.read])
	a.dataSum = fmt.Sprintf("%x", sha256.Sum256(data))
	part, err = gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	plain, err = io.ReadAll(part)
	require.NoError(t, err)
	for header := range entries(t, plain) {
		assert.Equal(t, "root:root", header.Uname+":"+header.Gname, header.Name)
		assert.Equal(t, releasetest.Product(root).Created, header.ModTime.UTC(), header.Name)
		if header.Typeflag == tar.TypeReg {
			assert.Len(t, header.PAXRecords["APK-TOOLS.checksum.SHA1"], hex.EncodedLen(20), header.Name)
			a.files = append(a.files, fmt.Sprintf("/%s %04o", header.Name, header.Mode))
		}
	}
	slices.Sort(a.files)
	return a
}

// countingReader counts what is read, byte by byte, so that the end of a part is found.
type countingReader struct {
	from *bufio.Reader
	read int
}

func (c *countingReader) Read(to []byte) (int, error) {
	n, err := c.from.Read(to)
	c.read += n
	return n, err
}

func (c *countingReader) ReadByte() (byte, error) {
	b, err := c.from.ReadByte()
	if err == nil {
		c.read++
	}
	return b, err
}

// entries are what a tar archive has, with or without an end.
func entries(t *testing.T, plain []byte) map[*tar.Header]string {
	t.Helper()
	found := map[*tar.Header]string{}
	r := tar.NewReader(bytes.NewReader(plain))
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		found[header] = string(text)
	}
}

func TestAPK(t *testing.T) {
	folder, _ := packagesOfSmall(t)
	for architecture, called := range map[string]string{"amd64": "x86_64", "arm64": "aarch64"} {
		a := readAPK(t, filepath.Join(folder, nameOf("apk", "9.8.7", architecture)))
		said := strings.Split(a.control[".PKGINFO"], "\n")
		for _, line := range []string{"pkgname = meerkat", "pkgver = 9.8.7-r1", "arch = " + called, "datahash = " + a.dataSum} {
			assert.Contains(t, said, line)
		}
		delete(a.control, ".PKGINFO")
		assert.Equal(t, map[string]string{
			".pre-install": script(t, "apk-preinstall.sh"), ".post-upgrade": script(t, "apk-postupgrade.sh"),
			".pre-deinstall": script(t, "apk-preremove.sh"),
		}, a.control)
		assert.Equal(t, expectedFiles("/etc/conf.d/meerkat 0644", "/etc/init.d/meerkat 0755"), a.files)
	}
}
