// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const example = `
dist: {name: collector, version: 0.1.0}
receivers:
  - gomod: a.org/module v1.0.0
    import: a.org/module/receiver/ours
    path: .
  - gomod: b.org/theirs v1.2.0
exporters:
  - gomod: c.org/out v1.3.0
providers:
  - gomod: d.org/env v1.4.0
  - gomod: d.org/file v1.4.0
`

func parsed(t *testing.T, text string) manifest {
	t.Helper()
	m, err := parse([]byte(text))
	require.NoError(t, err)
	return m
}

func namesOf(entries []entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.name)
	}
	return strings.Join(all, " ")
}

func TestParse_keepsTheOrder(t *testing.T) {
	assert.Equal(t, "ours theirs out env file", namesOf(parsed(t, example).entries))
}

func TestParse_refused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "it is not a mapping",
		"- a":                                  "it is not a mapping",
		"dist: {name: x}":                      "no components",
		"receivers: [{gomod: a.org/x v1.0.0}]": "no dist section",
		"dist: {}\nreceivers: [{path: .}]":     `section "receivers" of the manifest: line 2 has no gomod`,
	} {
		_, err := parse([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func TestManifest_withSomeEntries(t *testing.T) {
	m := parsed(t, example)
	text, err := m.with([]entry{m.entries[0], m.entries[3]})
	require.NoError(t, err)
	assert.YAMLEq(t, `
dist: {name: collector, version: 0.1.0}
receivers: [{gomod: a.org/module v1.0.0, import: a.org/module/receiver/ours, path: .}]
providers: [{gomod: d.org/env v1.4.0}]
`, string(text))
}

func TestReport_plansTheBuilds(t *testing.T) {
	r := newReport(parsed(t, example), false)
	var plan []string
	for _, v := range r.variants() {
		plan = append(plan, namesOf(v.entries))
	}
	assert.Equal(t, []string{
		"env",
		"env ours", "theirs out env file",
		"env ours theirs", "ours out env file",
		"env ours theirs out", "ours theirs env file",
		"env ours theirs out", "ours theirs out file",
		"env ours theirs out file", "ours theirs out env",
	}, plan)
	assert.Len(t, newReport(parsed(t, example), true).variants(), 6)
}

func TestReport_table(t *testing.T) {
	r := newReport(parsed(t, example), false)
	for i, v := range r.variants() {
		v.bytes = int64(20+i) * 1e6
	}
	var printed strings.Builder
	require.NoError(t, r.print(&printed))
	for _, want := range []string{
		`(?m)^the Collector alone +20\.00$`, `(?m)^receivers$`, `(?m)^  ours +21\.00 +1\.00 +7\.00$`, `(?m)^  file +29\.00 +2\.00 +-1\.00$`,
		`The whole binary has 29000000 bytes\. `,
	} {
		assert.Regexp(t, want, printed.String())
	}
}

// The bare Collector of the real manifest is built, runs, and has nothing in it.
func TestBuilder_bareCollector(t *testing.T) {
	text, err := os.ReadFile("../../builder-config.yaml")
	require.NoError(t, err)
	m := parsed(t, string(text))
	folder := t.TempDir()
	b, err := newBuilder(t.Context(), "../..", folder)
	require.NoError(t, err)
	binary := filepath.Join(folder, "bare")
	require.NoError(t, b.buildTo(t.Context(), m, needed(m.entries), folder, binary))
	components, err := exec.Command(binary, "components").CombinedOutput()
	require.NoError(t, err, string(components))
	assert.Contains(t, string(components), "scheme: env")
	assert.NotContains(t, string(components), "name: ebpf")
	assert.Contains(t, string(components), "receivers: []")
}

func TestBuilder_saysWhatFails(t *testing.T) {
	m := parsed(t, example)
	b, err := newBuilder(t.Context(), "../..", t.TempDir())
	require.NoError(t, err)
	err = b.build(t.Context(), m, &variant{entries: m.entries})
	assert.ErrorContains(t, err, "build a binary with 5 of 5 entries")
	assert.ErrorContains(t, err, "a.org/module/receiver/ours")
}
