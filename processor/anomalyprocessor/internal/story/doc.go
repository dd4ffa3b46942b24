// SPDX-License-Identifier: Apache-2.0

// Package story makes of the incidents of one workload what people are told of: incidents that consist of the same behaviours, on other
// replicas or later, are one story, with its steps in order and the facts that belong to it.
//
// It is bounded, and counts what is beyond. It never judges, never decides what is an incident, knows no OTLP, starts no goroutine, and
// asks no clock.
package story
