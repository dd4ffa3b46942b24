// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

const bashID = "5f113a8f-8b61-41ca-b90f-d374fa7e4a39"

// bashRule matches the event of reverseShell.
func bashRule(id, title, level string) string {
	text := "title: " + title + "\nlevel: " + level + "\nlogsource: {product: linux, category: process_creation}\n" +
		"detection: {selection: {Image|endswith: /bash}, condition: selection}\n"
	if id != "" {
		text = "id: " + id + "\n" + text
	}
	return text
}

func write(t testing.TB, text string, path ...string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(path...)), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(path...), []byte(text), 0o600))
}

// mounted is a folder as the kubelet mounts a ConfigMap: files are links to a folder that a link names, which is swapped for another.
type mounted struct {
	t      testing.TB
	folder string
	serial int
}

func (m *mounted) swap(files map[string]string) {
	m.t.Helper()
	m.serial++
	version := fmt.Sprintf("..version%d", m.serial)
	for name, text := range files {
		write(m.t, text, m.folder, version, name)
		if _, err := os.Lstat(filepath.Join(m.folder, name)); err != nil {
			require.NoError(m.t, os.Symlink(filepath.Join("..data", name), filepath.Join(m.folder, name)))
		}
	}
	require.NoError(m.t, os.Symlink(version, filepath.Join(m.folder, "..new")))
	require.NoError(m.t, os.Rename(filepath.Join(m.folder, "..new"), filepath.Join(m.folder, "..data")))
	if m.serial > 1 {
		require.NoError(m.t, os.RemoveAll(filepath.Join(m.folder, fmt.Sprintf("..version%d", m.serial-1))))
	}
}

// newBook is a rulebook that looks by itself at most once in the test.
func newBook(t *testing.T, config *RulesConfig) *rulebook {
	t.Helper()
	b := newRulebook(config, zap.NewNop())
	b.start(config.sources())
	t.Cleanup(b.stop)
	return b
}

func (b *rulebook) titles() []string {
	all := []string{}
	for number := range b.current.Load().set.Len() {
		all = append(all, b.current.Load().set.Rule(number).Title)
	}
	return all
}

func TestRulebook_swappedLinks(t *testing.T) {
	m := &mounted{t: t, folder: t.TempDir()}
	m.swap(map[string]string{"a.yml": bashRule(bashID, "First", "low")})
	b := newBook(t, &RulesConfig{Folders: []string{m.folder}})
	assert.Equal(t, []string{"First"}, b.titles())
	before := b.current.Load()
	b.look()
	assert.Same(t, before, b.current.Load(), "nothing has changed, so nothing is read")
	b.current.Load().hits[0].Add(7)

	m.swap(map[string]string{"a.yml": bashRule(bashID, "Second", "low"), "b.yml": bashRule("", "Other", "low")})
	b.look()
	assert.Equal(t, []string{"Second", "Other"}, b.titles())
	assert.Equal(t, uint64(7), b.current.Load().hits[0].Load(), "it is the same rule by its id")
	assert.Equal(t, uint64(1), b.reloads.Load())
	before.hits[0].Add(1)
	assert.Equal(t, uint64(8), b.current.Load().hits[0].Load(), "a batch that began with the old set counts too")
	b.current.Load().hits[1].Add(3)

	m.swap(map[string]string{"a.yml": "title: broken", "b.yml": bashRule("", "Renamed", "low")})
	b.look()
	assert.Equal(t, []string{"Renamed"}, b.titles())
	assert.Equal(t, uint64(3), b.current.Load().hits[0].Load(), "it is the same rule by its path")
	assert.Len(t, b.current.Load().report.Refused, 1)
}

// A folder of which nothing is left does not switch detection off.
func TestRulebook_nothingReadable(t *testing.T) {
	folder := t.TempDir()
	write(t, bashRule(bashID, "First", "low"), folder, "a.yml")
	b := newBook(t, &RulesConfig{Builtin: true, Folders: []string{folder}})
	before := b.titles()
	assert.Contains(t, before, "First")
	for _, spoil := range []func(){
		func() { write(t, "title: broken", folder, "a.yml") },
		func() { require.NoError(t, os.Remove(filepath.Join(folder, "a.yml"))) },
		func() { require.NoError(t, os.Remove(folder)) },
	} {
		spoil()
		kept := b.kept.Load()
		b.look()
		assert.Equal(t, kept+1, b.kept.Load())
		b.look()
		assert.Equal(t, kept+1, b.kept.Load(), "it is said once")
		assert.Equal(t, before, b.titles())
		_, _, err := b.reload()
		require.ErrorIs(t, err, errNothingReadable)
		assert.ErrorContains(t, err, folder)
	}
	write(t, bashRule(bashID, "Back", "low"), folder, "a.yml")
	b.look()
	assert.Contains(t, b.titles(), "Back")
	assert.Zero(t, b.reloads.Load()-1)
}

