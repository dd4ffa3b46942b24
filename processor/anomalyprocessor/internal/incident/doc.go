// SPDX-License-Identifier: Apache-2.0

// Package incident links what is surprising in one workload into few incidents, with a score.
//
// It links by process, by ancestry, through files that were written and then executed or read, and between siblings only if both are
// surprising themselves. It is deterministic and bounded. It never learns anything, reads no OTLP, starts no goroutine and keeps no time
// of its own: the clock is the events'.
package incident
