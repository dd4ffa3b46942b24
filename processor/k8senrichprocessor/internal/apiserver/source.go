// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"fmt"
	"sync"

	"go.uber.org/zap"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

// Source fills an inventory between Start and Shutdown. It is started once.
type Source struct {
	settings  Settings
	into      *inventory.Inventory
	converter *apiobject.Converter
	logger    *zap.Logger
	resources []resource
	state     *sourcestate.Recorder
	calls     calls

	cancel    context.CancelFunc
	running   sync.WaitGroup
	connected *connections
}

// New returns a source that has done nothing yet. The settings must be valid, see Settings.Validate.
func New(settings Settings, into *inventory.Inventory, converter *apiobject.Converter, logger *zap.Logger) *Source {
	s := &Source{settings: settings, into: into, converter: converter, logger: logger}
	s.resources = resources(&s.settings, into, converter)
	var kinds []string
	for _, r := range s.resources {
		kinds = append(kinds, r.kind)
	}
	s.state = sourcestate.New(kinds...)
	return s
}

// State returns how it stands with each kind of objects.
func (s *Source) State() []sourcestate.Kind { return s.state.Snapshot() }

// Start reads the credentials and begins. It does not wait for the API server, and fails only if the credentials
// can't be read.
func (s *Source) Start(context.Context) error {
	client, connected, err := newClient(&s.settings)
	if err != nil {
		return fmt.Errorf("start to read from the API server: %w", err)
	}
	s.connected = connected
	// client-go would log on its own, past the Collector's logger. What matters of it we say ourselves.
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
	s.cancel = cancel
	for _, r := range s.resources {
		f := &follower{
			resource: r, client: client, into: s.into, state: s.state, logger: s.logger,
			listTimeout: s.settings.ListTimeout, paged: s.settings.Cluster, calls: &s.calls,
		}
		f.clock = &patientClock{ctx: ctx, least: s.settings.BackoffMin, max: s.settings.BackoffMax}
		s.running.Go(func() { s.follow(ctx, f) })
	}
	return nil
}

// follow lists and watches until ctx is done. What goes wrong is told by the follower.
func (s *Source) follow(ctx context.Context, f *follower) {
	silent := klog.Logger{}
	reflector := cache.NewReflectorWithOptions(f, &item{}, store{f}, cache.ReflectorOptions{
		Logger: &silent, Name: f.kind, TypeDescription: f.kind, Clock: f.clock,
	})
	reflector.WatchListPageSize = s.settings.PageSize
	for ctx.Err() == nil {
		_ = reflector.ListAndWatchWithContext(ctx)
		<-f.clock.After(0)
	}
}

// Shutdown ends everything that Start began. It may be called without Start, and twice.
func (s *Source) Shutdown(ctx context.Context) error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	s.calls.stop()
	defer s.connected.end()
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		s.calls.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of requests to the API server: %w", ctx.Err())
	}
}
