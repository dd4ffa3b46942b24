// SPDX-License-Identifier: Apache-2.0

// Package kafka builds and runs examples/kafka as its page says. The broker is one in Go that speaks the protocol of Kafka. It tests no
// component by itself.
package kafka
