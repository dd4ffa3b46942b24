// SPDX-License-Identifier: Apache-2.0

// Package k8senrichprocessor is the Collector's processor "k8s_enrich": it says of logs, metrics and spans which
// container, pod and workload they are of, and of connections which workload is at the far end.
//
// What is not known yet waits for a bounded time in a bounded queue; then it goes on, marked. The processor never
// guesses, never overwrites what a source has said, and never drops a record because it can't tell whose it is.
package k8senrichprocessor
