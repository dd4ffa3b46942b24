// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/state"
)

// keepingGateway is a gateway with a storage, and what it logs.
func keepingGateway(t *testing.T, s *fakeStorage) (*gatewayPipe, *observer.ObservedLogs) {
	t.Helper()
	config := createDefaultConfig().(*Config)
	id := storageID
	config.Storage = &id
	p := newGatewayPipe(t, config)
	p.host = s.host()
	core, logs := observer.New(zap.InfoLevel)
	p.logger = zap.New(core)
	p.create(t)
	return p, logs
}

// tell tells a gateway something normal of three hosts, and an incident of another one.
func (p *gatewayPipe) tell(t *testing.T) {
	t.Helper()
	data := plog.NewLogs()
	for _, host := range []string{"a", "b", "c"} {
		delta := deltaStep{Host: host, Workload: "shop/web", Sequence: 1}
		for behaviour := range uint64(64) {
			delta.Normal = append(delta.Normal, behaviour<<58+1) // one in each page
		}
		delta.record(data.ResourceLogs().AppendEmpty())
	}
	incidentRecord("x", "i1").ResourceLogs().MoveAndAppendTo(data.ResourceLogs())
	incidentRecord("y", "i2").ResourceLogs().MoveAndAppendTo(data.ResourceLogs())
	require.NoError(t, p.ConsumeLogs(context.Background(), data))
}

func (p *gatewayPipe) known() (behaviours, incidents, chains int) {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	return p.core.model.Stats().Behaviours, p.core.book.Stats().Incidents, p.core.book.Stats().Chains
}

func TestGatewayState_restart(t *testing.T) {
	s := newFakeStorage()
	p, logs := keepingGateway(t, s)
	p.start(t)
	p.tell(t)
	behaviours, incidents, chains := p.known()
	require.Equal(t, []int{64, 2, 1}, []int{behaviours, incidents, chains})
	p.restart(t)
	behaviours, incidents, chains = p.known()
	assert.Equal(t, []int{64, 2, 1}, []int{behaviours, incidents, chains})
	before := maps.Clone(s.values["anomaly gateway"])
	p.restart(t)
	assert.Equal(t, before, s.values["anomaly gateway"], "what has not changed is not written otherwise")
	require.NoError(t, p.Shutdown(t.Context()))
	assert.Empty(t, logs.FilterLevelExact(zap.ErrorLevel).All())
}

