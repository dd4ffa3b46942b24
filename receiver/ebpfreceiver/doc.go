// SPDX-License-Identifier: Apache-2.0

// Package ebpfreceiver turns what happens in the Linux kernel into OTLP logs and metrics.
//
// Each tracer is a set of eBPF programs with a ring buffer of its own. Its events walk one way:
//
//	kernel → internal/ring → internal/decode → internal/process → internal/emit → next consumer
//
// The receiver never blocks the kernel or a ring reader for long: what the pipeline doesn't take in
// time is dropped and counted, as is everything else that gets lost on the way.
package ebpfreceiver
