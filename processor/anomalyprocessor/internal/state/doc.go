// SPDX-License-Identifier: Apache-2.0

// Package state keeps what is known of workloads in a storage of the Collector, so that it is there after a restart.
//
// Of each workload there are two entries: its profile, which is bytes to this package, and its incidents. An index, in pages by a hash of
// the workload, says which there are. What belongs together is written in one batch, and only if it differs from what is there. An entry
// that can't be read is set aside under another key, never overwritten; an entry that was not read yet is left as it is.
//
// It never judges or learns, starts no goroutine, asks no clock, and decides nothing about when to read or write. A Store is not safe for
// concurrent use, apart from Stats.
package state