// What is lost is only what is damaged, and it is set aside as it was.
func TestGatewayState_damaged(t *testing.T) {
	for name, test := range map[string]struct {
		begins, advice                string
		change                        func([]byte) []byte
		behaviours, incidents, chains int
	}{
		"all is damaged":       {"MKGW", "restore the storage from a copy", func(d []byte) []byte { d[len(d)/2]++; return d }, 0, 0, 0},
		"all is cut":           {"MKGW", "restore the storage from a copy", func(d []byte) []byte { return d[:len(d)/2] }, 0, 0, 0},
		"another release":      {"MKGW", "run the release that wrote it", func(d []byte) []byte { d[4]++; return d }, 0, 0, 0},
		"the model is damaged": {`{"behaviours"`, "restore the storage from a copy", func(d []byte) []byte { d[len(d)/2]++; return d }, 0, 2, 1},
		"incidents are nonsense": {`{"record"`, "restore the storage from a copy", func([]byte) []byte {
			data, _ := state.EncodePiece(&keptRecord{Record: []byte("nonsense")})
			return data
		}, 64, 0, 0},
		"the chains are damaged": {`{"made"`, "restore the storage from a copy", func(d []byte) []byte { d[len(d)/2]++; return d }, 64, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFakeStorage()
			p, _ := keepingGateway(t, s)
			p.start(t)
			p.tell(t)
			require.NoError(t, p.Shutdown(t.Context()))
			values := s.values["anomaly gateway"]
			var damaged [][]byte
			for key, value := range values {
				if strings.HasPrefix(string(value), "MKGW") && bytes.Contains(value[:min(len(value), 40)], []byte(test.begins)) {
					values[key] = test.change(bytes.Clone(value))
					damaged = append(damaged, values[key])
				}
			}
			require.NotEmpty(t, damaged)
			p, logs := keepingGateway(t, s)
			p.start(t)
			behaviours, incidents, chains := p.known()
			assert.Equal(t, []int{test.behaviours, test.incidents, test.chains}, []int{behaviours, incidents, chains})
			said := logs.FilterMessageSnippet("can't be read and is set aside").All()
			require.Len(t, said, len(damaged))
			for _, one := range said {
				assert.Contains(t, one.Message, test.advice)
			}
			p.tell(t)
			p.restart(t)
			behaviours, incidents, _ = p.known()
			assert.Equal(t, []int{64, 2}, []int{behaviours, incidents}, "what is written now can be read")
			assert.Zero(t, p.core.keeper.stats.Aside.Load())
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

// A storage that fails stops nothing, and nothing is written over what could not be read.
func TestGatewayState_failing(t *testing.T) {
	s := newFakeStorage()
	p, logs := keepingGateway(t, s)
	p.start(t)
	p.tell(t)
	require.NoError(t, p.Shutdown(t.Context()))
	before := maps.Clone(s.values["anomaly gateway"])
	s.change(func() { s.refuses = func(*storage.Operation) error { return errors.New("broken") } })
	p.create(t)
	p.start(t)
	behaviours, _, _ := p.known()
	assert.Zero(t, behaviours)
	require.NoError(t, p.ConsumeLogs(t.Context(), incidentRecord("z", "i9")))
	p.core.keeper.save(t.Context())
	assert.Equal(t, before, s.values["anomaly gateway"])
	assert.NotEmpty(t, logs.FilterMessageSnippet("What was learned of the fleet can't be read").All())
	s.change(func() { s.refuses = nil })
	p.core.keeper.save(t.Context())
	behaviours, incidents, _ := p.known()
	assert.Equal(t, 64, behaviours, "it is read as soon as it can be")
	assert.Equal(t, 1, incidents, "new incidents stay, and those that were kept do not come back")
	assert.EqualValues(t, 2, p.core.keeper.superseded.Load())
	assert.Len(t, logs.FilterMessageSnippet("does what it is asked for again").All(), 1)
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestGatewayState_noStorage(t *testing.T) {
	config := createDefaultConfig().(*Config)
	id := component.MustNewID("missing")
	config.Storage = &id
	p := newGatewayPipe(t, config)
	require.ErrorContains(t, p.Start(t.Context(), p.host), `"missing" is not a storage extension`)
}

// Whatever is read can be gone on with, and be written again.
func FuzzGatewayState(f *testing.F) {
	for _, value := range []any{
		&keptRecord{Record: []byte("nonsense")}, map[string]any{"behaviours": []any{map[string]any{"behaviour": 1, "crowds": []any{map[string]any{"members": []int{1, 2}}}}}},
		map[string]any{"members": []any{map[string]any{"name": "a", "cause": "a", "chain": "c"}}, "chains": []any{map[string]any{"id": "c", "into": "c"}}},
	} {
		data, err := state.EncodePiece(value)
		require.NoError(f, err)
		f.Add(data[6:len(data)-8], uint8(0))
		f.Add(data[6:len(data)-8], uint8(1))
		f.Add(data[6:len(data)-8], uint8(2))
	}
	f.Fuzz(func(t *testing.T, content []byte, kind uint8) {
		data, err := state.EncodePiece(rawJSON(content))
		if err != nil {
			return
		}
		var all found
		if all.decode([]string{keptChains, keptModel + "00", keptIncident + "x"}[kind%3], data) != nil {
			return
		}
		p := newGatewayPipe(t, createDefaultConfig().(*Config))
		p.start(t)
		(&gatewayKeeper{gateway: p.core, archive: archive{logger: zap.NewNop()}}).takeIn(&all, 1)
		p.now = p.now.Add(time.Hour)
		p.core.upkeep(t.Context())
		_, err = p.core.knows()
		require.NoError(t, err)
		require.NoError(t, p.Shutdown(context.Background()))
	})
}

// rawJSON is JSON as it is.
type rawJSON []byte

// MarshalJSON returns it.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }
