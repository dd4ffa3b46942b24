// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/capabilities"
	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// ebpfReceiver is the component. What exists only while it runs stands in session.
type ebpfReceiver struct {
	config      *Config
	settings    receiver.Settings
	nextLogs    consumer.Logs
	nextMetrics consumer.Metrics

	session    *session
	controller *controller
	// unmount takes the routes from the control API again; nil without one.
	unmount func()
}

func newReceiver(config *Config, settings receiver.Settings) *ebpfReceiver {
	return &ebpfReceiver{config: config, settings: settings}
}

// Start implements component.Component.
func (r *ebpfReceiver) Start(ctx context.Context, host component.Host) error {
	if err := capabilities.Raise(); err != nil {
		r.settings.Logger.Warn("Capabilities that the collector may have are not used", zap.Error(err))
	}
	c, err := newController(ctx, r, host)
	if err != nil {
		return err
	}
	r.controller = c
	s, err := startSession(ctx, r, c.current)
	if err != nil {
		err = fmt.Errorf("no tracer can run on this machine: %w", err)
		if r.config.ErrorMode == ErrorModeIgnore {
			r.settings.Logger.Error("Running without events", zap.Error(err))
			componentstatus.ReportStatus(host, componentstatus.NewPermanentErrorEvent(err))
			return nil
		}
		return err
	}
	r.session, c.session = s, s
	c.restoreCustom(ctx)
	r.mount(host)
	if err := s.degraded(); err != nil {
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
	}
	return nil
}

// mount puts the routes for the tracers on the control API, if the collector has one. They are those of one
// receiver: a second one runs without.
func (r *ebpfReceiver) mount(host component.Host) {
	server := controlapi.ServerOf(host)
	if server == nil {
		return
	}
	r.controller.changed = server.Record
	unmount, err := server.Mount(r.settings.ID, control.Mount(r.controller, r.controller))
	if err != nil {
		r.settings.Logger.Error("The control API can't reach this receiver", zap.Error(err))
		return
	}
	r.unmount = unmount
}

// Shutdown implements component.Component.
func (r *ebpfReceiver) Shutdown(ctx context.Context) error {
	if r.unmount != nil {
		r.unmount()
		r.unmount = nil
	}
	var errs []error
	if s := r.session; s != nil {
		r.session = nil
		errs = append(errs, s.stop(ctx))
	}
	if c := r.controller; c != nil {
		r.controller = nil
		errs = append(errs, c.close(ctx))
	}
	return errors.Join(errs...)
}

// degraded says which tracers don't see everything, nil if all do.
func (s *session) degraded() error {
	errs := s.tracers.failures()
	for _, st := range s.tracers.running() {
		if state := st.tracer.State(); state.Status == tracer.StatusDegraded {
			errs = append(errs, fmt.Errorf("tracer %q is degraded: %s", st.tracer.Name(), state.Reason))
		}
	}
	return errors.Join(errs...)
}
