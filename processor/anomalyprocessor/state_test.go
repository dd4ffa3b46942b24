// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

const (
	workloadWeb  = "shop/deployment/web"
	workloadShop = "prod/shop/deployment/web/app"
)

// keeping is a pair with a storage, whose log can be read. It is not started.
func keeping(t testing.TB, host component.Host, change func(*Config)) (*pair, *observer.ObservedLogs) {
	t.Helper()
	config := defaultConfig()
	config.Storage = &storageID
	if change != nil {
		change(config)
	}
	p := newPair(t, config)
	p.host = host
	logger, logs := observer.New(zap.InfoLevel)
	p.core.logger = zap.New(logger)
	return p, logs
}

// shell lets a workload do something for which there is an incident at once.
func (p *pair) shell(t testing.TB, workload string, pid int64) {
	t.Helper()
	require.NoError(t, p.pipelines[0].ConsumeLogs(context.Background(), reverseShell(workload, pid, p.now)))
}

// events is how many events the profile of a workload has seen, -1 without a profile.
func (p *pair) events(workload string) int {
	seen := -1
	p.core.profiles.Find(workload, func(p *profile.Profile) { seen = int(p.Stats().Events) })
	return seen
}

func TestState_noSuchStorage(t *testing.T) {
	p, _ := keeping(t, componenttest.NewNopHost(), nil)
	err := p.pipelines[0].Start(t.Context(), p.host)
	require.ErrorContains(t, err, `storage: "file_storage" is not a storage extension of this collector; add it to extensions and service::extensions`)
	p.shutdown(t)
}

// Each processor has what is its own, although the storage is the same.
func TestState_twoProcessors(t *testing.T) {
	host := newStorage(t, t.TempDir())
	first, _ := keeping(t, host, nil)
	second, _ := keeping(t, host, nil)
	second.core.id = component.MustNewIDWithName("anomaly", "2")
	first.start(t)
	second.start(t)
	first.shell(t, "web", 7)
	second.shell(t, "db", 7)
	first.shutdown(t)
	second.shutdown(t)
	first.restart(t)
	assert.Equal(t, []string{workloadWeb}, first.core.profiles.Workloads())
	first.shutdown(t)
}

// Nothing is written that is there already, and what is forgotten is deleted.
func TestState_onlyChanges(t *testing.T) {
	s := newFakeStorage()
	p, _ := keeping(t, s.host(), nil)
	p.start(t)
	p.shell(t, "web", 7)
	p.shell(t, "db", 7)
	k := p.core.state
	k.round(t.Context(), false)
	assert.EqualValues(t, 4, k.stats.Entries.Load())
	written := k.stats.WrittenBytes.Load()
	assert.Positive(t, written)
	k.round(t.Context(), false)
	k.round(t.Context(), true)
	assert.Equal(t, written, k.stats.WrittenBytes.Load())
	p.shell(t, "web", 7)
	k.round(t.Context(), false)
	assert.Greater(t, k.stats.WrittenBytes.Load(), written)
	assert.True(t, p.core.profiles.Reset("shop/deployment/db"))
	k.round(t.Context(), false)
	assert.EqualValues(t, 2, k.stats.Entries.Load())
	p.restart(t)
	assert.Equal(t, []string{workloadWeb}, p.core.profiles.Workloads())
	written = p.core.state.stats.WrittenBytes.Load()
	p.core.state.round(t.Context(), true)
	assert.Equal(t, written, p.core.state.stats.WrittenBytes.Load(), "what was read is what is there")
	p.shutdown(t)
}

// That an incident was told of is written without waiting for the interval, so that a crash makes no second one of it.
func TestState_crash(t *testing.T) {
	s := newFakeStorage()
	p, _ := keeping(t, s.host(), nil)
	p.start(t)
	p.shell(t, "web", 7)
	p.core.state.saveWaiting(t.Context())
	p.core.state.saveWaiting(t.Context()) // nothing waits
	assert.EqualValues(t, 1, p.core.state.stats.Batches.Load())
	crashed := newFakeStorage()
	crashed.values["anomaly state"] = s.of()
	s.values = map[string]map[string][]byte{}
	after, _ := keeping(t, crashed.host(), nil)
	after.start(t)
	after.shell(t, "web", 7)
	after.core.upkeep(t.Context())
	assert.Empty(t, states(after.sinks[0]), "nothing is new about it")
	after.shutdown(t)
	assert.Equal(t, []string{"opened"}, states(p.sinks[0]))
	p.shutdown(t)
}

func TestState_manyAtOnce(t *testing.T) {
	p, _ := keeping(t, newFakeStorage().host(), nil)
	p.start(t)
	for n := range stateSoonMax + 5 {
		p.core.state.soon(string(rune(n)))
	}
	p.core.state.soon(string(rune(0)))
	assert.EqualValues(t, 5, p.core.state.tally.hurried.Load())
	p.core.state.saveWaiting(t.Context())
	p.shutdown(t)
}

