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

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// ebpfReceiver is the component. What exists only while it runs stands in session.
type ebpfReceiver struct {
	config      *Config
	settings    receiver.Settings
	nextLogs    consumer.Logs
	nextMetrics consumer.Metrics

	session *session
}

func newReceiver(config *Config, settings receiver.Settings) *ebpfReceiver {
	return &ebpfReceiver{config: config, settings: settings}
}

// Start implements component.Component.
func (r *ebpfReceiver) Start(ctx context.Context, host component.Host) error {
	s, err := startSession(ctx, r)
	if err != nil {
		err = fmt.Errorf("no tracer can run on this machine: %w", err)
		if r.config.ErrorMode == ErrorModeIgnore {
			r.settings.Logger.Error("Running without events", zap.Error(err))
			componentstatus.ReportStatus(host, componentstatus.NewPermanentErrorEvent(err))
			return nil
		}
		return err
	}
	r.session = s
	if err := s.degraded(); err != nil {
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
	}
	return nil
}

// Shutdown implements component.Component.
func (r *ebpfReceiver) Shutdown(ctx context.Context) error {
	if r.session == nil {
		return nil
	}
	s := r.session
	r.session = nil
	return s.stop(ctx)
}

// degraded says which tracers don't see everything, nil if all do.
func (s *session) degraded() error {
	errs := append([]error(nil), s.failed...)
	for _, st := range s.streams {
		if state := st.tracer.State(); state.Status == tracer.StatusDegraded {
			errs = append(errs, fmt.Errorf("tracer %q is degraded: %s", st.tracer.Name(), state.Reason))
		}
	}
	return errors.Join(errs...)
}
