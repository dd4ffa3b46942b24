// SPDX-License-Identifier: Apache-2.0

// Package enrich says of a resource whose pod and workload it is, and of a connection whose is at its far end, by
// what the inventory knows, and writes that down under the names of the semantic conventions.
//
// It never waits, never asks anybody and never overwrites what a resource already says. What it can't tell, it
// marks, with the reason.
package enrich
