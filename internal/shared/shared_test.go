// SPDX-License-Identifier: Apache-2.0

package shared

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a component that counts what is done to it.
type source struct {
	starts, shutdowns     int
	startErr, shutdownErr error
	host                  component.Host
}

func (s *source) Start(_ context.Context, host component.Host) error {
	s.starts++
	s.host = host
	return s.startErr
}

func (s *source) Shutdown(context.Context) error {
	s.shutdowns++
	return s.shutdownErr
}

// pipeline is a host as the Collector gives one to each component of each pipeline.
type pipeline struct {
	extensions map[component.ID]component.Component
	statuses   []*componentstatus.Event
}

func (p *pipeline) GetExtensions() map[component.ID]component.Component { return p.extensions }

func (p *pipeline) Report(event *componentstatus.Event) { p.statuses = append(p.statuses, event) }

// instance returns one that is not started, and the set that it is in.
func instance(s *source) (*Instances[string, *source], *Instance[*source]) {
	instances := NewInstances[string, *source]()
	return instances, instances.Get("key", func() *source { return s })
}

func TestGet_oneInstancePerKey(t *testing.T) {
	instances := NewInstances[string, *source]()
	created := 0
	create := func() *source {
		created++
		return &source{}
	}
	first := instances.Get("a", create)
	assert.Same(t, first, instances.Get("a", create))
	other := instances.Get("b", create)
	assert.NotSame(t, first, other)
	assert.NotSame(t, first.Unwrap(), other.Unwrap())
	assert.Equal(t, 2, created)
	assert.Zero(t, first.Unwrap().starts, "nothing is started by being made")
}

func TestGet_fromManyAtOnce(t *testing.T) {
	instances := NewInstances[int, *source]()
	var mu sync.Mutex
	created := map[int]int{}
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for key := range 100 {
				instances.Get(key, func() *source {
					mu.Lock()
					defer mu.Unlock()
					created[key]++
					return &source{}
				})
			}
		})
	}
	callers.Wait()
	assert.Len(t, created, 100)
	for key, times := range created {
		assert.Equal(t, 1, times, "%d", key)
	}
}

func TestStart_once(t *testing.T) {
	s := &source{}
	_, i := instance(s)
	for range 3 {
		require.NoError(t, i.Start(t.Context(), &pipeline{}))
	}
	assert.Equal(t, 1, s.starts)
}

func TestStart_theErrorIsRemembered(t *testing.T) {
	broken := errors.New("broken")
	s := &source{startErr: broken}
	_, i := instance(s)
	require.Equal(t, broken, i.Start(t.Context(), &pipeline{}))
	s.startErr = nil
	require.Equal(t, broken, i.Start(t.Context(), &pipeline{}), "every pipeline is told")
	assert.Equal(t, 1, s.starts)
	// The Collector shuts down what it could not start.
	require.NoError(t, i.Shutdown(t.Context()))
	require.NoError(t, i.Shutdown(t.Context()))
	assert.Equal(t, 1, s.shutdowns)
}

// What is behind the component is stopped pipeline by pipeline, so it must not send to any of them once
// the first is on its way out.
func TestShutdown_byTheFirst(t *testing.T) {
	const pipelines = 3
	s := &source{}
	_, i := instance(s)
	for range pipelines {
		require.NoError(t, i.Start(t.Context(), &pipeline{}))
	}
	for range pipelines {
		require.NoError(t, i.Shutdown(t.Context()))
		assert.Equal(t, 1, s.shutdowns)
	}
	require.NoError(t, i.Shutdown(t.Context()), "again")
	assert.Equal(t, 1, s.shutdowns)
}

func TestShutdown_itsErrorIsReturnedOnce(t *testing.T) {
	broken := errors.New("broken")
	s := &source{shutdownErr: broken}
	_, i := instance(s)
	require.NoError(t, i.Start(t.Context(), &pipeline{}))
	require.NoError(t, i.Start(t.Context(), &pipeline{}))
	require.Equal(t, broken, i.Shutdown(t.Context()))
	require.NoError(t, i.Shutdown(t.Context()))
}

// When one pipeline could not be built, components are shut down that were never started.
func TestShutdown_withoutStart(t *testing.T) {
	s := &source{}
	_, i := instance(s)
	require.NoError(t, i.Shutdown(t.Context()))
	assert.Equal(t, 1, s.shutdowns)
	require.NoError(t, i.Shutdown(t.Context()))
	assert.Equal(t, 1, s.shutdowns)
	require.EqualError(t, i.Start(t.Context(), &pipeline{}), "the component was shut down and can't be started again")
	assert.Zero(t, s.starts)
}

