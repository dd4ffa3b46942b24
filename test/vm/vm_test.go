// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMachines_areWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range machines() {
		assert.False(t, seen[m.name()], "%s is there twice", m.name())
		seen[m.name()] = true
		assert.Contains(t, []string{"amd64", "arm64"}, m.architecture)
		assert.Contains(t, []string{cgroupUnified, cgroupHybrid, cgroupLegacy}, m.hierarchy)
		assert.True(t, m.userMode() || strings.Contains(m.pattern, "-"+m.architecture), m.name())
		_, err := regexp.Compile(m.pattern)
		assert.NoError(t, err)
	}
	for _, name := range testPackages() {
		tests, err := filepath.Glob(filepath.Join("../..", name, "*_test.go"))
		require.NoError(t, err)
		assert.NotEmpty(t, tests, name)
	}
}

// testSources are the sources of all tests that run in the machines.
func testSources(t *testing.T) string {
	t.Helper()
	var sources strings.Builder
	for _, name := range testPackages() {
		files, err := filepath.Glob(filepath.Join("../..", name, "*_test.go"))
		require.NoError(t, err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			sources.Write(content)
		}
	}
	return sources.String()
}

// What is skipped exists, so that nothing stays skipped that has got another name.
func TestSkipped_matchTests(t *testing.T) {
	sources := testSources(t)
	for _, m := range machines() {
		assert.NotContains(t, m.skipExpression(), " ", "it is handed on by the kernel's command line")
		for name, reason := range m.skipped() {
			assert.NotEmpty(t, reason)
			assert.Contains(t, sources, "\nfunc "+name)
			assert.Regexp(t, m.skipExpression(), name)
		}
	}
}

func TestPatterns(t *testing.T) {
	for name, want := range map[string]string{
		"linux-image-5.10.0-46-cloud-amd64":                  "5.10-amd64",
		"linux-image-5.10.0-46-cloud-amd64-unsigned":         "5.10-amd64",
		"linux-image-5.10.0-46-cloud-amd64-dbg":              "",
		"linux-image-6.1.0-0.deb11.52-cloud-amd64":           "",
		"linux-image-6.1.0-50-cloud-amd64":                   "6.1-amd64 6.1-with-cgroups-v1-amd64",
		"linux-image-6.12.117+deb13-cloud-arm64":             "6.12-arm64",
		"linux-image-7.2.13+deb14-cloud-amd64":               "",
		"linux-binary-7.2.13+deb14-cloud-amd64":              "newest-amd64",
		"linux-binary-unsigned-7.2.13+deb14-cloud-amd64":     "newest-amd64",
		"linux-binary-unsigned-7.2.13+deb14-cloud-amd64-dbg": "",
	} {
		var matches []string
		for _, m := range machines() {
			if expressionOf(m.pattern).MatchString(name) {
				matches = append(matches, m.name())
			}
		}
		assert.Equal(t, want, strings.Join(matches, " "), name)
	}
}

func TestSortNewestFirst(t *testing.T) {
	names := []string{"linux-image-5.10.0-9-x", "linux-image-5.10.0-46-x", "linux-image-5.10.0-46-x-unsigned", "linux-image-5.10.0-100-x"}
	sortNewestFirst(names)
	assert.Equal(t, []string{
		"linux-image-5.10.0-100-x", "linux-image-5.10.0-46-x-unsigned", "linux-image-5.10.0-46-x", "linux-image-5.10.0-9-x",
	}, names)
}

func TestChooseMirrors(t *testing.T) {
	ordinary, security := chooseMirrors("http://a.example/debian/ bookworm\nhttp://a.example/debian/ bookworm-updates\n" +
		"http://b.example/debian-security/ bookworm-security\nhttps://c.example/apt stable\n")
	assert.Equal(t, "http://a.example/debian/", ordinary)
	assert.Equal(t, "http://b.example/debian-security/", security)
	ordinary, _ = chooseMirrors("https://c.example/apt stable\n")
	assert.Empty(t, ordinary)

	list := sources("http://a.example/debian/", "http://b.example/debian-security/")
	assert.Contains(t, list, "http://a.example/debian/ sid main\n")
	assert.Contains(t, list, "http://b.example/debian-security/ bullseye-security main\n")
	assert.NotContains(t, list, "sid-security")
}

// console is what a machine prints in which all packages end well.
func console() string {
	var all strings.Builder
	all.WriteString("firmware\r\n\r\nvm: up\r\n")
	for _, name := range testPackages() {
		all.WriteString("vm: start " + name + "\r\n=== RUN   TestOne\r\n--- PASS: TestOne (0.01s)\r\n    --- PASS: TestOne/part (0.00s)\r\n" +
			"--- SKIP: TestTwo (0.00s)\r\nPASS\r\nvm: exit " + name + " 0\r\n")
	}
	return all.String() + "vm: end\r\n"
}

func read(console string) *result {
	r := &result{}
	clock := time.Unix(0, 0)
	r.read(strings.NewReader(console), func() time.Time { clock = clock.Add(time.Second); return clock })
	return r
}

func TestResult_ok(t *testing.T) {
	r := read(console())
	assert.False(t, r.failed())
	assert.Equal(t, "ok", r.word())
	assert.Equal(t, len(testPackages()), r.passed)
	assert.Len(t, r.skipped, len(testPackages()))
	assert.Equal(t, time.Second, r.boot)
	assert.Equal(t, time.Second, r.tests)
}