// What does not fit at one interval comes at the next one.
func TestState_roundBytes(t *testing.T) {
	p, _ := keeping(t, newFakeStorage().host(), nil)
	p.start(t)
	k := p.core.state
	k.roundBytesMax = 1
	saved := k.savedAt.Load()
	p.now = p.now.Add(time.Minute)
	for _, workload := range []string{"a", "b", "c"} {
		p.shell(t, workload, 7)
	}
	for n := range int64(2) {
		k.round(t.Context(), false)
		assert.Equal(t, 2*(n+1), k.stats.Entries.Load())
		assert.Equal(t, saved, k.savedAt.Load())
		p.shell(t, "a", 7) // others have waited for longer
	}
	assert.EqualValues(t, 4, k.tally.postponed.Load())
	k.roundBytesMax = stateRoundBytesMax
	k.round(t.Context(), false)
	assert.EqualValues(t, 6, k.stats.Entries.Load())
	assert.Greater(t, k.savedAt.Load(), saved)
	p.shutdown(t)
}

// A storage that can't be opened, read or written to stops nothing, and nothing that is in it is lost.
func TestState_storageFails(t *testing.T) {
	s := newFakeStorage()
	p, _ := keeping(t, s.host(), nil)
	p.start(t)
	p.shell(t, "web", 7)
	p.shutdown(t)
	refuse := func(what storage.OpType) func(*storage.Operation) error {
		return func(op *storage.Operation) error {
			if op.Type == what {
				return errors.New("input/output error")
			}
			return nil
		}
	}
	for name, test := range map[string]struct{ breaks, mends func() }{
		"open": {func() { s.opens = errors.New("timeout") }, func() { s.opens = nil }},
		"read": {func() { s.refuses = refuse(storage.Get) }, func() { s.refuses = nil }},
	} {
		s.change(test.breaks)
		p, logs := keeping(t, s.host(), nil)
		p.start(t)
		assert.Equal(t, -1, p.events(workloadWeb), name)
		p.shell(t, "db", 7)
		assert.Equal(t, []string{"opened"}, states(p.sinks[0]), name)
		k := p.core.state
		k.round(t.Context(), false)
		assert.EqualValues(t, 2, k.stats.ReadFailures.Load()+k.unopened.Load(), name)
		require.Equal(t, 2, logs.FilterMessageSnippet("What was learned can't be read from the storage or written to it").Len(), name)
		s.change(test.mends)
		k.round(t.Context(), false)
		assert.Equal(t, 1, logs.FilterMessageSnippet("does what it is asked for again").Len(), name)
		assert.Equal(t, 1, p.events(workloadWeb), name)
		assert.EqualValues(t, 4, k.stats.Entries.Load(), name)
		assert.True(t, p.core.profiles.Reset("shop/deployment/db"))
		p.shutdown(t)
	}

	p, logs := keeping(t, s.host(), nil)
	p.start(t)
	k := p.core.state
	saved := k.savedAt.Load()
	s.change(func() { s.refuses = refuse(storage.Set) })
	p.now = p.now.Add(time.Minute)
	p.shell(t, "web", 8)
	k.saveWaiting(t.Context())
	k.round(t.Context(), false)
	assert.EqualValues(t, 2, k.stats.WriteFailures.Load())
	assert.Equal(t, saved, k.savedAt.Load())
	assert.Equal(t, 2, logs.FilterMessageSnippet("What was learned can't be read").Len())
	s.change(func() { s.refuses = nil })
	p.restart(t)
	assert.Equal(t, 2, p.events(workloadWeb))
	p.shutdown(t)
}

// One entry that the storage does not give keeps nothing else from being read or written, and is not written over.
func TestState_oneUnreadable(t *testing.T) {
	s := newFakeStorage()
	p, _ := keeping(t, s.host(), nil)
	p.start(t)
	p.shell(t, "web", 7)
	p.shutdown(t)
	broken := s.kept(t, "profile")
	s.refuses = func(op *storage.Operation) error {
		if op.Key == broken {
			return errors.New("input/output error")
		}
		return nil
	}
	p.restart(t)
	p.shell(t, "web", 8)
	p.shell(t, "db", 8)
	p.restart(t)
	assert.Equal(t, -1, p.events(workloadWeb))
	assert.Equal(t, 1, p.events("shop/deployment/db"))
	p.shell(t, "web", 9)
	s.change(func() { s.refuses = nil })
	p.core.state.round(t.Context(), false)
	assert.Equal(t, 2, p.events(workloadWeb), "both become one")
	assert.EqualValues(t, 1, p.core.state.superseded.Load(), "there was an incident already")
	p.shutdown(t)
}

// A storage that is slow holds up neither the start nor the end for longer than they may take, nor any event.
func TestState_storageSlow(t *testing.T) {
	s := newFakeStorage()
	p, _ := keeping(t, s.host(), nil)
	p.start(t)
	p.shell(t, "web", 7)
	p.shutdown(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()

	gate := make(chan struct{})
	s.gate = gate
	p, logs := keeping(t, s.host(), nil)
	require.NoError(t, p.pipelines[0].Start(over, p.host))
	assert.Equal(t, 1, logs.FilterMessageSnippet("The storage is slow").Len())
	p.shell(t, "db", 7)
	s.change(func() { s.gate = nil })
	close(gate)
	<-p.core.state.read
	assert.Equal(t, 1, p.events(workloadWeb))

	gate = make(chan struct{})
	s.change(func() { s.gate = gate })
	require.NoError(t, p.pipelines[0].Shutdown(over))
	assert.Equal(t, 1, logs.FilterMessageSnippet("The storage does not come to an end").Len())
	p.shell(t, "web", 8)
	close(gate)
	<-p.core.state.done
}
