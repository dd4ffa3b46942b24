// SPDX-License-Identifier: Apache-2.0

// Package profile learns what the processes of one workload normally do, and tells how surprising something is, in bits.
//
// A profile is a bounded table of behaviours as a tree: context (who does what kind of thing), then the object, segment by
// segment, each with how often it was seen and how many different things were seen below it. Nothing but hashes and counts is kept.
// The clock is the events' own, so the same events always give the same profile, bit for bit.
//
// A Set holds the profiles of many workloads. It guards each with a lock of its own: whoever acquires a profile owns it until it is
// released. Nothing here starts a goroutine, reads OTLP, or decides what is an incident.
package profile
