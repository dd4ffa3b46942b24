// SPDX-License-Identifier: Apache-2.0

// Package judging is the way that an event of a workload goes: the workload's clock, its profile, what rules say, its incidents. The processor and
// what measures it go the same way, so that what is measured is what runs.
//
// It never reads a record, never finds rules that match, and tells nobody.
package judging
