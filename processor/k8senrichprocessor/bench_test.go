// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// What a batch is in the benchmark, and what is known of the cluster.
const (
	benchRecords   = 1000
	benchWorkloads = 50
	benchPods      = 10_000
)

// BenchmarkLogs enriches batches of 1,000 records from 50 workloads, with 10,000 pods known. One operation is one
// batch.
func BenchmarkLogs(b *testing.B) {
	for name, fill := range map[string]func(plog.LogRecord, int){
		"files": func(r plog.LogRecord, n int) { r.Attributes().PutStr("file.path", fmt.Sprint("/data/", n)) },
		"connections": func(r plog.LogRecord, n int) {
			r.Attributes().PutStr(names.ConnectionSide, "client")
			r.Attributes().PutStr(names.NetworkTransport, "tcp")
			r.Attributes().PutStr(names.ClientAddress, "10.1.0.1")
			r.Attributes().PutInt(names.ClientPort, int64(30_000+n))
			r.Attributes().PutStr(names.ServerAddress, podAddress(n).String())
			r.Attributes().PutInt(names.ServerPort, 80)
		},
	} {
		b.Run(name, func(b *testing.B) {
			p := benchProcessor(b)
			template := benchBatch(fill)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				batch := plog.NewLogs()
				template.CopyTo(batch)
				b.StartTimer()
				require.NoError(b, p.ConsumeLogs(context.Background(), batch))
			}
		})
	}
}

func benchProcessor(b *testing.B) *logs {
	b.Helper()
	config := createDefaultConfig().(*Config)
	config.Source, config.NodeName, config.Scope = sourceAPIServer, "node1", scopeCluster
	f := &factory{shared.NewInstances[*Config, *core]()}
	made, err := f.logs(b.Context(), processortest.NewNopSettings(component.MustNewType(componentType)), config, consumertest.NewNop())
	require.NoError(b, err)
	p := made.(*logs)
	p.core.Unwrap().sources = nil
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	b.Cleanup(func() { require.NoError(b, p.Shutdown(context.Background())) })
	inv := p.core.Unwrap().inventory
	for n := range benchPods {
		inv.PutPod(benchPod(n), beginning)
	}
	inv.SetCompleted(true)
	return p
}

func podAddress(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)})
}

func benchPod(n int) *inventory.Pod {
	return &inventory.Pod{
		UID: fmt.Sprintf("2f1c7a64-9d2f-4f0e-8a51-%012d", n), Name: fmt.Sprintf("checkout-service-7d9f8b6c5d-%05d", n),
		Namespace: fmt.Sprintf("team-%d", n/100), Node: "node1", Addresses: []netip.Addr{podAddress(n)}, Running: beginning,
		Owners: []inventory.Owner{
			{Kind: inventory.ReplicaSet, Name: "checkout-service-7d9f8b6c5d", UID: "0b9a2a38-4c1c-4a0b-9a35-1f2e3d4c5b6a"},
			{Kind: inventory.Deployment, Name: "checkout-service"},
		},
		Containers: []inventory.Container{{
			Name: "checkout", ID: fmt.Sprintf("%064d", n), Image: "registry.example/shop/checkout:1.4.2",
			ImageID: "registry.example/shop/checkout@sha256:3b1f6bd0cbd5a5a2d4e2f0c1a7d5c1d0a9b8c7d6e5f40312233445566778899a",
		}},
	}
}

func benchBatch(fill func(plog.LogRecord, int)) plog.Logs {
	batch := plog.NewLogs()
	for n := range benchWorkloads {
		resource := batch.ResourceLogs().AppendEmpty()
		attributes := resource.Resource().Attributes()
		attributes.PutStr(names.HostID, "8f3d1b0c9a7e4f5d8c6b2a1f0e9d8c7b")
		attributes.PutStr(names.ContainerID, fmt.Sprintf("%064d", n))
		attributes.PutStr(names.K8sPodUID, fmt.Sprintf("2f1c7a64-9d2f-4f0e-8a51-%012d", n))
		records := resource.ScopeLogs().AppendEmpty().LogRecords()
		for m := range benchRecords / benchWorkloads {
			record := records.AppendEmpty()
			record.SetTimestamp(timestamp(time.Second))
			for i, key := range []string{
				names.ProcessPID, names.ProcessCreationTime, names.ProcessParentPID, names.ProcessExecutablePath,
				names.ProcessExecutableName, names.ProcessUserID, names.ThreadID, names.ThreadName,
			} {
				record.Attributes().PutInt(key, int64(i))
			}
			fill(record, n*benchRecords/benchWorkloads+m)
		}
	}
	return batch
}
