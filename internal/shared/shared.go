// SPDX-License-Identifier: Apache-2.0

// Package shared lets the pipelines of several signals use one instance of a component.
//
// The Collector calls a factory once per signal and pipeline, with the same configuration each time.
// A factory that must not open its source twice keeps Instances and hands out the same one for equal
// keys. The package never decides what an instance does.
package shared

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// Instances keeps what was created for each key until it is shut down. Keys are usually pointers to
// configurations: a new configuration is a new instance.
type Instances[K comparable, V component.Component] struct {
	mu        sync.Mutex
	instances map[K]*Instance[V]
}

// NewInstances returns an empty set.
func NewInstances[K comparable, V component.Component]() *Instances[K, V] {
	return &Instances[K, V]{instances: map[K]*Instance[V]{}}
}

// Get returns the instance for key, and makes it by create if there is none.
func (i *Instances[K, V]) Get(key K, create func() V) *Instance[V] {
	i.mu.Lock()
	defer i.mu.Unlock()
	if instance, ok := i.instances[key]; ok {
		return instance
	}
	instance := &Instance[V]{value: create(), forget: func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		delete(i.instances, key)
	}}
	i.instances[key] = instance
	return instance
}

// Instance is a component that is started by the first Start and stopped by the first Shutdown.
type Instance[V component.Component] struct {
	value  V
	forget func()

	mu       sync.Mutex
	started  bool
	startErr error
	stopped  bool
	status   statusFan
}

// Unwrap returns the component itself.
func (i *Instance[V]) Unwrap() V { return i.value }

// Start starts the component on the first call. Each later call has the result of the first.
func (i *Instance[V]) Start(ctx context.Context, host component.Host) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return errors.New("the component was shut down and can't be started again")
	}
	i.status.add(host)
	if !i.started {
		i.started = true
		i.startErr = i.value.Start(ctx, &fanHost{Host: host, fan: &i.status})
	}
	return i.startErr
}

// Shutdown stops the component on the first call. Further calls do nothing.
//
// The Collector shuts pipelines down one after another, each from its source to its end. If the
// component went on until the last of them, it would still send into the first one's exporters, which
// are gone by then. At the first call nothing behind it has been stopped yet, in any pipeline.
func (i *Instance[V]) Shutdown(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return nil
	}
	i.stopped = true
	i.forget()
	return i.value.Shutdown(ctx)
}

// statusFan passes a component's status on to every pipeline that uses it.
type statusFan struct {
	mu    sync.Mutex
	hosts []component.Host
	last  *componentstatus.Event
}

func (f *statusFan) add(host component.Host) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hosts = append(f.hosts, host)
	if f.last != nil {
		componentstatus.ReportStatus(host, f.last)
	}
}

func (f *statusFan) report(event *componentstatus.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = event
	for _, host := range f.hosts {
		componentstatus.ReportStatus(host, event)
	}
}

// fanHost is the host that the component sees.
type fanHost struct {
	component.Host
	fan *statusFan
}

var _ componentstatus.Reporter = (*fanHost)(nil)

// Report implements componentstatus.Reporter.
func (h *fanHost) Report(event *componentstatus.Event) { h.fan.report(event) }
