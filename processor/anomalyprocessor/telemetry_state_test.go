// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/processor"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
)

// What is kept, and what the storage does not do, is told under the names that are described.
func TestTelemetry_state(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	s := newFakeStorage()
	config := defaultConfig()
	config.Storage = &storageID
	f := &factory{shared.NewInstances[*Config, *core]()}
	set := processor.Settings{ID: component.MustNewID(componentType), TelemetrySettings: tel.NewTelemetrySettings()}
	p, err := f.logs(t.Context(), set, config, new(consumertest.LogsSink))
	require.NoError(t, err)
	core := p.(*logs).core.Unwrap()
	now := beginning
	core.now = func() time.Time { return now }
	require.NoError(t, p.Start(t.Context(), s.host()))
	require.NoError(t, p.ConsumeLogs(t.Context(), reverseShell("web", 7, now)))
	now = now.Add(time.Minute)
	core.state.round(t.Context(), false)
	now = now.Add(time.Minute)
	s.change(func() { s.refuses = func(*storage.Operation) error { return errors.New("full") } })
	require.NoError(t, p.ConsumeLogs(t.Context(), reverseShell("web", 8, now)))
	core.state.round(t.Context(), false)

	assert.Positive(t, collect(t, tel, names.AnomalyStateBytes(), "")[""])
	assert.Equal(t, map[string]int64{"": 2}, collect(t, tel, names.AnomalyStateEntries(), ""))
	assert.Equal(t, map[string]int64{"": 1}, collect(t, tel, names.AnomalyStateWrites(), ""))
	assert.Greater(t, collect(t, tel, names.AnomalyStateWritten(), "")[""], collect(t, tel, names.AnomalyStateBytes(), "")[""])
	assert.Equal(t, map[string]int64{"open": 0, "read": 0, "write": 1, "encode": 0}, collect(t, tel, names.AnomalyStateFailures(), names.Operation))
	assert.Equal(t, map[string]int64{"": 0}, collect(t, tel, names.AnomalyStateAside(), ""))
	assert.Equal(t, map[string]int64{"": 60}, collect(t, tel, names.AnomalyStateAge(), ""))
	assert.Equal(t, map[string]int64{"workloads": 0, "index": 0, "incidents": 0, "interval": 0, "soon": 0, "late": 0},
		collect(t, tel, names.AnomalyStateLimits(), names.Limit))
	require.NoError(t, p.Shutdown(context.Background()))
}

// Events, upkeep, writing, import, export and the reading of metrics at once, while workloads come and go.
func TestState_atOnce(t *testing.T) {
	p, _ := keeping(t, newStorage(t, t.TempDir()), func(c *Config) { c.Limits.WorkloadsMax = 3 })
	p.start(t)
	var all sync.WaitGroup
	for at := range 3 {
		all.Go(func() {
			for n := range 40 {
				workload := string(rune('a' + (n+at)%5))
				assert.NoError(t, p.pipelines[at%2].ConsumeLogs(context.Background(), reverseShell(workload, int64(1+at*1000+n), beginning)))
				switch {
				case n%10 == 0:
					p.core.upkeep(context.Background())
				case n%7 == 0:
					p.core.state.round(context.Background(), n%2 == 0)
				case n%5 == 0:
					p.core.state.saveWaiting(context.Background())
				}
				if data, ok := p.core.exportProfile("shop/deployment/a"); ok {
					assert.NoError(t, p.core.importProfileFor("shop/deployment/b", data))
				}
			}
		})
	}
	all.Wait()
	p.shutdown(t)
	p.shutdown(t)
}

// Nobody has to ask for it.
func TestState_byItself(t *testing.T) {
	p, _ := keeping(t, newFakeStorage().host(), nil)
	p.core.soonEvery = time.Millisecond
	p.start(t)
	p.shell(t, "web", 7)
	require.Eventually(t, func() bool { return p.core.state.stats.Entries.Load() == 2 }, time.Minute, time.Millisecond)
	p.shutdown(t)
}
