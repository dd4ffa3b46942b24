// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const goodRule = `title: A title
id: 5F113A8F-8b61-41ca-b90f-d374fa7e4a39
related: [{id: 5f113a8f-8b61-41ca-b90f-d374fa7e4a30, type: derived}]
status: test
description: |
    What it is about.
references: [https://example.org/a]
author: Somebody
date: 2024/08/08
modified: 2024-09-01
tags: [attack.defense_evasion, attack.command-and-control, attack.t1059.004, attack.T1105, attack.g0016, attack.s0002, cve.2024-1]
logsource: {product: linux, category: process_creation, definition: something}
detection: {s: {Image: /bin/x}, condition: s}
fields: [Image]
falsepositives: Unknown
level: high
`

func TestLoad_metadata(t *testing.T) {
	set, report := loadTexts(map[string]string{"folder/rule.yaml": goodRule})
	require.Empty(t, report.Refused)
	require.Equal(t, 1, set.Len())
	assert.Equal(t, Report{Files: 1, Rules: 1}, report)
	assert.Equal(t, &Rule{
		Source: "test", File: "folder/rule.yaml",
		ID: "5f113a8f-8b61-41ca-b90f-d374fa7e4a39", Title: "A title", Status: "test", Level: High,
		Description: "What it is about.\n", Author: "Somebody", Date: "2024/08/08", Modified: "2024-09-01",
		References: []string{"https://example.org/a"}, FalsePositives: []string{"Unknown"},
		Tags:       []string{"attack.defense_evasion", "attack.command-and-control", "attack.t1059.004", "attack.T1105", "attack.g0016", "attack.s0002", "cve.2024-1"},
		Techniques: []string{"T1059.004", "T1105"}, Tactics: []string{"defense-evasion", "command-and-control"},
		Category: ProcessCreation,
	}, set.Rule(0))
	assert.Equal(t, set.Rule(0).ID, set.Rule(0).Key())
	assert.Equal(t, "high", set.Rule(0).Level.String())
}

// A rule needs neither an id nor a level.
func TestLoad_ruleWithLittle(t *testing.T) {
	set, report := loadTexts(map[string]string{"rule.yml": ruleText("process_creation", "s: [{Image: a}, {Company: b}]\ncondition: s")})
	require.Empty(t, report.Refused)
	assert.Equal(t, "test/rule.yml", set.Rule(0).Key())
	assert.Equal(t, Informational, set.Rule(0).Level)
	assert.Equal(t, []string{"Company"}, set.Rule(0).Missing)
}

// A broken file harms no other; of two rules with one id the first source's is taken.
func TestLoad_several(t *testing.T) {
	folder := fstest.MapFS{
		"a.yml":               {Data: []byte("title: [")},
		"b.yml":               {Data: []byte(goodRule)},
		"c.yml":               {Data: []byte(goodRule)},
		"d.txt":               {Data: []byte("no rule")},
		".hidden.yml":         {Data: []byte("no rule")},
		"..2024_01_01/b.yml":  {Data: []byte(goodRule)},
		"pipe.yml":            {Mode: fs.ModeNamedPipe},
		"binary.yml":          {Data: []byte{0xff, 0xfe}},
		"sub/windows.yml":     {Data: []byte(strings.Replace(goodRule, "linux", "windows", 1))},
		"sub/deeper/last.yml": {Data: []byte(ruleText("file_event", "s: {Image: a}\ncondition: s"))},
	}
	set, report := Load(Source{"built-in", fstest.MapFS{"x.yml": {Data: []byte(goodRule)}}}, Source{"folder", folder}, Source{"nothing", nil},
		Source{"gone", os.DirFS(filepath.Join(t.TempDir(), "gone"))})
	require.Equal(t, 2, set.Len())
	assert.Equal(t, "built-in", set.Rule(0).Source)
	assert.Equal(t, "sub/deeper/last.yml", set.Rule(1).File)
	assert.Equal(t, 8, report.Files)
	assert.Equal(t, 2, report.Rules)
	var lines []string
	for _, refused := range report.Refused {
		lines = append(lines, refused.String())
	}
	require.Len(t, lines, 8)
	assert.Equal(t, []string{
		"folder/a.yml:1: broken: it is not YAML: did not find expected node content",
		"folder/b.yml: broken: the id 5f113a8f-8b61-41ca-b90f-d374fa7e4a39 is already that of x.yml in built-in",
		"folder/binary.yml: broken: the file is not UTF-8",
		"folder/c.yml: broken: the id 5f113a8f-8b61-41ca-b90f-d374fa7e4a39 is already that of x.yml in built-in",
		"folder/pipe.yml: broken: it is no regular file",
		`folder/sub/windows.yml:12: other_log_source: the rule is for the product "windows"; Meerkat has events of linux`,
		"nothing/.: broken: there is no such folder",
	}, lines[:7])
	assert.Contains(t, lines[7], "gone/.: broken: read the folder:")
	assert.Equal(t, "A title", report.Refused[1].Title)
}

// Kubernetes mounts a ConfigMap as symbolic links to files in a folder that begins with two dots.
func TestLoad_symbolicLinks(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "..1"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "..1", "rule.yml"), []byte(goodRule), 0o600))
	require.NoError(t, os.Symlink("..1", filepath.Join(folder, "..data")))
	require.NoError(t, os.Symlink("..data/rule.yml", filepath.Join(folder, "rule.yml")))
	set, report := Load(Source{"mounted", os.DirFS(folder)})
	assert.Empty(t, report.Refused)
	assert.Equal(t, 1, set.Len())
}

func TestLoad_tooMany(t *testing.T) {
	folder := fstest.MapFS{}
	rule := ruleText("process_creation", "s: {Image: a}\ncondition: s")
	for i := range filesMax + 1 {
		folder[fmt.Sprintf("%05d.yml", i)] = &fstest.MapFile{Data: []byte(rule)}
	}
	deep := strings.Repeat("a/", folderDepthMax+1)
	set, report := Load(Source{"many", folder}, Source{"deep", fstest.MapFS{deep + "x.yml": {Data: []byte(rule)}}})
	assert.Equal(t, rulesMax, set.Len())
	assert.Equal(t, filesMax, report.Files)
	require.Len(t, report.Refused, filesMax-rulesMax+2)
	assert.Contains(t, report.Refused[0].Reason, "there are 4096 rules already")
	last := report.Refused[filesMax-rulesMax:]
	assert.Contains(t, last[0].Reason, "more than 8192 files with rules; those from 08192.yml on are not read")
	assert.Contains(t, last[1].Reason, "folders lie in each other deeper than 16")
}
