// SPDX-License-Identifier: Apache-2.0

// Package delta writes and reads the table by which an agent tells which behaviours are normal for a workload.
//
// It knows nothing of OTLP, of profiles and of what becomes of the table. Reading never takes more memory than the bytes that are read.
package delta
