// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package kafka

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/test/running"
)

// patience is how long a test waits for something that happens in seconds on an idle machine.
const patience = 2 * time.Minute

const (
	topic      = "meerkat-events"
	partitions = 8
)

// overlay takes OTLP besides what happens on this machine.
const overlay = `yaml:
receivers:
  otlp: {protocols: {grpc: {endpoint: %q, transport: unix}}}
service: {pipelines: {logs: {receivers: [ebpf, otlp]}}}
`

func TestKafka(t *testing.T) {
	output, err := exec.Command("../../examples/kafka/build.sh").CombinedOutput()
	require.NoError(t, err, string(output))
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic, "meerkat-counts"))
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	socket := filepath.Join(t.TempDir(), "otlp.sock")
	command := exec.Command("../../_build/kafka/otelcol-meerkat", "--config", "../../examples/kafka/config.yaml", "--config", fmt.Sprintf(overlay, socket))
	command.Env = append(os.Environ(), "KAFKA_BROKER="+broker.ListenAddrs()[0], "MEERKAT_DATA="+t.TempDir())
	collector := running.StartCollector(t, command)
	t.Cleanup(func() {
		collector.Stop()
		if t.Failed() {
			t.Log(collector.Printed)
		}
	})
	reader, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.ConsumeTopics(topic))
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	r := &readings{reader: reader, partitions: map[string]map[int32]bool{}, last: map[string]int{}}
	t.Run("what happens on this machine", r.thisMachine)
	t.Run("replicas of workloads", func(t *testing.T) { r.replicas(t, socket) })
}

// readings are what a reader of all partitions has seen.
type readings struct {
	reader *kgo.Client
	// partitions are those in which each workload is, last is the number of the last record of each.
	partitions map[string]map[int32]bool
	last       map[string]int
	records    int
}

// read takes messages until what is looked for is among them.
func (r *readings) read(t *testing.T, look func(plog.ResourceLogs) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for found := false; !found; {
		fetches := r.reader.PollFetches(ctx)
		require.NoError(t, ctx.Err(), "it does not arrive")
		fetches.EachRecord(func(message *kgo.Record) {
			logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(message.Value)
			require.NoError(t, err)
			require.Equal(t, 1, logs.ResourceLogs().Len(), "a message is of one resource")
			resource := logs.ResourceLogs().At(0)
			r.note(resource, message.Partition)
			found = look(resource) || found
		})
	}
}

func (r *readings) note(resource plog.ResourceLogs, partition int32) {
	workload := workloadOf(resource.Resource())
	if r.partitions[workload] == nil {
		r.partitions[workload] = map[int32]bool{}
	}
	r.partitions[workload][partition] = true
}

// requireTogether looks whether what is of a workload is in one partition.
func (r *readings) requireTogether(t *testing.T) {
	t.Helper()
	for workload, in := range r.partitions {
		assert.Len(t, in, 1, "%s is in partitions %v", workload, slices.Collect(maps.Keys(in)))
	}
	t.Logf("%d workloads", len(r.partitions))
}

func (r *readings) thisMachine(t *testing.T) {
	t.Helper()
	mark := fmt.Sprintf("meerkat-kafka-%d", time.Now().UnixNano())
	require.NoError(t, exec.Command("/bin/true", mark).Run())
	r.read(t, func(resource plog.ResourceLogs) bool { return hasMark(t, resource, mark) })
	r.requireTogether(t)
}

const (
	workloads  = 40
	eachSends  = 25
	numberName = "number"
)

// replicas sends what two pods of each workload do in turns, and looks for the order.
func (r *readings) replicas(t *testing.T, socket string) {
	t.Helper()
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	client := plogotlp.NewGRPCClient(connection)
	for number := 1; number <= eachSends; number++ {
		_, err := client.Export(t.Context(), plogotlp.NewExportRequestFromLogs(onceOfEach(number)))
		require.NoError(t, err)
	}
	r.read(t, func(resource plog.ResourceLogs) bool {
		r.requireNext(t, resource)
		return r.records == workloads*eachSends
	})
	r.requireTogether(t)
	used := map[int32]bool{}
	for workload, in := range r.partitions {
		if strings.HasPrefix(workload, "app-") {
			maps.Copy(used, in)
		}
	}
	assert.Len(t, used, partitions, "workloads are spread over all partitions")
}

// onceOfEach is a record of each workload, of one of its pods.
func onceOfEach(number int) plog.Logs {
	logs := plog.NewLogs()
	for workload := range workloads {
		resource := logs.ResourceLogs().AppendEmpty()
		name, pod := fmt.Sprint("app-", workload), fmt.Sprint(number%2)
		attributes := resource.Resource().Attributes()
		attributes.PutStr(names.K8sNamespaceName, "shop")
		attributes.PutStr(names.K8sDeploymentName, name)
		attributes.PutStr(names.K8sPodName, name+"-"+pod)
		attributes.PutStr(names.HostName, "node"+pod)
		resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes().PutInt(numberName, int64(number))
	}
	return logs
}

// requireNext looks whether the records of a workload come in the order in which they were sent, whichever pod they are of.
func (r *readings) requireNext(t *testing.T, resource plog.ResourceLogs) {
	t.Helper()
	for _, scope := range resource.ScopeLogs().All() {
		for _, record := range scope.LogRecords().All() {
			number, found := record.Attributes().Get(numberName)
			if !found {
				continue
			}
			workload := workloadOf(resource.Resource())
			require.Equal(t, r.last[workload]+1, int(number.Int()), workload)
			r.last[workload]++
			r.records++
		}
	}
}

// workloadOf is the Deployment of a pod, or the host and the unit.
func workloadOf(resource pcommon.Resource) string {
	for _, keys := range [][]string{{names.K8sDeploymentName}, {names.ContainerName}, {names.ContainerID}, {names.HostName, names.CgroupPath}} {
		var parts []string
		for _, key := range keys {
			if value, found := resource.Attributes().Get(key); found {
				parts = append(parts, value.AsString())
			}
		}
		if len(parts) > 0 {
			return strings.Join(parts, " ")
		}
	}
	return ""
}

// hasMark tells whether there is the execution with a mark, which has to have what an execution has.
func hasMark(t *testing.T, resource plog.ResourceLogs, mark string) bool {
	t.Helper()
	for _, scope := range resource.ScopeLogs().All() {
		for _, record := range scope.LogRecords().All() {
			arguments, found := record.Attributes().Get(names.ProcessCommandArgs)
			if record.EventName() != names.EventProcessExec || !found || !strings.Contains(arguments.AsString(), mark) {
				continue
			}
			path, found := record.Attributes().Get(names.ProcessExecutablePath)
			require.True(t, found)
			assert.Contains(t, path.Str(), "/true")
			_, found = resource.Resource().Attributes().Get(names.HostName)
			assert.True(t, found)
			return true
		}
	}
	return false
}
