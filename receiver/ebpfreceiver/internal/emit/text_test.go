// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"
)

func TestText(t *testing.T) {
	for given, want := range map[string]string{
		"":                       "",
		"/bin/sh":                "/bin/sh",
		"/tmp/größe/文件":          "/tmp/größe/文件",
		"/tmp/\xff\xfe\xfd":      "/tmp/\uFFFD",
		"cut off gr\xc3":         "cut off gr\uFFFD",
		"\xed\xa0\x80 surrogate": "\uFFFD surrogate",
		"\xc0\xafoverlong":       "\uFFFDoverlong",
		"a\xffb\xffc":            "a\uFFFDb\uFFFDc",
		"line\nbreak\x00\x1b[1m": "line\nbreak\x00\x1b[1m",
	} {
		assert.Equal(t, want, text([]byte(given)), "%q", given)
	}
}

func TestFormatTime(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 5, 3, 120_000_000, time.FixedZone("", 3600))
	assert.Equal(t, "2026-11-24T08:05:03.12Z", formatTime(at))
	assert.Equal(t, "2026-11-24T08:05:03.120000001Z", formatTime(at.Add(1)))
}

func TestErrorName(t *testing.T) {
	assert.Equal(t, "ENOENT", errorName(syscall.ENOENT))
	assert.Equal(t, "ECONNREFUSED", errorName(syscall.ECONNREFUSED))
	assert.Equal(t, "errno 4000", errorName(syscall.Errno(4000)))
}

func TestSplitNUL(t *testing.T) {
	for block, want := range map[string][]string{
		"sh\x00-c\x00ls\x00":    {"sh", "-c", "ls"},
		"sh\x00-c\x00ls -":      {"sh", "-c", "ls -"}, // cut
		"sh\x00\x00x\x00":       {"sh", "", "x"},
		"\x00":                  {""},
		"\x00\x00":              {"", ""},
		"gr\xc3\x00\xb6sse\x00": {"gr\uFFFD", "\uFFFDsse"},
	} {
		assert.Equal(t, want, splitNUL([]byte(block)), "%q", block)
	}
}

func TestJoinPath(t *testing.T) {
	for _, c := range []struct{ directory, given, want string }{
		{"", "/etc/passwd", "/etc/passwd"},
		{"", "/etc//./passwd", "/etc/passwd"},
		{"", "", ""},
		{"/home/me", "notes", "/home/me/notes"},
		{"/home/me/", "./notes", "/home/me/notes"},
		{"/", "notes", "/notes"},
		{"/home/me", "", "/home/me"}, // AT_EMPTY_PATH
		{"/home/me", "link/../notes", "/home/me/link/../notes"},
		{"/home/me", "..", "/home/me/.."},
		{"/home/me", "./a..b//c...", "/home/me/a..b/c..."},
		{"", "relative/to/what", "relative/to/what"},
		{"/tmp/\xff", "\xfe", "/tmp/\uFFFD/\uFFFD"},
		{"/tmp", "folder/", "/tmp/folder"},
	} {
		assert.Equal(t, c.want, joinPath([]byte(c.directory), []byte(c.given)), "%q %q", c.directory, c.given)
	}
}

func TestCapabilityNames(t *testing.T) {
	full := uint64(1)<<(unix.CAP_LAST_CAP+1) - 1
	assert.Equal(t, []string{"ALL"}, capabilityNames(full))
	assert.Equal(t, []string{"ALL"}, capabilityNames(full|1<<60), "a newer kernel has more")
	assert.Equal(t, []string{"CAP_CHOWN", "CAP_NET_RAW", "CAP_BPF"},
		capabilityNames(1<<unix.CAP_CHOWN|1<<unix.CAP_NET_RAW|1<<unix.CAP_BPF))
	assert.Empty(t, capabilityNames(0))
}