// A folder that is not there yet is read when it is.
func TestRulebook_folderComesLater(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "later")
	config := &RulesConfig{Folders: []string{folder}, ReloadInterval: time.Millisecond}
	b := newBook(t, config)
	assert.Empty(t, b.titles())
	write(t, bashRule(bashID, "First", "low"), folder, "a.yml")
	require.Eventually(t, func() bool { return len(b.titles()) == 1 }, patience, time.Millisecond)
	write(t, bashRule(bashID, "A second one", "low"), folder, "a.yml")
	require.Eventually(t, func() bool { return b.titles()[0] == "A second one" }, patience, time.Millisecond)
	b.stop()
	b.stop()
}

func TestRulebook_switches(t *testing.T) {
	folder := t.TempDir()
	write(t, bashRule(bashID, "First", "low"), folder, "a.yml")
	write(t, bashRule("", "Second", "low"), folder, "b.yml")
	write(t, bashRule("", "Third", "low"), folder, "c.yml")
	b := newBook(t, &RulesConfig{Folders: []string{folder}, Disabled: []string{"5F113A8F-8b61-41ca-b90f-d374fa7e4a39", "Second"}})
	inUse := func() (all []string) {
		for number, title := range b.titles() {
			if !b.current.Load().off[number].Load() {
				all = append(all, title)
			}
		}
		return all
	}
	assert.Equal(t, []string{"Third"}, inUse())
	third := addressOf(b.current.Load().set.Rule(2))
	assert.Len(t, third, 32, "a path is no part of an address")
	yes, no := true, false
	for id, enabled := range map[string]*bool{bashID: &yes, third: &no} {
		_, before, after, err := b.change(id, enabled)
		require.NoError(t, err)
		assert.NotEqual(t, before, after)
	}
	assert.Equal(t, []string{"First"}, inUse())
	require.NoError(t, os.Remove(filepath.Join(folder, "c.yml")))
	b.look()
	write(t, bashRule("", "Third again", "low"), folder, "c.yml")
	b.look()
	assert.Equal(t, []string{"First"}, inUse(), "it survives that the rule was gone")
	_, _, after, err := b.change(third, nil)
	require.NoError(t, err)
	assert.True(t, after)
	_, _, _, err = b.change("nothing", &yes)
	require.ErrorIs(t, err, errNoRule)
	for n := range switchedMax {
		b.switched[fmt.Sprint(n)] = true
	}
	_, _, _, err = b.change(third, &no)
	require.ErrorIs(t, err, errSwitchesMax)
}

// While rules are replaced again and again, each event is matched by one set or the other, and none is counted twice or left out.
func TestRulebook_reloadUnderLoad(t *testing.T) {
	folder := t.TempDir()
	write(t, bashRule(bashID, "First", "low"), folder, "a.yml")
	config := defaultConfig()
	config.Rules = RulesConfig{Folders: []string{folder}, ReloadInterval: time.Hour}
	p := newPair(t, config)
	p.start(t)
	const batches = 300
	var all sync.WaitGroup
	for at := range 2 {
		all.Go(func() {
			for n := range batches {
				assert.NoError(t, p.pipelines[at].ConsumeLogs(context.Background(), reverseShell("web", int64(1+at*1000+n), beginning)))
			}
		})
	}
	all.Go(func() {
		for n := range 50 {
			write(t, bashRule(bashID, fmt.Sprintf("Version %d", n), []string{"low", "high"}[n%2]), folder, "a.yml")
			_, _, err := p.core.rules.reload()
			assert.NoError(t, err)
			enabled := true
			_, _, _, err = p.core.rules.change(bashID, &enabled)
			assert.NoError(t, err)
		}
	})
	all.Wait()
	current := p.core.rules.current.Load()
	assert.Equal(t, uint64(2*batches), current.hits[0].Load())
	assert.Equal(t, "Version 49", current.set.Rule(0).Title)
	p.shutdown(t)
}

// A rule that is switched off matches nothing.
func TestRulebook_off(t *testing.T) {
	config := defaultConfig()
	folder := t.TempDir()
	write(t, bashRule(bashID, "First", "high"), folder, "a.yml")
	config.Rules = RulesConfig{Folders: []string{folder}, Disabled: []string{"First"}}
	p := newPair(t, config)
	p.start(t)
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell("web", 7, beginning)))
	assert.Empty(t, states(p.sinks[0]))
	yes := true
	_, _, _, err := p.core.rules.change(bashID, &yes)
	require.NoError(t, err)
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell("web", 8, beginning)))
	assert.Equal(t, []string{"opened"}, states(p.sinks[0]))
	assert.Equal(t, sigma.High, p.core.rules.current.Load().set.Rule(0).Level)
	p.shutdown(t)
}
