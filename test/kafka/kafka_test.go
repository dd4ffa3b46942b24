// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package kafka

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
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

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/test/running"
)

// patience is how long a test waits for something that happens in seconds on an idle machine.
const patience = 2 * time.Minute

const (
	topic      = "meerkat-events"
	partitions = 8
)

func TestKafka(t *testing.T) {
	output, err := exec.Command("../../examples/kafka/build.sh").CombinedOutput()
	require.NoError(t, err, string(output))
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic, "meerkat-counts"))
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	command := exec.Command("../../_build/kafka/otelcol-meerkat", "--config", "../../examples/kafka/config.yaml")
	command.Env = append(os.Environ(), "KAFKA_BROKER="+broker.ListenAddrs()[0], "MEERKAT_DATA="+t.TempDir())
	t.Cleanup(running.StartCollector(t, command).Stop)

	reader, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.ConsumeTopics(topic))
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	mark := fmt.Sprintf("meerkat-kafka-%d", time.Now().UnixNano())
	require.NoError(t, exec.Command("/bin/true", mark).Run())
	// where is the partitions in which each resource is.
	where := map[string]map[int32]bool{}
	found := false
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		reader.PollFetches(ctx).EachRecord(func(message *kgo.Record) {
			logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(message.Value)
			require.NoError(t, err)
			for _, resource := range logs.ResourceLogs().All() {
				key := identity(resource.Resource())
				if where[key] == nil {
					where[key] = map[int32]bool{}
				}
				where[key][message.Partition] = true
				found = found || hasMark(t, resource, mark)
			}
		})
		return found
	}, patience, 10*time.Millisecond, "the event does not arrive")
	for resource, in := range where {
		assert.Len(t, in, 1, "%s is in partitions %v", resource, slices.Collect(maps.Keys(in)))
	}
	t.Logf("%d resources", len(where))
}

func identity(resource pcommon.Resource) string {
	all := resource.Attributes().AsRaw()
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintln(&text, key, all[key])
	}
	return text.String()
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
