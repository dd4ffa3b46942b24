// SPDX-License-Identifier: Apache-2.0

package workloadpartitionerextension

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const partitions = 16

// partitionOf is where a message goes, by a partitioner of its own.
func partitionOf(message *kgo.Record) int {
	p := &partitioner{logger: zap.NewNop()}
	return p.GetPartitioner().ForTopic("t").Partition(message, partitions)
}

// logsOf is a message with the records of one resource.
func logsOf(t testing.TB, attributes map[string]any) []byte {
	t.Helper()
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	require.NoError(t, resource.Resource().Attributes().FromRaw(attributes))
	resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("something")
	message, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	return message
}

func pod(deployment string, n int) map[string]any {
	return map[string]any{
		"k8s.namespace.name": "shop", "k8s.deployment.name": deployment, "k8s.pod.name": fmt.Sprint(deployment, "-", n), "container.id": fmt.Sprint("c", n),
		"host.name": fmt.Sprint("node", n),
	}
}

func TestPartitioner_replicasAreTogether(t *testing.T) {
	used := map[int]bool{}
	for deployment := range 100 {
		name := fmt.Sprint("app", deployment)
		first := partitionOf(&kgo.Record{Value: logsOf(t, pod(name, 0)), Key: []byte("0")})
		second := partitionOf(&kgo.Record{Value: logsOf(t, pod(name, 1)), Key: []byte("1")})
		assert.Equal(t, first, second, name)
		used[first] = true
	}
	assert.Len(t, used, partitions, "no partition is left out of a hundred workloads")
}

// Logs, metrics and traces of a workload are in partitions of the same number.
func TestPartitioner_signals(t *testing.T) {
	attributes := pod("web", 0)
	want := partitionOf(&kgo.Record{Value: logsOf(t, attributes)})
	metrics, traces := pmetric.NewMetrics(), ptrace.NewTraces()
	require.NoError(t, metrics.ResourceMetrics().AppendEmpty().Resource().Attributes().FromRaw(attributes))
	require.NoError(t, traces.ResourceSpans().AppendEmpty().Resource().Attributes().FromRaw(attributes))
	message, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(metrics)
	require.NoError(t, err)
	assert.Equal(t, want, partitionOf(&kgo.Record{Value: message}))
	message, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(traces)
	require.NoError(t, err)
	assert.Equal(t, want, partitionOf(&kgo.Record{Value: message}))
}

// What can't be read goes by its key, and that is said once.
func TestPartitioner_byKey(t *testing.T) {
	core, said := observer.New(zap.WarnLevel)
	p := &partitioner{logger: zap.New(core)}
	topic := p.GetPartitioner().ForTopic("t")
	used := map[int]bool{}
	for n := range 100 {
		key := fmt.Append(nil, "key", n)
		used[topic.Partition(&kgo.Record{Topic: "t", Key: key, Value: []byte(`{"resourceLogs":[]}`)}, partitions)] = true
	}
	assert.Len(t, used, partitions)
	require.Equal(t, 1, said.Len())
	assert.Contains(t, said.All()[0].Message, "otlp_proto")
	same := topic.Partition(&kgo.Record{Key: []byte("k"), Value: logsOf(t, map[string]any{"service.name": "a"})}, partitions)
	assert.Equal(t, same, topic.Partition(&kgo.Record{Key: []byte("k"), Value: logsOf(t, map[string]any{"service.name": "b"})}, partitions),
		"a resource that says nothing of a workload goes by its key too")
	assert.Equal(t, 1, said.Len())
}

func TestWorkloadOf(t *testing.T) {
	for _, test := range []struct {
		name       string
		attributes map[string]any
		want       string
	}{
		{"of a Job of a CronJob", map[string]any{"k8s.namespace.name": "n", "k8s.cronjob.name": "nightly", "k8s.job.name": "nightly-1"}, "pod\x00\x00n\x00k8s.cronjob.name\x00nightly"},
		{"a bare pod", map[string]any{"k8s.cluster.name": "c", "k8s.namespace.name": "n", "k8s.pod.name": "p"}, "pod\x00c\x00n\x00k8s.pod.name\x00p"},
		{"a container", map[string]any{"container.image.name": "nginx", "container.name": "web", "container.id": "c1", "host.name": "h"}, "container\x00nginx\x00web"},
		{"a container without a name", map[string]any{"container.id": "c1", "host.name": "h"}, "container\x00c1"},
		{"a unit", map[string]any{"host.name": "h", "meerkat.cgroup.path": "/system.slice/a.service"}, "host\x00h\x00/system.slice/a.service"},
		{"attributes of other types", map[string]any{"k8s.deployment.name": int64(5), "host.name": []any{"h"}}, ""},
		{"nobody", nil, ""},
	} {
		attributes := pcommon.NewMap()
		require.NoError(t, attributes.FromRaw(test.attributes))
		assert.Equal(t, test.want, workloadOf(attributes), test.name)
	}
}

func TestExtension_lifecycle(t *testing.T) {
	factory := NewFactory()
	require.NoError(t, componenttest.CheckConfigStruct(factory.CreateDefaultConfig()))
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, extension.Shutdown(t.Context()))
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, extension.Shutdown(t.Context()))
	require.NoError(t, extension.Shutdown(t.Context()))
	// What the exporter "kafka" asks of an extension.
	assert.Implements(t, (*interface {
		component.Component
		GetPartitioner() kgo.Partitioner
	})(nil), extension)
}

func FuzzResourceOf(f *testing.F) {
	f.Add(logsOf(f, pod("web", 0)), "k8s.pod.name", "web-0")
	f.Add([]byte{0x0a, 0x7f}, "host.name", "")
	f.Fuzz(func(t *testing.T, message []byte, key, value string) {
		if resource, ok := resourceOf(message); ok {
			workloadOf(resource.Attributes())
		}
		resource, ok := resourceOf(append(logsOf(t, map[string]any{key: value}), message...))
		require.True(t, ok, "what comes behind the first resource is not read")
		got, ok := resource.Attributes().Get(key)
		require.True(t, ok)
		assert.Equal(t, value, got.Str())
	})
}

func BenchmarkPartitioner(b *testing.B) {
	message := &kgo.Record{Value: logsOf(b, pod("web", 0))}
	topic := (&partitioner{logger: zap.NewNop()}).GetPartitioner().ForTopic("t")
	b.ReportAllocs()
	for b.Loop() {
		topic.Partition(message, partitions)
	}
}
