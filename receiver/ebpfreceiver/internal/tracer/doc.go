// SPDX-License-Identifier: Apache-2.0

// Package tracer describes eBPF tracers and runs them.
//
// A [Spec] is pure data: the object file, its hooks with the ways to attach each, the limits of its
// maps. A [Tracer] is a Spec in the kernel:
//
//	Load → Attach → … → Close
//
// Load and Attach find out by trying what this kernel can do; nothing asks for its version. The
// package never reads an event and knows nothing of what events mean: it hands out the ring buffer
// and the maps.
package tracer
