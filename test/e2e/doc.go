// SPDX-License-Identifier: Apache-2.0

// Package e2e has tests of the distribution on a real Kubernetes: the collector runs as in a DaemonSet, and what
// it writes is compared with what was done. They have the build tag e2e, so that only make e2e runs them.
//
// It never reaches a cluster that exists already; package cluster makes each one.
package e2e