func TestGet_afterShutdown(t *testing.T) {
	instances, old := instance(&source{})
	require.NoError(t, old.Start(t.Context(), &pipeline{}))
	require.NoError(t, old.Start(t.Context(), &pipeline{}))
	assert.Same(t, old, instances.Get("key", func() *source { return &source{} }))
	require.NoError(t, old.Shutdown(t.Context()))

	fresh := instances.Get("key", func() *source { return &source{} })
	require.NotSame(t, old, fresh)
	require.NoError(t, fresh.Start(t.Context(), &pipeline{}))
	assert.Equal(t, 1, fresh.Unwrap().starts)
	// What is done to the old one is no business of the new one.
	require.NoError(t, old.Shutdown(t.Context()))
	assert.Same(t, fresh, instances.Get("key", func() *source { return &source{} }))
	assert.Zero(t, fresh.Unwrap().shutdowns)
}

func TestStatus_reachesEveryPipeline(t *testing.T) {
	s := &source{}
	_, i := instance(s)
	first, second, late := &pipeline{}, &pipeline{}, &pipeline{}
	require.NoError(t, i.Start(t.Context(), first))
	require.NoError(t, i.Start(t.Context(), second))
	degraded := componentstatus.NewRecoverableErrorEvent(errors.New("degraded"))
	fine := componentstatus.NewEvent(componentstatus.StatusOK)
	componentstatus.ReportStatus(s.host, degraded)
	componentstatus.ReportStatus(s.host, fine)
	require.NoError(t, i.Start(t.Context(), late))

	both := []*componentstatus.Event{degraded, fine}
	assert.Equal(t, both, first.statuses)
	assert.Equal(t, both, second.statuses)
	assert.Equal(t, []*componentstatus.Event{fine}, late.statuses, "how it is now")
	componentstatus.ReportStatus(s.host, degraded)
	assert.Equal(t, []*componentstatus.Event{fine, degraded}, late.statuses)
}

// reporter reports a status while it starts, as a component does that finds something missing.
type reporter struct{ source }

func (r *reporter) Start(ctx context.Context, host component.Host) error {
	componentstatus.ReportStatus(host, componentstatus.NewPermanentErrorEvent(errors.New("no privileges")))
	return r.source.Start(ctx, host)
}

func TestStatus_whileStarting(t *testing.T) {
	instances := NewInstances[string, *reporter]()
	i := instances.Get("key", func() *reporter { return &reporter{} })
	first, late := &pipeline{}, &pipeline{}
	require.NoError(t, i.Start(t.Context(), first))
	require.NoError(t, i.Start(t.Context(), late))
	for _, p := range []*pipeline{first, late} {
		require.Len(t, p.statuses, 1)
		assert.Equal(t, componentstatus.StatusPermanentError, p.statuses[0].Status())
	}
}

// A host that takes no status, and one of which the component wants its extensions.
func TestHost_isTheCollectors(t *testing.T) {
	s := &source{}
	_, i := instance(s)
	extension := component.MustNewID("control_api")
	require.NoError(t, i.Start(t.Context(), &pipeline{extensions: map[component.ID]component.Component{extension: s}}))
	assert.Same(t, s, s.host.GetExtensions()[extension])
	require.NoError(t, i.Start(t.Context(), struct{ component.Host }{}))
	componentstatus.ReportStatus(s.host, componentstatus.NewEvent(componentstatus.StatusOK))
}

func TestInstance_concurrentUse(t *testing.T) {
	const pipelines = 50
	s := &source{}
	_, i := instance(s)
	hosts := make([]*pipeline, pipelines)
	var users sync.WaitGroup
	for n := range hosts {
		hosts[n] = &pipeline{}
		users.Go(func() { assert.NoError(t, i.Start(t.Context(), hosts[n])) })
	}
	users.Wait()
	for range 10 {
		users.Go(func() { componentstatus.ReportStatus(s.host, componentstatus.NewEvent(componentstatus.StatusOK)) })
	}
	users.Wait()
	for range pipelines {
		users.Go(func() { assert.NoError(t, i.Shutdown(t.Context())) })
	}
	users.Wait()
	assert.Equal(t, 1, s.starts)
	assert.Equal(t, 1, s.shutdowns)
	for _, host := range hosts {
		assert.Len(t, host.statuses, 10)
	}
}
