// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package ebpfreceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// ebpfReceiver exists on other systems so that a collector with it can be built for all of them.
type ebpfReceiver struct {
	nextLogs    consumer.Logs
	nextMetrics consumer.Metrics
}

func newReceiver(*Config, receiver.Settings) *ebpfReceiver { return &ebpfReceiver{} }

// Start implements component.Component.
func (*ebpfReceiver) Start(context.Context, component.Host) error {
	return errors.New("the receiver \"ebpf\" runs on Linux only: remove it from the configuration on this system")
}

// Shutdown implements component.Component.
func (*ebpfReceiver) Shutdown(context.Context) error { return nil }