func TestResult_failures(t *testing.T) {
	first := testPackages()[0]
	for name, c := range map[string]struct {
		change func(string) string
		word   string
	}{
		"a test fails": {func(s string) string {
			s = strings.Replace(s, "--- PASS: TestOne", "--- FAIL: TestOne", 1)
			return strings.Replace(s, "exit "+first+" 0", "exit "+first+" 1", 1)
		}, "FAIL"},
		"a package crashes": {func(s string) string { return strings.Replace(s, "exit "+first+" 0", "exit "+first+" 2", 1) }, "FAIL"},
		"a package is not there": {func(s string) string {
			return strings.Replace(s, "vm: exit "+first+" 0\r\n", "", 1)
		}, "FAIL"},
		"no test runs":         {func(s string) string { return strings.ReplaceAll(s, "--- PASS", "--- SKIP") }, "FAIL"},
		"the kernel goes down": {func(s string) string { return s[:len(s)/2] + "\r\nKernel panic - not syncing\r\n" }, "broken"},
		"it does not boot":     {func(string) string { return "" }, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			r := read(c.change(console()))
			assert.True(t, r.failed())
			assert.Equal(t, c.word, r.word())
		})
	}
	r := read(console())
	r.failure = errors.New("the emulator ended badly")
	assert.True(t, r.failed())
}

func TestFindImage(t *testing.T) {
	for _, path := range []string{
		"boot/vmlinuz-6.1.0-50-cloud-amd64", "usr/lib/modules/6.1.0-50-cloud-amd64/vmlinuz",
		"usr/lib/modules/6.1.0-50-cloud-amd64/vmlinuz.unsigned",
	} {
		unpacked := t.TempDir()
		file := filepath.Join(unpacked, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, nil, 0o644))
		image, release, err := findImage(unpacked)
		require.NoError(t, err)
		assert.Equal(t, file, image)
		assert.Equal(t, "6.1.0-50-cloud-amd64", release)
	}
	_, _, err := findImage(t.TempDir())
	assert.Error(t, err)
}

func TestFindImage_program(t *testing.T) {
	unpacked := t.TempDir()
	for _, folder := range []string{"usr/bin", "usr/lib/uml/modules/5.10.46"} {
		require.NoError(t, os.MkdirAll(filepath.Join(unpacked, folder), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(unpacked, "usr/bin/linux.uml"), nil, 0o755))
	image, release, err := findImage(unpacked)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(unpacked, "usr/bin/linux.uml"), image)
	assert.Equal(t, "5.10.46", release)
}

// The short form names machines and tests that there are, one of them old and one new.
func TestSmoke_namesWhatThereIs(t *testing.T) {
	var names []string
	for _, m := range machines() {
		if regexp.MustCompile(smokeMachines).MatchString(m.name()) {
			names = append(names, m.name())
		}
	}
	assert.Equal(t, []string{"5.10-amd64", "newest-amd64", "5.10-without-BTF-amd64"}, names)
	for _, test := range []string{
		"TestKernel_everyProgram", "TestHardPlace_leastPrivilege", "TestLifecycle_whatHappenedBeforeShutdownArrives",
	} {
		assert.Regexp(t, smokeTests, test)
		assert.Contains(t, testSources(t), "\nfunc "+test+"(")
	}
}

func TestKeepModules(t *testing.T) {
	unpacked, to := t.TempDir(), t.TempDir()
	require.EqualError(t, keepModules(unpacked, to), "the package has no modules [veth.ko overlay.ko]")
	require.NoError(t, os.MkdirAll(filepath.Join(unpacked, "lib/modules/net"), 0o755))
	for _, name := range []string{"veth.ko.xz", "tun.ko.xz", "overlay.ko"} {
		require.NoError(t, os.WriteFile(filepath.Join(unpacked, "lib/modules/net", name), nil, 0o644))
	}
	require.NoError(t, keepModules(unpacked, to))
	kept, err := os.ReadDir(to)
	require.NoError(t, err)
	require.Len(t, kept, 2)
	assert.Equal(t, "overlay.ko", kept[0].Name())
	assert.Equal(t, "veth.ko.xz", kept[1].Name())
}

// What is chosen by name is there.
func TestChosenTests_exist(t *testing.T) {
	sources := testSources(t)
	for _, selection := range []string{mainTests, legacyTests} {
		words := strings.FieldsFunc(strings.TrimPrefix(selection, "^Test"), func(r rune) bool { return !strings.ContainsRune("_", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		require.NotEmpty(t, words)
		for _, word := range words {
			assert.True(t, regexp.MustCompile(`\nfunc Test\w*`+word).MatchString(sources), word)
		}
	}
}

func TestStartOrder(t *testing.T) {
	var all []prepared
	for _, m := range machines() {
		all = append(all, prepared{machine: m})
	}
	var names []string
	for _, i := range startOrder(all) {
		names = append(names, all[i].machine.name())
	}
	assert.Equal(t, []string{
		"newest-amd64", "5.10-amd64", "6.12-arm64", "5.10-arm64", "6.12-amd64", "6.1-amd64", "5.10-without-BTF-amd64", "6.1-with-cgroups-v1-amd64",
	}, names)
}
