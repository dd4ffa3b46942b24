// SPDX-License-Identifier: Apache-2.0

// Package customemit writes what other people's programs have recorded and counted as OTLP, as their manifest
// says: records of ring buffers become log records, entries of maps become data points.
//
// Everything that a manifest can get wrong about the types is found when it is compiled, and named by its key.
// What the bytes get wrong later is counted. The package does not know processes and workloads: it tells the
// caller whose something is by the ids that the bytes have. It neither waits nor filters.
package customemit
