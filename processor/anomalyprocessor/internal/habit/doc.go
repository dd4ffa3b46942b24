// SPDX-License-Identifier: Apache-2.0

// Package habit keeps, as text, the few things that policies for a workload are made of: whom it talks to, where it listens, which
// capabilities it uses, what it asks of the kernel that few programs do, and by which labels its pods are chosen.
//
// A table is bounded in entries and bytes, and counts what had no room. It never decides whether something is normal: it keeps the number by
// which a profile knows the behaviour, and how often and when it was seen. Nothing here reads OTLP or starts a goroutine.
package habit
