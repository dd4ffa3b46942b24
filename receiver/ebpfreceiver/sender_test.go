// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
)

// What is offered again is whole, though whoever refused it had taken it out.
func TestSender_offersWhole(t *testing.T) {
	var seen []int
	next, err := consumer.NewLogs(func(_ context.Context, logs plog.Logs) error {
		seen = append(seen, logs.LogRecordCount())
		logs.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true })
		return errors.New("not now")
	}, consumer.WithCapabilities(consumer.Capabilities{MutatesData: true}))
	require.NoError(t, err)
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	s := &sender{next: next}
	require.Error(t, s.offer(t.Context(), logs))
	assert.Equal(t, []int{1, 1, 1}, seen)
}
