// SPDX-License-Identifier: Apache-2.0

// Package workloadpartitionerextension is the extension "workload_partitioner": it tells the exporter "kafka" of the Collector's contributors into
// which partition a message goes, so that all that a workload's replicas do is in one, in order. The exporter itself can only go by all attributes of a
// resource, which differ from one replica to the next.
//
// It reads no more of a message than its resource, changes nothing, and keeps nothing between messages.
package workloadpartitionerextension
