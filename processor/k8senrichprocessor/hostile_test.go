// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
)

// identifying are the attributes that the processor reads.
var identifying = []string{
	names.ContainerID, names.K8sPodUID, names.K8sPodIP, names.K8sPodName, names.K8sContainerName, names.ContainerSandbox,
	names.CgroupPath, names.ServiceName, names.EnrichmentStatus, names.ConnectionSide, names.NetworkTransport,
	names.ClientAddress, names.ClientPort, names.ServerAddress, names.ServerPort, names.NetworkPeerAddress,
	names.NetworkPeerPort, names.PeerKind,
}

// newHostile is a processor that knows one pod, and waits for a moment only.
func newHostile(t testing.TB, next *consumertest.LogsSink) *logs {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.Source, config.NodeName, config.Scope = sourceAPIServer, "node1", scopeCluster
	config.Wait.Timeout = time.Millisecond
	f := &factory{shared.NewInstances[*Config, *core]()}
	made, err := f.logs(t.Context(), processortest.NewNopSettings(component.MustNewType(componentType)), config, next)
	require.NoError(t, err)
	p := made.(*logs)
	p.core.Unwrap().sources = nil
	p.core.Unwrap().inventory.PutPod(benchPod(7), beginning)
	p.core.Unwrap().inventory.SetCompleted(true)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	return p
}

// Whatever values strangers give to the attributes that are read, every record comes out again.
func TestHostile_values(t *testing.T) {
	next := new(consumertest.LogsSink)
	p := newHostile(t, next)
	values := []func(pcommon.Value){
		func(v pcommon.Value) { v.SetStr("") },
		func(v pcommon.Value) { v.SetStr(strings.Repeat("a", 1<<20)) },
		func(v pcommon.Value) { v.SetStr("\xff\x00\n") },
		func(v pcommon.Value) { v.SetStr("client") },
		func(v pcommon.Value) { v.SetStr("fe80::1%eth0") },
		func(v pcommon.Value) { v.SetStr("999.1.1.1") },
		func(v pcommon.Value) { v.SetInt(-1) },
		func(v pcommon.Value) { v.SetInt(1 << 40) },
		func(v pcommon.Value) { v.SetBool(true) },
		func(v pcommon.Value) { v.SetDouble(1e300) },
		func(v pcommon.Value) { v.SetEmptyBytes().FromRaw([]byte{0}) },
		func(v pcommon.Value) { v.SetEmptySlice().AppendEmpty().SetStr("x") },
		func(v pcommon.Value) { v.SetEmptyMap().PutStr("x", "y") },
		func(pcommon.Value) {},
	}
	sent := 0
	for _, value := range values {
		for _, name := range append([]string{""}, identifying...) {
			data := plog.NewLogs()
			resource := data.ResourceLogs().AppendEmpty()
			record := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			for _, other := range identifying {
				if name == "" || name == other { // all of them, and each alone
					value(resource.Resource().Attributes().PutEmpty(other))
					value(record.Attributes().PutEmpty(other))
				}
			}
			require.NoError(t, p.ConsumeLogs(t.Context(), data))
			sent++
		}
	}
	require.NoError(t, p.Shutdown(context.Background()))
	assert.Equal(t, sent, next.LogRecordCount())
}

// FuzzLogs gives the processor whatever a stranger may send as OTLP.
func FuzzLogs(f *testing.F) {
	batch := plog.NewLogs()
	resource := batch.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr(names.K8sPodUID, benchPod(7).UID)
	record := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.Attributes().PutStr(names.ConnectionSide, "client")
	record.Attributes().PutStr(names.ServerAddress, podAddress(7).String())
	record.Attributes().PutInt(names.ServerPort, 80)
	seed, err := (&plog.ProtoMarshaler{}).MarshalLogs(batch)
	require.NoError(f, err)
	f.Add(seed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		received, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err != nil {
			t.Skip()
		}
		sent := received.LogRecordCount()
		next := new(consumertest.LogsSink)
		p := newHostile(t, next)
		require.NoError(t, p.ConsumeLogs(t.Context(), received))
		require.NoError(t, p.Shutdown(context.Background()))
		require.Equal(t, sent, next.LogRecordCount())
	})
}
