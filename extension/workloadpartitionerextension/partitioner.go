// SPDX-License-Identifier: Apache-2.0

package workloadpartitionerextension

import (
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// partitioner is a RecordPartitionerExtension of the exporter "kafka". It is safe for concurrent use.
type partitioner struct {
	component.StartFunc
	component.ShutdownFunc

	logger *zap.Logger
	warn   sync.Once
}

// GetPartitioner returns what the exporter asks for each message. The same workload is in the same partition as long as there are as many of them.
func (p *partitioner) GetPartitioner() kgo.Partitioner {
	return kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
		return func(message *kgo.Record, partitions int) int { return int(p.hash(message) % uint64(partitions)) }
	})
}

// hash is the same for messages of the same workload. Those that can't be read go by their key.
func (p *partitioner) hash(message *kgo.Record) uint64 {
	resource, ok := resourceOf(message.Value)
	if !ok {
		p.warn.Do(func() {
			p.logger.Warn("Messages can't be read, so they go into partitions by their keys and not by workload. Set the encoding of the exporter to otlp_proto.",
				zap.String("topic", message.Topic))
		})
		return xxhash.Sum64(message.Key)
	}
	if workload := workloadOf(resource.Attributes()); workload != "" {
		return xxhash.Sum64String(workload)
	}
	return xxhash.Sum64(message.Key)
}
